using System.Text;
using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Quotas;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>How a directory is shared.</summary>
public sealed record ShareOptions
{
    /// <summary>The longest tag in bytes of UTF-8 (<c>struct virtio_fs_config</c>, <c>linux/virtio_fs.h</c>).</summary>
    public const int MaximumTagLength = DeviceConfiguration.MaximumTagLength;

    /// <summary>The most request queues that can be offered.</summary>
    public const int MaximumRequestQueues = 64;

    /// <summary>The most entries that a split ring can have (virtio 1.2 §2.7).</summary>
    public const int MaximumQueueSize = 32768;

    /// <summary>The longest time that a worker polls for, in microseconds.</summary>
    public const int MaximumPollMicroseconds = 1000;

    /// <summary>The most threads for requests that block.</summary>
    public const int MaximumBlockingThreads = RequestQuotas.MostThreads;

    /// <summary>The directory on the host; or a regular file, see <c>SingleFileFileSystem</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The name that the guest mounts it by: 1 to 36 bytes of UTF-8.</summary>
    public required string Tag { get; init; }

    /// <summary>
    /// Whether the device offers its configuration space, and with it the tag. False where the front end brings a tag of its own, as QEMU
    /// does: then <see cref="Tag"/> only names the share here, and can be any text.
    /// </summary>
    public bool OffersTag { get; init; } = true;

    /// <summary>Where the front end connects: a path of at most 107 bytes, in a directory that exists.</summary>
    public required string SocketPath { get; init; }

    /// <summary>The group that the socket is given to; null leaves it to the system.</summary>
    public uint? SocketGroupId { get; init; }

    /// <summary>
    /// The socket's permission. Connecting needs the right to write. Null: read and write for the owner, and for the group where
    /// <see cref="SocketGroupId"/> is given.
    /// </summary>
    public UnixFileMode? SocketMode { get; init; }

    /// <summary>
    /// The most request queues that a front end may use, from 1 to <see cref="MaximumRequestQueues"/>; unused ones cost nothing.
    /// QEMU refuses a device whose <c>num-request-queues</c> is more.
    /// </summary>
    public int RequestQueues { get; init; } = 8;

    /// <summary>The most entries that a ring may have: a power of two, from 2 to <see cref="MaximumQueueSize"/>.</summary>
    public int QueueSize { get; init; } = 1024;

    /// <summary>
    /// The longest time in microseconds that a worker watches a dry ring before it sleeps; it adapts below that. 0 switches
    /// polling off: less processor time, more latency.
    /// </summary>
    public int PollMicroseconds { get; init; } = 50;

    /// <summary>Threads for requests that block on the host's disks while others wait, from 1 to <see cref="MaximumBlockingThreads"/>.</summary>
    public int BlockingThreads { get; init; } = 4;

    /// <summary>Whether the threads that answer the guest are confined; see <see cref="Share.Jail"/> for what came of it.</summary>
    public JailUse Jail { get; init; }

    /// <summary>How the directory is passed on to the guest.</summary>
    public PassthroughOptions FileSystem { get; init; } = new();

    /// <summary>
    /// A socket that listens already, in place of one made at <see cref="SocketPath"/>, which then only names it. The share owns
    /// it from <see cref="Share.Start(ShareOptions)"/> on, also when that fails.
    /// </summary>
    public int? ListenDescriptor { get; init; }

    /// <summary>Checks what can be checked without looking at the system.</summary>
    /// <exception cref="ArgumentException">An option has no sense; the message says which, and what it may be.</exception>
    public void Validate()
    {
        Require(!string.IsNullOrEmpty(Path), nameof(Path), "A share needs the path of a directory.");
        Require(!Path.Contains('\0', StringComparison.Ordinal), nameof(Path), "The path of a share cannot contain a NUL character.");
        if (OffersTag)
        {
            ValidateTag(Tag);
        }

        ValidateSocketPath(SocketPath);
        FileSystem.Check();
        Require(
            RequestQueues is >= 1 and <= MaximumRequestQueues,
            nameof(RequestQueues),
            $"A share can offer 1 to {MaximumRequestQueues} request queues; {RequestQueues} is not possible.");
        Require(
            QueueSize is >= 2 and <= MaximumQueueSize && int.IsPow2(QueueSize),
            nameof(QueueSize),
            $"A queue size must be a power of two from 2 to {MaximumQueueSize}; {QueueSize} is not.");
        Require(
            PollMicroseconds is >= 0 and <= MaximumPollMicroseconds,
            nameof(PollMicroseconds),
            $"A worker can poll for 0 to {MaximumPollMicroseconds} microseconds; {PollMicroseconds} is not possible.");
        Require(
            BlockingThreads is >= 1 and <= MaximumBlockingThreads,
            nameof(BlockingThreads),
            $"A share can have 1 to {MaximumBlockingThreads} threads for blocking requests; {BlockingThreads} is not possible.");
        Require(Enum.IsDefined(Jail), nameof(Jail), $"There is no jail '{Jail}'; it is Available, Required or None.");
        Require(
            ListenDescriptor is null or >= 0,
            nameof(ListenDescriptor),
            $"A listening socket's descriptor cannot be negative; {ListenDescriptor} is.");
        Require(
            ListenDescriptor is null || (SocketGroupId is null && SocketMode is null),
            nameof(ListenDescriptor),
            "Group and permission belong to a socket that the share makes; a socket that listens already has its own.");
    }

    private static void ValidateTag(string tag)
    {
        Require(!string.IsNullOrEmpty(tag), nameof(Tag), "A share needs a tag, by which the guest mounts it.");
        int length = Encoding.UTF8.GetByteCount(tag);
        Require(
            length <= MaximumTagLength,
            nameof(Tag),
            $"The tag '{tag}' has {length} bytes in UTF-8; a tag can have at most {MaximumTagLength}.");
        Require(
            !tag.Any(char.IsControl),
            nameof(Tag),
            "A tag cannot contain control characters.");
    }

    private static void ValidateSocketPath(string path)
    {
        Require(!string.IsNullOrEmpty(path), nameof(SocketPath), "A share needs the path of a socket.");
        Require(!path.Contains('\0', StringComparison.Ordinal), nameof(SocketPath), "The path of a socket cannot contain a NUL character.");
        int length = Encoding.UTF8.GetByteCount(System.IO.Path.GetFullPath(path));
        Require(
            length <= UnixSocket.MaximumPathLength,
            nameof(SocketPath),
            $"The socket path '{path}' has {length} bytes; Linux allows at most {UnixSocket.MaximumPathLength}. Choose a shorter one.");
    }

    private static void Require(bool condition, string name, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message, name);
        }
    }
}
