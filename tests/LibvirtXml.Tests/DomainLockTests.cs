using System.Globalization;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Who changes the same domains waits for each other, and nobody else can make them wait.</summary>
public sealed class DomainLockTests
{
    private const string Folder = "/run/virtiofs-locks";

    [Fact]
    public void Root_and_the_members_of_libvirts_group_share_a_lock_that_nobody_else_can_hold()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root makes the folder of shared locks.");
        uint? group = VirtioFs.Linux.UnixGroup.Find("libvirt");
        Assert.SkipWhen(group is null, "There is no group libvirt here.");
        string setpriv = Tool.Require("setpriv", "util-linux"), flock = Tool.Require("flock", "util-linux");
        using LibvirtConnection connection = Open();
        Guid uuid = Guid.NewGuid();
        string file = $"{Folder}/{uuid}.lock";
        string[] member = ["--reuid=65534", "--regid=65534", string.Create(CultureInfo.InvariantCulture, $"--groups={group}")];
        string[] stranger = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        try
        {
            using (DomainLock.Take(connection, uuid, "a"))
            {
                Assert.Equal(1, Tool.Run(setpriv, [.. member, flock, "--nonblock", file, "true"]).ExitCode);
            }

            Assert.Equal(0, Tool.Run(setpriv, [.. member, flock, "--nonblock", file, "true"]).ExitCode);
            Assert.NotEqual(0, Tool.Run(setpriv, [.. stranger, flock, "--nonblock", file, "true"]).ExitCode);
            Assert.NotEqual(0, Tool.Run(setpriv, [.. stranger, flock, "--nonblock", Folder, "true"]).ExitCode);

            // A file that a member has made is taken as it is, and a link is not followed.
            File.Delete(file);
            Assert.Equal(0, Tool.Run(setpriv, [.. member, flock, "--nonblock", file, "true"]).ExitCode);
            DomainLock.Take(connection, uuid, "a").Dispose();
            File.Delete(file);
            string victim = $"{Folder}/{uuid}.victim";
            Assert.Equal(0, Tool.Run(setpriv, [.. member, "/bin/ln", "-s", victim, file]).ExitCode);
            DomainLock.Take(connection, uuid, "a").Dispose();
            Assert.False(File.Exists(victim));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_lock_file_whose_maker_was_ended_before_it_let_the_others_in_is_opened_to_them_by_the_next()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root makes the folder of shared locks.");
        using LibvirtConnection connection = Open();
        Guid uuid = Guid.NewGuid();
        string file = $"{Folder}/{uuid}.lock";
        try
        {
            Directory.CreateDirectory(Folder);
            File.WriteAllText(file, string.Empty);
            File.SetUnixFileMode(file, UnixFileMode.None);
            DomainLock.Take(connection, uuid, "a").Dispose();

            Assert.Equal(Convert.ToInt32("660", 8), (int)File.GetUnixFileMode(file));
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Folder) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_wait_for_another_ends_with_its_token()
    {
        using LibvirtConnection connection = Open();
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(200));
        Guid uuid = Guid.NewGuid();
        using (DomainLock.Take(connection, uuid, "a"))
        {
            Assert.ThrowsAny<OperationCanceledException>(() => DomainLock.Take(connection.WithCancellation(stop.Token), uuid, "a"));
        }

        DomainLock.Take(connection, uuid, "a").Dispose();
        File.Delete($"{Folder}/{uuid}.lock");
    }

    private static LibvirtConnection Open()
    {
        try
        {
            return LibvirtConnection.Open("test:///default", cancellationToken: TestContext.Current.CancellationToken);
        }
        catch (LibvirtUnavailableException exception)
        {
            Assert.Skip(exception.Message);
            throw;
        }
    }
}
