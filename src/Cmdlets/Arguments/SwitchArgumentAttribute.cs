using System.Management.Automation;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Cmdlets;

/// <summary>Reads a switch as a person writes it in a table: true, yes, on or 1, and false, no, off or 0, in any case.</summary>
public sealed class SwitchArgumentAttribute : OptionArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Omitted => new SwitchParameter(false);

    /// <inheritdoc/>
    protected override object? Read(object value) => Unwrap(value) switch
    {
        SwitchParameter given => given,
        bool isOn => new SwitchParameter(isOn),
        _ => new SwitchParameter(OptionText.ReadSwitch(Text(value))),
    };
}
