using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.Cmdlets;

/// <summary>Tells how many hugepages domains need and whether the host has them.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "HugePagePool", DefaultParameterSetName = NameSet)]
[OutputType(typeof(HugePageAdvice))]
public sealed class MeasureHugePagePoolCommand : SelectingCmdlet
{
    /// <summary>The page size to reckon with when a domain names none.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(HugePageSizeCompleter))]
    public ByteSize? Size { get; set; }

    private protected override void Process(DomainTarget target) =>
        Try(target.Definition.Name, () => WriteObject(new HugePages().Measure(target.Definition, Size).Select(WithCommand), enumerateCollection: true));

    private static HugePageAdvice WithCommand(HugePageAdvice advice) => advice.Missing == 0
        ? advice
        : advice with { Message = $"{advice.Message} Set-HugePagePool -Size {advice.PageSize} -Count {advice.PoolSize} does that." };
}
