using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.Connection.Native;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Errors tell their kind, so that no caller has to know each id.</summary>
public sealed class ErrorKindTests
{
    private static readonly Domain Plain = Domain.Parse("<domain><name>a</name><memory unit='GiB'>1</memory><devices/></domain>");

    public static TheoryData<string, ErrorKind, Action> Failures => new()
    {
        { "MalformedXml", ErrorKind.InvalidData, () => Domain.Parse("<domain>") },
        { "NotADomain", ErrorKind.InvalidData, () => Domain.Parse("<network/>") },
        { "FileSystemNotFound", ErrorKind.NotFound, () => Plain.GetFileSystem("none") },
        { "TagTooLong", ErrorKind.InvalidArgument, () => Plain.Copy().AddFileSystem(new FileSystem { Tag = new string('x', 37), SourceDirectory = "/srv" }) },
        { "DuplicateTag", ErrorKind.AlreadyExists, () => AddTwice(Plain.Copy()) },
        { "SocketMissing", ErrorKind.NotFound, () => SocketListener.Require("/nowhere/s.sock") },
        { "LibvirtUnavailable", ErrorKind.NotInstalled, () => LibvirtLibrary.Load("libvirt-of-nowhere.so.0") },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public void An_error_has_an_id_and_a_kind(string errorId, ErrorKind kind, Action failing)
    {
        LibvirtXmlException exception = Assert.ThrowsAny<LibvirtXmlException>(failing);

        Assert.Equal((errorId, kind), (exception.ErrorId, exception.Kind));
    }

    private static void AddTwice(Domain domain)
    {
        domain.AddFileSystem(new FileSystem { Tag = "t", SourceDirectory = "/srv" });
        domain.AddFileSystem(new FileSystem { Tag = "t", SourceDirectory = "/opt" });
    }
}
