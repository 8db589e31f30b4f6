using System.Diagnostics;
using System.Runtime.InteropServices;
using VirtioFs.LibvirtXml.Connection.Native;

namespace VirtioFs.LibvirtXml.Connection;

/// <summary>
/// A connection to libvirt. Each call ends within <see cref="Limits"/> or when its token is cancelled; calls may come from several
/// threads. A connection that was lost is opened again by the next call, and a call that only reads is repeated once. Close it with
/// <see cref="Dispose"/>.
/// </summary>
public sealed unsafe class LibvirtConnection : IDisposable
{
    private const uint DefineValidate = 1;
    private const uint StartValidate = 1 << 4;
    private const uint AllocPagesSet = 1;

    private const string ChangeTimeoutAdvice = "libvirt may carry it out all the same: look at the domain before you repeat it.";
    private const string ReadTimeoutAdvice = "Check that the daemon answers, for example with virsh.";

    private readonly ConnectionLink _link;
    private readonly bool _isOwner;
    private readonly CancellationToken _cancellationToken;

    internal LibvirtConnection(ConnectionLink link, bool isOwner, LibvirtLimits limits, CancellationToken cancellationToken)
    {
        _link = link;
        _isOwner = isOwner;
        _cancellationToken = cancellationToken;
        Limits = limits;
    }

    /// <summary>The connection's URI as libvirt has resolved it.</summary>
    public string Uri => _link.Uri;

    /// <summary>How long calls may take.</summary>
    public LibvirtLimits Limits { get; }

    /// <summary>Whether the connection was opened for reading only.</summary>
    public bool IsReadOnly => _link.IsReadOnly;

    /// <summary>Whether QEMU's sockets and the host's memory are on this machine, so that they can be looked at.</summary>
    public bool IsLocal => Uri.Contains(":///", StringComparison.Ordinal);

    /// <summary>Whether the connection is open as far as this end knows; the daemon is not asked.</summary>
    public bool IsAlive => _link.IsAlive;

    /// <summary>libvirt's name of the driver, such as <c>QEMU</c> or <c>TEST</c>.</summary>
    public string? HypervisorType => Read(
        "The driver's name cannot be read",
        connection => Marshal.PtrToStringUTF8((nint)LibvirtNative.ConnectGetHypervisorType(connection)));

