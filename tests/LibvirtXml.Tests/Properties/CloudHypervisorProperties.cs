using CsCheck;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Debian has no Cloud Hypervisor, so its way of reading options stands here as its source has it (option_parser, `split_commas` and `parse`).</summary>
public sealed class CloudHypervisorProperties
{
    [Fact]
    public void Cloud_hypervisor_reads_what_was_meant_or_the_text_is_refused()
    {
        int carried = 0;
        Gen.Select(Texts.Tag, Texts.AnyPath, Texts.Any).Sample(
            (tag, socket, id) =>
            {
                if (Describe(new CloudHypervisorFileSystem { Tag = tag, Socket = socket, Id = id, PciSegment = 1 }) is not string text)
                {
                    return;
                }

                Interlocked.Increment(ref carried);
                Dictionary<string, string> read = Read(text);
                Assert.Equal((tag, socket, id), (read["tag"], read["socket"], read["id"]));
                Assert.Equal(("1", "1024", "1", 6), (read["num_queues"], read["queue_size"], read["pci_segment"], read.Count));
            },
            iter: 5_000);
        Assert.True(carried > 500, $"Only {carried} texts were carried.");
    }

    [Theory]
    [InlineData("[")]
    [InlineData("a]b[")]
    [InlineData("a ")]
    [InlineData("\u00A0a")]
    [InlineData("a\"b")]
    public void What_its_parser_would_take_for_another_text_is_refused(string tag) =>
        Assert.Equal("InvalidOptionText", Assert.Throws<DomainRuleException>(() => CloudHypervisorArguments.Describe(new CloudHypervisorFileSystem { Tag = tag, Socket = "/s" })).ErrorId);

    private static string? Describe(CloudHypervisorFileSystem device)
    {
        try
        {
            return CloudHypervisorArguments.Describe(device);
        }
        catch (DomainRuleException exception) when (exception.ErrorId == "InvalidOptionText")
        {
            return null;
        }
    }

    private static Dictionary<string, string> Read(string text)
    {
        List<string> options = [string.Empty];
        int brackets = 0;
        bool isQuoted = false;
        foreach (char letter in text.Trim())
        {
            brackets += letter == '[' ? 1 : letter == ']' ? -1 : 0;
            Assert.True(brackets >= 0, text);
            isQuoted ^= letter == '"';
            if (letter == ',' && brackets == 0 && !isQuoted)
            {
                options.Add(string.Empty);
            }
            else if (letter != '"')
            {
                options[^1] += letter;
            }
        }

        Assert.True(brackets == 0 && !isQuoted, text);
        return options.Select(option => option.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim());
    }
}
