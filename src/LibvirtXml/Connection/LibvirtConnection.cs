using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// A connection to libvirt. Calls block until the daemon answers; they may come from several threads. Close it with
/// <see cref="Dispose"/>.
/// </summary>
public sealed unsafe class LibvirtConnection : IDisposable
{
    private const uint DefineValidate = 1;
    private const uint StartValidate = 1 << 4;
    private const uint AllocPagesSet = 1;

    private LibvirtConnection(ConnectionHandle handle, string uri, bool isReadOnly)
    {
        Handle = handle;
        Uri = uri;
        IsReadOnly = isReadOnly;
    }

    /// <summary>The connection's URI as libvirt has resolved it.</summary>
    public string Uri { get; }

    /// <summary>Whether the connection was opened for reading only.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Whether QEMU's sockets and the host's memory are on this machine, so that they can be looked at.</summary>
    public bool IsLocal => Uri.Contains(":///", StringComparison.Ordinal);

    /// <summary>Whether the daemon still answers.</summary>
    public bool IsAlive => !Handle.IsClosed && LibvirtNative.ConnectIsAlive(Handle) == 1;

    /// <summary>libvirt's name of the driver, such as <c>QEMU</c> or <c>TEST</c>.</summary>
    public string? HypervisorType => Marshal.PtrToStringUTF8((nint)LibvirtNative.ConnectGetHypervisorType(Handle));

    internal ConnectionHandle Handle { get; }

    /// <summary>Opens a connection.</summary>
    /// <param name="uri">A URI such as <c>qemu:///system</c>; null for libvirt's default.</param>
    /// <param name="readOnly">Whether to open it for reading only.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="LibvirtUnavailableException">The libvirt library is not there.</exception>
    /// <exception cref="LibvirtException">The connection cannot be opened.</exception>
    public static LibvirtConnection Open(string? uri = null, bool readOnly = false)
    {
        LibvirtLibrary.Load();
        ConnectionHandle handle = readOnly ? LibvirtNative.ConnectOpenReadOnly(uri) : LibvirtNative.ConnectOpen(uri);
        if (handle.IsInvalid)
        {
            throw LibvirtErrors.Take($"There is no connection to {uri ?? "libvirt's default URI"}", uri, isOpening: true);
        }

        string resolved = LibvirtNative.TakeString(LibvirtNative.ConnectGetUri(handle)) ?? uri ?? string.Empty;
        return new LibvirtConnection(handle, resolved, readOnly);
    }

    /// <summary>The version of libvirt at the other end.</summary>
    /// <returns>The version.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public Version GetLibvirtVersion()
    {
        Require(LibvirtNative.ConnectGetLibraryVersion(Handle, out CULong version), "The version of libvirt cannot be read");
        return LibvirtLibrary.ToVersion(version);
    }

    /// <summary>The version of the hypervisor.</summary>
    /// <returns>The version.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public Version GetHypervisorVersion()
    {
        Require(LibvirtNative.ConnectGetVersion(Handle, out CULong version), "The version of the hypervisor cannot be read");
        return LibvirtLibrary.ToVersion(version);
    }

    /// <summary>What the host and its hypervisor can do.</summary>
    /// <returns>A text with a <c>&lt;capabilities&gt;</c> element.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public string GetCapabilities() =>
        LibvirtNative.TakeString(LibvirtNative.ConnectGetCapabilities(Handle)) ?? throw Failure("The capabilities of the host cannot be read");

    /// <summary>All domains, running or not, in the order of their names.</summary>
    /// <returns>The domains; dispose of each.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public IReadOnlyList<LibvirtDomain> ListDomains()
    {
        int count = LibvirtNative.ConnectListAllDomains(Handle, out nint* pointers, 0);
        Require(count, "The domains cannot be listed");
        LibvirtDomain[] domains = new LibvirtDomain[count];
        for (int index = 0; index < count; index++)
        {
            domains[index] = new LibvirtDomain(this, DomainHandle.Own(pointers[index]));
        }

        NativeMemory.Free(pointers);
        return [.. domains.OrderBy(domain => domain.Name, StringComparer.Ordinal)];
    }

    /// <summary>Finds a domain.</summary>
    /// <param name="nameOrUuid">Its name, or else its UUID.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="LibvirtException">There is no such domain, or libvirt reports an error.</exception>
    public LibvirtDomain GetDomain(string nameOrUuid)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrUuid);
        DomainHandle handle = LibvirtNative.DomainLookupByName(Handle, nameOrUuid);
        if (handle.IsInvalid && Guid.TryParse(nameOrUuid, out Guid uuid))
        {
            handle = LibvirtNative.DomainLookupByUuid(Handle, uuid.ToString());
        }

