using System.Text;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>Inodes that are found again by their names, while the host puts something else in place of a directory on the way.</summary>
public sealed unsafe class LookupNameRaceTests
{
    private const ulong Root = 1;
    private const uint Exchange = 2;

    [Theory]
    [InlineData("link")]
    [InlineData("directory")]
    [InlineData("pipe")]
    public void What_the_host_puts_in_place_of_a_directory_is_never_taken_for_it(string kind)
    {
        const int Rounds = 2000;
        using ScratchDirectory outside = new(), scratch = new();
        Directory.CreateDirectory(scratch["place"]);
        File.WriteAllText(scratch["place/file"], "share");
        File.WriteAllText(scratch["filler"], "");
        Directory.CreateDirectory(outside["directory"]);
        File.WriteAllText(outside["directory/file"], "outside");
        using FuseGuest guest = new(scratch.Path, new PassthroughOptions { InodeDescriptors = 1, FileHandles = FileHandleUse.Never });
        switch (kind)
        {
            case "link":
                File.CreateSymbolicLink(scratch["other"], outside["directory"]);
                break;
            case "directory":
                Directory.CreateDirectory(scratch["other"]);
                File.WriteAllText(scratch["other/file"], "another");
                break;
            default:
                Assert.Equal(0, guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x11B6 }, FuseGuest.Text("other")).Error);
                break;
        }

        ulong directory = guest.MustLookup(Root, "place").NodeId, file = guest.MustLookup(directory, "file").NodeId;
        int found = 0, lost = 0;
        using (new Swapper(scratch["place"], scratch["other"]))
        {
            for (int round = 0; round < Rounds; round++)
            {
                // Another inode takes the only descriptor, so that the file is looked for by its way.
                _ = guest.Send(FuseOpcode.Forget, guest.MustLookup(Root, "filler").NodeId, new ForgetIn { LookupCount = 1 });
                FuseReply open = guest.Send(FuseOpcode.Open, file, new OpenIn());
                if (open.Error != 0)
                {
                    Assert.Equal(Errno.ESTALE, open.Error);
                    lost++;
                    continue;
                }

                ulong handle = open.As<OpenOut>().Handle;
                Assert.Equal("share", Encoding.UTF8.GetString(guest.Send(FuseOpcode.Read, file, new ReadIn { Handle = handle, Size = 100 }).Body));
                Assert.Equal(0, guest.Send(FuseOpcode.Release, file, new ReleaseIn { Handle = handle }).Error);
                found++;
            }
        }

        Assert.True(found > 0 && lost > 0, $"Found {found} times and lost {lost} times: one of both was not tried.");
    }

    /// <summary>Makes two names change places, again and again.</summary>
    private sealed class Swapper : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _ends;

        internal Swapper(string one, string two)
        {
            byte[] first = FuseGuest.Text(one), second = FuseGuest.Text(two);
            _thread = new Thread(() =>
            {
                fixed (byte* from = first, to = second)
                {
                    while (!_ends)
                    {
                        _ = PathCalls.Rename(Files.WorkingDirectory, from, Files.WorkingDirectory, to, Exchange);
                    }
                }
            });
            _thread.Start();
        }

        public void Dispose()
        {
            _ends = true;
            _thread.Join();
        }
    }
}
