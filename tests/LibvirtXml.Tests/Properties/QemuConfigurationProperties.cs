using CsCheck;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class QemuConfigurationProperties
{
    private const string Single = "memory_backing_dir", Several = "hugetlbfs_mount";

    private static readonly string[] Pieces =
    [
        Single, Several, "other", " = ", "=", "\n", "\r\n", "\n", ";", "#", "# ", "#" + Single + " = \"/example\"\n", "\"", "'", "\"\"\"", "[", "]", ", ", ",", "1", "-5", "/a", "\"/a\"", "'/b'",
        "\"\"\"/c\nd\"\"\"", "[\"/x\", '/y']", "[\n \"/x\",\n]", " ", "\t", "\"\"", Single + " = \"/first\"\n", Several + " = ['/m']\n", Single + " = '/next'; ", "é",
    ];

    private static readonly Gen<string> File = Gen.OneOf(Pieces).Array[0, 14].Select(string.Concat);

    [Fact]
    public void A_file_reads_as_libvirt_reads_it_or_is_refused_as_libvirt_refuses_it()
    {
        LibvirtConf.Require();
        using TemporaryFolder folder = new();
        File.Sample(
            text =>
            {
                (bool isAccepted, string[]? single) = LibvirtConf.Read(text, Single, mayBeList: false);
                (bool isAcceptedToo, string[]? several) = LibvirtConf.Read(text, Several, mayBeList: true);
                // libvirt refuses a file of blanks alone, which is no reason not to put the first setting into it.
                if (text.Length > 0 && string.IsNullOrWhiteSpace(text))
                {
                    return;
                }

                QemuConfiguration? read = Load(folder, text);
                Assert.Equal(isAccepted && isAcceptedToo, read is not null);
                Assert.Equal(single is null ? null : single[0], read is null ? single?[0] : read.MemoryBackingDirectory);
                Assert.Equal(several, read is null ? several : read.HugetlbfsMounts);
            },
            iter: 1_500,
            threads: 1);
    }

    [Fact]
    public void What_is_set_libvirt_reads_and_what_is_unset_it_does_not()
    {
        LibvirtConf.Require();
        using TemporaryFolder folder = new();
        Gen.Select(File, Texts.AnyPath, Texts.AnyPath.Array[0, 3]).Sample(
            (text, directory, mounts) =>
            {
                if (Load(folder, text) is not QemuConfiguration configuration)
                {
                    return;
                }

                bool isCarried = TrySet(() => configuration.SetMemoryBackingDirectory(directory));
                bool areCarried = TrySet(() => configuration.SetHugetlbfsMounts(mounts));
                if (isCarried)
                {
                    Assert.Equal((true, directory), (true, LibvirtConf.Read(configuration.Text, Single, mayBeList: false).Strings?[0]));
                }

                if (areCarried)
                {
                    Assert.Equal(mounts, LibvirtConf.Read(configuration.Text, Several, mayBeList: true).Strings);
                }

                configuration.SetMemoryBackingDirectory(null);
                configuration.SetHugetlbfsMounts(null);
                Assert.Equal((true, null), LibvirtConf.Read(configuration.Text, Single, mayBeList: false));
                Assert.Equal((true, null), LibvirtConf.Read(configuration.Text, Several, mayBeList: true));
            },
            iter: 1_500,
            threads: 1);
    }

    private static QemuConfiguration? Load(TemporaryFolder folder, string text)
    {
        try
        {
            return QemuConfiguration.Load(folder.Write("qemu.conf", text));
        }
        catch (HostMemoryException exception) when (exception.ErrorId == "QemuConfigurationMalformed")
        {
            return null;
        }
    }

    private static bool TrySet(Action set)
    {
        try
        {
            set();
            return true;
        }
        catch (HostMemoryException exception) when (exception.ErrorId == "InvalidPath")
        {
            return false;
        }
    }
}
