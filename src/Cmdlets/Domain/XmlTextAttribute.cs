using System.Management.Automation;
using System.Xml;

namespace VirtioFs.Cmdlets;

/// <summary>Takes a text, or an XML document of PowerShell's, and nothing else: a file from the pipeline is a path, not a text.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class XmlTextAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? input = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return input switch
        {
            string text => text,
            XmlNode node => node.OuterXml,
            _ => throw new ArgumentTransformationMetadataException($"'{input}' is not XML as a text. Pass one text, for example from Get-Content -Raw."),
        };
    }
}
