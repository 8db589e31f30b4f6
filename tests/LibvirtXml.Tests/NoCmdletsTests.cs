using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>The library is used from C# too, where nobody has cmdlets: its texts say what is wrong, and the cmdlets add what they can do.</summary>
public sealed partial class NoCmdletsTests
{
    [Fact]
    public void No_text_of_the_library_names_a_cmdlet()
    {
        using FileStream file = File.OpenRead(typeof(Domain).Assembly.Location);
        using PEReader image = new(file);
        MetadataReader metadata = image.GetMetadataReader();
        List<string> naming = [];
        UserStringHandle handle = MetadataTokens.UserStringHandle(0);
        while (!(handle = metadata.GetNextHandle(handle)).IsNil)
        {
            string text = metadata.GetUserString(handle);
            if (Cmdlet().IsMatch(text))
            {
                naming.Add(text);
            }
        }

        Assert.Empty(naming);
    }

    [GeneratedRegex(@"\b[A-Z][a-z]+(To)?-(VM|VirtioFs|HugePage|Qemu|CloudHypervisor)")]
    private static partial Regex Cmdlet();
}