        return handle.IsInvalid ? throw Failure($"The domain '{nameOrUuid}' was not found at {Uri}") : new LibvirtDomain(this, handle);
    }

    /// <summary>Defines a domain, or changes the definition of the one with the same name and UUID.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="validate">Whether libvirt holds the XML against its schema first.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="LibvirtException">libvirt refuses; nothing was changed.</exception>
    public LibvirtDomain Define(Domain domain, bool validate = true)
    {
        ArgumentNullException.ThrowIfNull(domain);
        DomainHandle handle = LibvirtNative.DomainDefine(Handle, domain.Xml, validate ? DefineValidate : 0);
        return handle.IsInvalid ? throw Failure($"The domain '{domain}' cannot be defined") : new LibvirtDomain(this, handle);
    }

    /// <summary>Starts a domain that exists only while it runs.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="validate">Whether libvirt holds the XML against its schema first.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public LibvirtDomain StartTransient(Domain domain, bool validate = true)
    {
        ArgumentNullException.ThrowIfNull(domain);
        DomainHandle handle = LibvirtNative.DomainCreateTransient(Handle, domain.Xml, validate ? StartValidate : 0);
        return handle.IsInvalid ? throw Failure($"The domain '{domain}' cannot be started") : new LibvirtDomain(this, handle);
    }

    /// <summary>How many pages of a size are free on a NUMA node of the host.</summary>
    /// <param name="pageSize">The page size, a multiple of 1 KiB.</param>
    /// <param name="node">The node; -1 for the whole host.</param>
    /// <returns>The number of free pages.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public long GetFreePages(ByteSize pageSize, int node = -1)
    {
        uint size = checked((uint)(pageSize.Bytes / 1024));
        ulong count = 0;
        Require(
            LibvirtNative.NodeGetFreePages(Handle, 1, &size, node, 1, &count, 0),
            $"The free pages of {pageSize} cannot be counted");
        return (long)count;
    }

    /// <summary>Sizes a pool of hugepages of the host.</summary>
    /// <param name="pageSize">The page size, a multiple of 1 KiB.</param>
    /// <param name="count">The pool's new size in pages, or how many to add.</param>
    /// <param name="add">Whether <paramref name="count"/> is added.</param>
    /// <param name="node">The node; -1 for the whole host.</param>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public void AllocatePages(ByteSize pageSize, long count, bool add = false, int node = -1)
    {
        uint size = checked((uint)(pageSize.Bytes / 1024));
        ulong pages = checked((ulong)count);
        Require(
            LibvirtNative.NodeAllocPages(Handle, 1, &size, &pages, node, 1, add ? 0 : AllocPagesSet),
            $"The pool of {pageSize} pages cannot be sized");
    }

    /// <summary>Closes the connection; domains that are still held keep it open until they are disposed of.</summary>
    public void Dispose() => Handle.Dispose();

    /// <summary>The URI.</summary>
    /// <returns>A text such as <c>qemu:///system</c>.</returns>
    public override string ToString() => Uri;

    internal LibvirtException Failure(string whatFailed) => LibvirtErrors.Take(whatFailed, Uri);

    internal void Require(int result, string whatFails)
    {
        if (result < 0)
        {
            throw Failure(whatFails);
        }
    }
}
