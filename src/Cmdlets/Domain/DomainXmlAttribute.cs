using System.Management.Automation;
using System.Xml;
using System.Xml.Linq;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Lets a parameter for domains take what stands for one too: XML as a text, line by line or as a document of .NET's, a path, a file, an
/// object of this module that was read from a domain, one that came back over remoting, and a row that names a domain. The cmdlet itself
/// reads it, so that a fault in it is the cmdlet's error.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class DomainXmlAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] RowTypes =
    [
        "System.Management.Automation.PSCustomObject", "Selected.System.Management.Automation.PSCustomObject", "Selected.VirtioFs.Cmdlets.VMDomain", "VirtioFs.Cmdlets.VMDomain",
    ];

    /// <summary>Before the type that a table of Export-Csv -IncludeTypeInformation names.</summary>
    private const string TableMark = "CSV:";

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? input = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return input switch
        {
            string text => VMDomain.OfText(text),
            XmlNode node => VMDomain.OfText(node.OuterXml),
            XNode node => VMDomain.OfText(node.ToString(SaveOptions.DisableFormatting)),
            FileInfo file => VMDomain.OfFile(file.FullName),
            VMMemoryBacking memory => VMDomain.OfOrigin(memory.Origin),
            VMMemoryTest test => VMDomain.OfOrigin(test.Origin),
            PSCustomObject when inputData is PSObject row => (object?)OfRow(row) ?? inputData,
            _ => inputData!,
        };
    }

    // Other objects have names too: a process, a file or a service must not stand for the domain that happens to be called so.
    private static VMDomain? OfRow(PSObject row)
    {
        string type = row.TypeNames.FirstOrDefault() ?? string.Empty;
        string? connection = Text(row, "Connection");
        if (type == $"Deserialized.{typeof(VMDomain).FullName}")
        {
            return Text(row, "Xml") is string xml ? VMDomain.OfText(xml, connection) : null;
        }

        string rowType = type.StartsWith(TableMark, StringComparison.Ordinal) ? type[TableMark.Length..] : type;
        if (!RowTypes.Contains(rowType))
        {
            return null;
        }

        // A UUID that is none would leave the name alone to say which domain is meant.
        string? name = Text(row, "Name") ?? Text(row, "DomainName");
        string? written = Text(row, "Uuid");
        bool isUnderstood = Guid.TryParse(written, out Guid uuid) || written is null;
        return !isUnderstood || (name ?? written) is null ? null : VMDomain.OfIdentity(new DomainIdentity(name, written is null ? null : uuid, connection));
    }

    private static string? Text(PSObject row, string property) =>
        LanguagePrimitives.ConvertTo<string>(row.Properties[property]?.Value) is { Length: > 0 } text ? text : null;
}
