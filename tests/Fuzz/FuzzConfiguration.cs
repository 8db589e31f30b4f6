using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;

namespace VirtioFs.Fuzz;

/// <summary>One of the ways in which a share is set up, so that all of its code is on the way of some inputs.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Options">What the share is told.</param>
/// <param name="IsSingleFile">Whether a file is shared instead of a directory.</param>
internal sealed record FuzzConfiguration(string Name, PassthroughOptions Options, bool IsSingleFile = false)
{
    private static readonly PassthroughOptions s_small = new() { OpenFiles = 64, Locks = 64 };

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<FuzzConfiguration> All { get; } =
    [
        new("plain", s_small),
        new("ids", s_small with
        {
            UserIds = [new IdRange(IdRangeKind.Both, 0, 100000, 1000), new IdRange(IdRangeKind.SquashGuest, 1000, 4242, 1000), new IdRange(IdRangeKind.ForbidGuest, 5000, 0, 10)],
            GroupIds = [new IdRange(IdRangeKind.GuestToHost, 0, 100000, 70000), new IdRange(IdRangeKind.SquashHost, 0, 7, 5000)],
        }),
        new("read-only", s_small with { ReadOnly = true }),
        new("writeback", s_small with { Writeback = true, KillPrivileges = false }),
        new("xattrmap", s_small with { XattrMap = XattrMap.Parse(":map::user.virtiofs.:"), SecurityLabel = true }),
        new("capability", s_small with { XattrMap = XattrMap.Parse(":prefix:client:security.:user.host.: :ok:all:::"), TrustedAttributes = false }),
        new("posix-acl", s_small with { PosixAcl = true, SecurityLabel = true }),
        new("single-file", s_small, IsSingleFile: true),
        new("single-file-read-only", s_small with { ReadOnly = true }, IsSingleFile: true),
        new("no-handles", s_small with { FileHandles = FileHandleUse.Never, InodeDescriptors = 8, Cache = CachePolicy.Never, AllowMmap = true }),
        new("few", s_small with { Inodes = 12, InodeDescriptors = 2, OpenFiles = 4, Locks = 3, Cache = CachePolicy.Always, NegativeTimeout = TimeSpan.FromSeconds(1) }),
        new("careful", s_small with
        {
            DeviceNodes = false, SetId = false, TrustedAttributes = false, SecurityAttributes = false, AllowDirectIo = true, PreserveNoAccessTime = true,
            PosixLocks = LockScope.None, Flock = LockScope.None, ReadDirectoryPlus = true,
        }),
        new("no-xattr", s_small with { ExtendedAttributes = false, AnnounceSubmounts = false, PosixLocks = LockScope.Guest, ReadDirectoryPlus = false }),
    ];

    /// <summary>The one for a share of a round.</summary>
    /// <param name="name">The one that is asked for; null for each in its turn.</param>
    /// <param name="seed">The round's seed.</param>
    /// <param name="share">The share's number in the round.</param>
    internal static FuzzConfiguration Find(string? name, ulong seed, int share) =>
        name is null ? All[(int)(((seed / 2) + ((ulong)share * 5)) % (ulong)All.Count)] : All.Single(each => each.Name == name);

    /// <summary>What of a share's folder is shared.</summary>
    internal string PathIn(string folder) => IsSingleFile ? Path.Combine(folder, FuzzTree.SingleFile) : folder;
}