    /// <summary>Opens a connection.</summary>
    /// <param name="uri">A URI such as <c>qemu:///system</c>; null for libvirt's default.</param>
    /// <param name="readOnly">Whether to open it for reading only.</param>
    /// <param name="limits">How long calls may take; null for <see cref="LibvirtLimits.FromEnvironment"/>.</param>
    /// <param name="cancellationToken">Ends the wait, and each later call on the connection.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="LibvirtUnavailableException">The libvirt library is not there.</exception>
    /// <exception cref="LibvirtException">The connection cannot be opened, or not within the limit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static LibvirtConnection Open(
        string? uri = null, bool readOnly = false, LibvirtLimits? limits = null, CancellationToken cancellationToken = default)
    {
        LibvirtLibrary.Load();
        limits ??= LibvirtLimits.FromEnvironment();
        ConnectionLink link = new(uri, readOnly);
        try
        {
            link.Open(limits.Open, cancellationToken);
            return new LibvirtConnection(link, isOwner: true, limits, cancellationToken);
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>The same connection, whose calls end when another token is cancelled. It stays open when this one is disposed of.</summary>
    /// <param name="cancellationToken">Ends the calls.</param>
    /// <returns>The connection.</returns>
    public LibvirtConnection WithCancellation(CancellationToken cancellationToken) => new(_link, isOwner: false, Limits, cancellationToken);

    /// <summary>The version of libvirt at the other end.</summary>
    /// <returns>The version.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public Version GetLibvirtVersion() => Read("The version of libvirt cannot be read", connection =>
    {
        Require(connection, LibvirtNative.ConnectGetLibraryVersion(connection, out CULong version), "The version of libvirt cannot be read");
        return LibvirtLibrary.ToVersion(version);
    });

    /// <summary>The version of the hypervisor.</summary>
    /// <returns>The version.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public Version GetHypervisorVersion() => Read("The version of the hypervisor cannot be read", connection =>
    {
        Require(connection, LibvirtNative.ConnectGetVersion(connection, out CULong version), "The version of the hypervisor cannot be read");
        return LibvirtLibrary.ToVersion(version);
    });

    /// <summary>What the host and its hypervisor can do.</summary>
    /// <returns>A text with a <c>&lt;capabilities&gt;</c> element.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public string GetCapabilities()
    {
        const string WhatFails = "The capabilities of the host cannot be read";
        return Read(WhatFails, connection => LibvirtNative.TakeString(LibvirtNative.ConnectGetCapabilities(connection)) ?? throw Failure(connection, WhatFails));
    }

    /// <summary>All domains, running or not, in the order of their names.</summary>
    /// <returns>The domains; dispose of each.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public IReadOnlyList<LibvirtDomain> ListDomains()
    {
        const string WhatFails = "The domains cannot be listed";
        DomainHandle[] handles = Read(
            WhatFails,
            connection =>
            {
                int count = LibvirtNative.ConnectListAllDomains(connection, out nint* pointers, 0);
                Require(connection, count, WhatFails);
                DomainHandle[] found = new DomainHandle[count];
                for (int index = 0; index < count; index++)
                {
                    found[index] = DomainHandle.Own(connection, pointers[index]);
                }

                NativeMemory.Free(pointers);
                return found;
            },
            found => Array.ForEach(found, handle => handle.Dispose()));
        return [.. handles.Select(handle => new LibvirtDomain(this, handle)).OrderBy(domain => domain.Name, StringComparer.Ordinal)];
    }

    /// <summary>Finds a domain by what a person writes.</summary>
    /// <param name="nameOrUuid">Its name, or else its UUID.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="LibvirtException">There is no such domain, or libvirt reports an error.</exception>
    public LibvirtDomain GetDomain(string nameOrUuid)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrUuid);
        return Find($"The domain '{nameOrUuid}' was not found at {Uri}", connection =>
        {
            nint pointer = LibvirtNative.DomainLookupByName(connection, nameOrUuid);
            return pointer == 0 && Guid.TryParse(nameOrUuid, out Guid uuid) ? LibvirtNative.DomainLookupByUuid(connection, uuid.ToString()) : pointer;
        });
    }

    /// <summary>Finds a domain by its name and nothing else.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="LibvirtException">There is no such domain, or libvirt reports an error.</exception>
    public LibvirtDomain GetDomainByName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Find($"The domain '{name}' was not found at {Uri}", connection => LibvirtNative.DomainLookupByName(connection, name));
    }

    /// <summary>Finds a domain by its identity. Its name may be another one by now.</summary>
    /// <param name="uuid">Its UUID.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="LibvirtException">There is no such domain, or libvirt reports an error.</exception>
    public LibvirtDomain GetDomain(Guid uuid) =>
        Find($"The domain with the UUID {uuid} was not found at {Uri}", connection => LibvirtNative.DomainLookupByUuid(connection, uuid.ToString()));

    /// <summary>Defines a domain, or changes the definition of the one with the same name and UUID.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="validate">Whether libvirt holds the XML against its schema first.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="DomainRuleException">A mask stands in the place of a password.</exception>
    /// <exception cref="LibvirtException">libvirt refuses; nothing was changed.</exception>
    public LibvirtDomain Define(Domain domain, bool validate = true)
    {
        ArgumentNullException.ThrowIfNull(domain);
        string xml = domain.XmlForLibvirt();
        return Make($"The domain '{domain}' cannot be defined", connection => LibvirtNative.DomainDefine(connection, xml, validate ? DefineValidate : 0));
    }

    /// <summary>Starts a domain that exists only while it runs.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="validate">Whether libvirt holds the XML against its schema first.</param>
    /// <returns>The domain; dispose of it.</returns>
    /// <exception cref="DomainRuleException">A mask stands in the place of a password.</exception>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public LibvirtDomain StartTransient(Domain domain, bool validate = true)
    {
        ArgumentNullException.ThrowIfNull(domain);
        string xml = domain.XmlForLibvirt();
        return Make($"The domain '{domain}' cannot be started", connection => LibvirtNative.DomainCreateTransient(connection, xml, validate ? StartValidate : 0));
    }

    /// <summary>How many pages of a size are free on a NUMA node of the host.</summary>
    /// <param name="pageSize">The page size, a multiple of 1 KiB.</param>
    /// <param name="node">The node; -1 for the whole host.</param>
    /// <returns>The number of free pages.</returns>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public long GetFreePages(ByteSize pageSize, int node = -1)
    {
        uint size = checked((uint)(pageSize.Bytes / 1024));
        string whatFails = $"The free pages of {pageSize} cannot be counted";
        return Read(whatFails, connection =>
        {
            uint asked = size;
            ulong count = 0;
            Require(connection, LibvirtNative.NodeGetFreePages(connection, 1, &asked, node, 1, &count, 0), whatFails);
            return (long)count;
        });
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
        string whatFails = $"The pool of {pageSize} pages cannot be sized";
        Change(whatFails, connection =>
        {
            uint asked = size;
            ulong wanted = pages;
            int result = LibvirtNative.NodeAllocPages(connection, 1, &asked, &wanted, node, 1, add ? 0 : AllocPagesSet);
            Require(connection, result, whatFails);
            return result;
        });
    }

    /// <summary>Closes the connection, and does not wait for the daemon; domains that are still held keep it open until they are disposed of.</summary>
    public void Dispose()
    {
        if (_isOwner)
        {
            _link.Dispose();
        }
    }

    /// <summary>The URI.</summary>
    /// <returns>A text such as <c>qemu:///system</c>.</returns>
    public override string ToString() => Uri;

    /// <summary>Waits, unless the calls of this connection are cancelled.</summary>
    /// <exception cref="OperationCanceledException">They were.</exception>
    internal void Pause(TimeSpan time)
    {
        _cancellationToken.WaitHandle.WaitOne(time);
        _cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Makes a call that changes nothing. Where the connection was lost, it is opened again and the call repeated once.</summary>
    internal T Read<T>(string whatFails, Func<ConnectionHandle, T> call, Action<T>? discard = null)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            return Run(Take(), whatFails, call, discard, Limits.Read, ReadTimeoutAdvice);
        }
        catch (LibvirtException exception) when (exception.IsConnectionLost && Stopwatch.GetElapsedTime(start) < Limits.Read)
        {
            return Run(Take(), whatFails, call, discard, Limits.Read, ReadTimeoutAdvice);
        }
    }

    /// <summary>
    /// Makes a call that changes something, which is never repeated: nobody knows whether one that got no answer took effect. So the
    /// daemon is asked something harmless first, and a connection that it has closed is opened again before the change.
    /// </summary>
    internal T Change<T>(string whatFails, Func<ConnectionHandle, T> call, Action<T>? discard = null)
    {
        while (true)
        {
            ConnectionHandle knocked = Read(whatFails, connection =>
            {
                Require(connection, LibvirtNative.ConnectGetLibraryVersion(connection, out _), whatFails);
                return connection;
            });
            if (knocked.TryTake())
            {
                return Run(knocked, whatFails, call, discard, Limits.Change, ChangeTimeoutAdvice);
            }
        }
    }

    internal LibvirtException Failure(ConnectionHandle connection, string whatFailed) => LibvirtErrors.Take(whatFailed, Uri, handle: connection);

    internal void Require(ConnectionHandle connection, int result, string whatFails)
    {
        if (result < 0)
        {
            throw Failure(connection, whatFails);
        }
    }

    private LibvirtDomain Find(string whatFails, Func<ConnectionHandle, nint> call) =>
        new(this, Read(whatFails, connection => Own(connection, call(connection), whatFails), handle => handle.Dispose()));

    private LibvirtDomain Make(string whatFails, Func<ConnectionHandle, nint> call) =>
        new(this, Change(whatFails, connection => Own(connection, call(connection), whatFails), handle => handle.Dispose()));

    private DomainHandle Own(ConnectionHandle connection, nint pointer, string whatFails) =>
        pointer == 0 ? throw Failure(connection, whatFails) : DomainHandle.Own(connection, pointer);

    private ConnectionHandle Take() => _link.Take(Limits.Open, _cancellationToken);

    /// <summary>Makes a call on a connection that was taken for it. It is given back when the call ends, also when nobody waits for that any longer.</summary>
    private T Run<T>(ConnectionHandle connection, string whatFails, Func<ConnectionHandle, T> call, Action<T>? discard, TimeSpan limit, string advice)
    {
        if (_cancellationToken.IsCancellationRequested)
        {
            connection.Return();
            _cancellationToken.ThrowIfCancellationRequested();
        }

        try
        {
            return BlockingCall.Run(Call, discard, limit, () => LibvirtErrors.TimedOut(whatFails, limit, advice), _cancellationToken);
        }
        catch (LibvirtException exception) when (exception.IsConnectionLost || exception.Kind == ErrorKind.Timeout)
        {
            connection.GiveUp();
            throw;
        }

        T Call()
        {
            try
            {
                return call(connection);
            }
            finally
            {
                connection.Return();
            }
        }
    }
}
