using System.Management.Automation;
using System.Xml;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Lets a parameter for domains take XML too: a text that begins with '&lt;', an XML document of PowerShell's, or a file from the pipeline.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class DomainXmlAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? input = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return input switch
        {
            string text when text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n').StartsWith('<') => Parse(text),
            XmlNode node => Parse(node.OuterXml),
            FileInfo file => VMDomain.OfFile(file.FullName),
            _ => inputData!,
        };
    }

    private static VMDomain Parse(string xml)
    {
        try
        {
            return new VMDomain(LibvirtXml.Domain.Parse(xml.TrimStart('\uFEFF')));
        }
        catch (DomainXmlException exception)
        {
            throw new ArgumentTransformationMetadataException(exception.Message, exception);
        }
    }
}
