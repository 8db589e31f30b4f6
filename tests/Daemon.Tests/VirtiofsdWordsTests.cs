using System.Reflection;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Daemon.Tests;

public sealed class VirtiofsdWordsTests
{
    private static readonly ShareOptions s_defaults = new() { Path = "/", Tag = "default", SocketPath = "/" };

    /// <summary>virtiofsd 1.14: each option of its --help with a value that it takes, and each word that it takes after -o.</summary>
    internal static readonly string[] Words =
    [
        "--shared-dir=/srv", "--tag=data", "--socket=/tmp/s", "--socket-path=/tmp/s", "--socket-group=root", "--fd=3", "--thread-pool-size=0",
        "--thread-pool-size=16", "--xattr", "--posix-acl", "--posix-acl=auto", "--posix-acl=always", "--posix-acl=never", "--xattrmap=:map::user.virtiofs.:",
        "--sandbox=namespace", "--sandbox=chroot", "--sandbox=none", "--readonly", "--seccomp=none", "--seccomp=kill", "--seccomp=log", "--seccomp=trap",
        "--announce-submounts", "--no-announce-submounts", "--inode-file-handles=never", "--inode-file-handles=fallback", "--inode-file-handles=prefer",
        "--inode-file-handles=mandatory", "--cache=auto", "--cache=always", "--cache=never", "--cache=metadata", "--allow-mmap", "--no-readdirplus",
        "--writeback", "--allow-direct-io", "--print-capabilities", "--modcaps=+sys_admin:-chown", "--log-level=error", "--log-level=warn", "--log-level=info",
        "--log-level=debug", "--log-level=trace", "--log-level=off", "--syslog", "--rlimit-nofile=0", "--rlimit-nofile=4096", "-d", "-f", "--killpriv-v2",
        "--no-killpriv-v2", "--security-label", "--security-label=auto", "--uid-map=:0:100000:65536:", "--gid-map=:0:100000:65536:",
        "--translate-uid=map:0:1000:1", "--translate-gid=squash-guest:0:100:10", "--preserve-noatime", "--migration-mode=find-paths",
        "--migration-mode=file-handles", "--migration-on-error=abort", "--migration-on-error=guest-error", "--migration-verify-handles",
        "--migration-confirm-paths", "--help", "-h", "--version", "-V",
        "-o source=/srv", "-o xattrmap=:ok:all:::", "-o cache=auto", "-o cache=always", "-o cache=none", "-o cache=metadata", "-o loglevel=debug",
        "-o loglevel=info", "-o loglevel=warn", "-o loglevel=err", "-o sandbox=namespace", "-o sandbox=chroot", "-o modcaps=+sys_admin", "-o xattr",
        "-o no_xattr", "-o readdirplus", "-o no_readdirplus", "-o writeback", "-o no_writeback", "-o allow_direct_io", "-o no_allow_direct_io",
        "-o announce_submounts", "-o killpriv_v2", "-o no_killpriv_v2", "-o posix_acl", "-o no_posix_acl", "-o security_label", "-o no_security_label",
        "-o posix_lock", "-o no_posix_lock", "-o flock", "-o no_flock",
    ];

    public static TheoryData<string> All => [.. Words];

    [Theory]
    [MemberData(nameof(All))]
    public void Each_word_of_virtiofsd_is_taken_for_what_it_means(string word)
    {
        GivenOption given = Assert.Single(CommandWords.Read(word.Split(' ', 2)));
        ShareOptions set = given.Option.Set(s_defaults, given.Value);
        string name = word.Split('=')[0];
        Assert.Contains(OptionDocument.VirtiofsdWords(), known => known.Word.TrimEnd('=') == name && known.Option == given.Option);
        if (given.Option.Property is not null && given.Value != given.Option.Default && given.Value != "auto")
        {
            Assert.Equal(given.Option.Name == "--socket-group" ? "0" : given.Value, given.Option.Write(set)[0]);
        }
    }

    [Theory]
    [InlineData("-o cache=none", "--cache", "never")]
    [InlineData("-o no_xattr", "--xattr", "off")]
    [InlineData("-o no_posix_lock", "--posix-lock", "guest")]
    [InlineData("-o flock", "--flock", "host")]
    [InlineData("-o no_readdirplus", "--readdirplus", "off")]
    [InlineData("-o loglevel=err", "--log-level", "error")]
    [InlineData("-d", "--log-level", "debug")]
    [InlineData("--posix-acl=never", "--posix-acl", "off")]
    [InlineData("--security-label=auto", "--security-label", "on")]
    [InlineData("--inode-file-handles=fallback", "--inode-file-handles", "prefer")]
    [InlineData("--thread-pool-size=0", "--blocking-threads", "4")]
    [InlineData("--no-killpriv-v2", "--killpriv-v2", "off")]
    [InlineData("-oxattr", "--xattr", "on")]
    public void A_word_that_differs_means_the_same(string word, string option, string value)
    {
        GivenOption given = Assert.Single(CommandWords.Read(word.Split(' ', 2)));
        Assert.Equal((option, value), (given.Option.Name, given.Value));
    }

    [Fact]
    public void Old_words_come_in_a_list()
    {
        IReadOnlyList<GivenOption> given = CommandWords.Read(["-o", "source=/srv,cache=always,no_xattr", "-o", "flock,posix_lock"]);
        Assert.Equal(
            ["--shared-dir=/srv", "--cache=always", "--no-xattr", "--flock=host", "--posix-lock=host"],
            given.Select(option => option.Option.ToWord(option.Value)));
    }

    [Fact]
    public void Each_test_that_the_document_names_is_there()
    {
        foreach (string name in OptionDocument.Create().Split('\n').Where(line => line.EndsWith("` |", StringComparison.Ordinal)).Select(line => line.Split('`')[^2]))
        {
            string[] parts = name.Split('.');
            Type test = typeof(VirtiofsdWordsTests).Assembly.GetType($"{typeof(VirtiofsdWordsTests).Namespace}.{parts[0]}", throwOnError: true)!;
            Assert.NotNull(test.GetMethod(parts[1])?.GetCustomAttribute<FactAttribute>());
        }
    }
}
