using System.Diagnostics;
using System.Reflection;
using VirtioFs.Frontend;

namespace VirtioFs.Daemon.Tests;

/// <summary>The Debian package, made of what is built in <c>out/</c>: judged by lintian, installed into a root of its own, used and removed.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly string s_checkout = typeof(PackageTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "Checkout").Value!;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lintian_finds_no_error()
    {
        Assert.SkipWhen(LibvirtHost.FindProgram("lintian") is null, "lintian is not installed.");
        (int exitCode, string text) = Run("lintian", "--allow-root", "--fail-on", "error", Build());
        Assert.True(exitCode == 0, text);
    }

    [Fact]
    public void What_is_installed_works_and_is_removed_without_a_trace()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root installs packages.");
        string package = Build();
        string root = Directory.CreateDirectory(Path.Combine(_folder.Shared, "root")).FullName;
        Directory.CreateDirectory($"{root}/var/lib/dpkg/updates");
        Directory.CreateDirectory($"{root}/var/lib/dpkg/info");
        File.WriteAllText($"{root}/var/lib/dpkg/status", string.Empty);
        string[] dpkg = [$"--root={root}", "--force-depends", "--force-script-chrootless", "--log=/dev/null"];
        Expect("dpkg", [.. dpkg, "--install", package]);

        Serve($"{root}/usr/bin/vhost-user-fs");
        Assert.Contains("--shared-dir", Expect("man", "--warnings", "-E", "UTF-8", "-l", $"{root}/usr/share/man/man1/vhost-user-fs.1.gz"));
        Assert.Equal("/usr/lib/virtiofs/VirtioFs", new FileInfo($"{root}/usr/local/share/powershell/Modules/VirtioFs").LinkTarget);
        Assert.True(File.Exists($"{root}/usr/share/powershell/Modules/VirtioFs/VirtioFs.psd1"));
        Assert.True(File.Exists($"{root}/usr/lib/virtiofs/VirtioFs/bin/vhost-user-fs"));
        using (var discovery = System.Text.Json.JsonDocument.Parse(File.ReadAllText($"{root}/usr/share/qemu/vhost-user/60-virtiofs.json")))
        {
            Assert.True(File.Exists(root + discovery.RootElement.GetProperty("binary").GetString()));
        }

        Expect("dpkg", [.. dpkg, "--purge", "virtiofs"]);
        Directory.Delete($"{root}/var", recursive: true);
        Assert.Empty(Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories));
        Assert.DoesNotContain(Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories), path => Path.GetFileName(path).Contains("irtio", StringComparison.Ordinal));
    }

    private void Serve(string executable)
    {
        string shared = Directory.CreateDirectory(Path.Combine(_folder.Shared, "served")).FullName;
        File.WriteAllText(Path.Combine(shared, "file"), "text");
        using var program = RunningProgram.Through(executable, "--shared-dir", shared, "--socket-path", _folder.Socket, "--sandbox", "namespace");
        string line = program.ReadErrorLine();
        Assert.Contains("sharing", line);
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket))
        {
            Assert.Equal(0, guest.Fuse.Lookup(1, "file", out VirtioFs.Frontend.Wire.FuseEntryOut entry));
            Assert.Equal(4UL, entry.Attr.Size);
        }

        program.Signal("TERM");
        Assert.Equal(0, program.WaitForExit());
    }

    // Skips where there is nothing to make a package of.
    private string Build()
    {
        Assert.SkipWhen(LibvirtHost.FindProgram("dpkg-deb") is null, "dpkg-deb is not installed.");
        string built = Path.Combine(s_checkout, "out/VirtioFs/bin/vhost-user-fs");
        Assert.SkipUnless(File.Exists(built), "The module is not assembled in out/VirtioFs; ./build.sh build does that.");
        Assert.SkipWhen(File.Exists(built + ".dll"), "The executable in out/VirtioFs is not machine code, since there was no linker.");
        string folder = Path.Combine(_folder.Shared, "package");
        Expect(Path.Combine(s_checkout, "eng/package.sh"), folder);
        return Assert.Single(Directory.EnumerateFiles(folder, "*.deb"));
    }

    private static string Expect(string program, params string[] arguments)
    {
        (int exitCode, string text) = Run(program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: {text}");
        return text;
    }

    private static (int ExitCode, string Text) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["LC_ALL"], start.Environment["MANWIDTH"]) = ("C.UTF-8", "100");
        using var process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
