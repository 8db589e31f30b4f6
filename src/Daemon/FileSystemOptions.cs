using VirtioFs.Fuse;

namespace VirtioFs.Daemon;

/// <summary>The options that say how the directory is passed on. Where virtiofsd has the same, the name is virtiofsd's.</summary>
internal static class FileSystemOptions
{
    internal static readonly IReadOnlyList<FileSystemOption> All =
    [
        FileSystemOption.Flag("--readonly", "The guest may change nothing.", options => options with { ReadOnly = true }),
        FileSystemOption.Choice<CachePolicy>("--cache", "What the guest may remember. [default: auto]", (options, policy) => options with { Cache = policy }),
        FileSystemOption.Flag("--writeback", "The guest collects writes and sends them later.", options => options with { Writeback = true }),
        FileSystemOption.Flag("--allow-direct-io", "A guest's O_DIRECT goes past the host's page cache too.", options => options with { AllowDirectIo = true }),
        FileSystemOption.Flag(
            "--allow-mmap", "Files can be mapped as shared memory under the cache policies never and metadata.", options => options with { AllowMmap = true }),
        FileSystemOption.Flag(
            "--no-readdirplus", "Listing a directory does not tell the attributes of what is in it.", options => options with { ReadDirectoryPlus = false }),
        FileSystemOption.Choice<LockScope>(
            "--posix-lock", "How far locks of fcntl(2) reach. [default: host]", (options, scope) => options with { PosixLocks = scope }),
        FileSystemOption.Choice<LockScope>("--flock", "How far locks of flock(2) reach. [default: host]", (options, scope) => options with { Flock = scope }),
        FileSystemOption.Flag("--no-xattr", "The guest sees no extended attributes.", options => options with { ExtendedAttributes = false }),
        FileSystemOption.Rules(
            "--xattrmap", "rules", "Rules for the names of extended attributes.", XattrMap.Parse, mayRepeat: false,
            (options, maps) => options with { XattrMap = maps[0] }),
        FileSystemOption.Flag("--posix-acl", "POSIX access control lists are evaluated.", options => options with { PosixAcl = true }),
        FileSystemOption.Flag("--security-label", "New files take the guest's security label.", options => options with { SecurityLabel = true }),
        FileSystemOption.Rules(
            "--translate-uid", "rule", "A rule for user ids, such as map:0:1000:1. It may come several times.", IdRange.Parse, mayRepeat: true,
            (options, rules) => options with { UserIds = rules }),
        FileSystemOption.Rules(
            "--translate-gid", "rule", "A rule for group ids. It may come several times.", IdRange.Parse, mayRepeat: true,
            (options, rules) => options with { GroupIds = rules }),
        FileSystemOption.Flag("--no-killpriv-v2", "Set-user-ID bits are left to the guest to remove.", options => options with { KillPrivileges = false }),
        FileSystemOption.Flag("--preserve-noatime", "A guest's O_NOATIME is passed on.", options => options with { PreserveNoAccessTime = true }),
        FileSystemOption.Flag(
            "--no-announce-submounts", "Mounts inside of the share look like ordinary directories.", options => options with { AnnounceSubmounts = false }),
        FileSystemOption.Choice<FileHandleUse>(
            "--inode-file-handles", "How inodes that the guest knows are held. [default: prefer]", (options, use) => options with { FileHandles = use }),
    ];
}
