using System.Text;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>Inodes without file handles: found again by the directory and the name that the guest found them by.</summary>
public sealed class LookupNameTests
{
    private const ulong Root = 1;
    private const int Fillers = 12;

    [Theory]
    [InlineData("never")]
    [InlineData("overlay")]
    [InlineData("unprivileged")]
    public void A_walk_over_fifty_thousand_files_needs_no_more_descriptors_than_the_budget(string kind)
    {
        using MountedImage image = kind == "overlay" ? MountedImage.CreateOverlay(_ => { }) : MountedImage.Create("tmpfs");
        const int Directories = 50, Files = 1000, Budget = 64;
        for (int d = 0; d < Directories; d++)
        {
            string directory = Directory.CreateDirectory(image[$"directory{d}"]).FullName;
            for (int f = 0; f < Files; f++)
            {
                File.WriteAllText(Path.Combine(directory, $"file{f}"), f % 100 == 0 ? $"{d}/{f}" : "");
            }
        }

        PassthroughOptions options = new() { InodeDescriptors = Budget, FileHandles = kind == "never" ? FileHandleUse.Never : FileHandleUse.Prefer };
        using FuseGuest guest = kind == "unprivileged" ? WithoutHandles(image.Path, options) : new(image.Path, options);
        ulong[] directories = [.. Enumerable.Range(0, Directories).Select(d => guest.MustLookup(Root, $"directory{d}").NodeId)];
        ulong[][] files = [.. directories.Select(node => new ulong[Files])];
        for (int d = 0; d < Directories; d++)
        {
            for (int f = 0; f < Files; f++)
            {
                files[d][f] = guest.MustLookup(directories[d], $"file{f}").NodeId;
            }

            Assert.InRange(DescriptorsIn(image.Path), 1, Budget + 2);
        }

        Assert.Equal((Directories * Files) + Directories + 1, guest.Files.InodeCount);
        for (int d = Directories - 1; d >= 0; d--)
        {
            for (int f = 0; f < Files; f += 100)
            {
                Assert.Equal($"{d}/{f}", Read(guest, files[d][f]));
                Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, files[d][f + 1], default(GetAttributesIn)).Error);
            }

            Assert.InRange(DescriptorsIn(image.Path), 1, Budget + 2);
        }

        foreach (ulong node in directories.Concat(files.SelectMany(node => node)))
        {
            Forget(guest, node);
        }

        Assert.Equal(1, guest.Files.InodeCount);
        Assert.Equal(1, guest.Files.InodeDescriptorCount);
    }

    [Theory]
    [InlineData("d")]
    [InlineData("a-rather-long-name-of-a-directory")]
    public void Every_level_of_a_deep_tree_is_found_again(string name)
    {
        using Tree tree = new(budget: 4);
        const int Levels = 500;
        ulong[] nodes = new ulong[Levels + 1];
        nodes[0] = Root;
        for (int level = 1; level <= Levels; level++)
        {
            nodes[level] = tree.Guest.Send(FuseOpcode.MakeDirectory, nodes[level - 1], new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text(name)).As<EntryOut>().NodeId;
        }

        tree.LetGo();
        for (int level = Levels; level > 0; level -= 7)
        {
            tree.LetGo();
            Assert.Equal(0, tree.Status(nodes[level]).Error);
            Assert.InRange(tree.Guest.Files.InodeDescriptorCount, 1, 5);
        }

        for (int level = Levels; level > 0; level--)
        {
            Assert.Equal(0, tree.Guest.Send(FuseOpcode.RemoveDirectory, nodes[level - 1], FuseGuest.Text(name)).Error);
            Forget(tree.Guest, nodes[level]);
        }

        tree.MustBeEmpty();
    }

    [Fact]
    public void What_the_guest_renames_is_found_by_its_new_way()
    {
        using Tree tree = new();
        ulong a = tree.MakeDirectory(Root, "a"), b = tree.MakeDirectory(a, "b"), c = tree.MakeDirectory(b, "c"), elsewhere = tree.MakeDirectory(Root, "elsewhere");
        ulong file = tree.MakeFile(c, "file");
        tree.LetGo();
        Assert.Equal(0, tree.Rename(a, "b", elsewhere, "moved").Error);
        tree.LetGo();
        Assert.Equal(0, tree.Status(file).Error);
        Assert.Equal(0, tree.Rename(c, "file", Root, "file, renamed").Error);
        tree.LetGo();
        Assert.Equal("file", Read(tree.Guest, file));
        Assert.All(new[] { a, b, c, elsewhere }, node => Assert.Equal(0, tree.Status(node).Error));
    }

    [Fact]
    public void Two_that_change_places_are_both_found_with_what_is_below()
    {
        using Tree tree = new();
        ulong a = tree.MakeDirectory(Root, "a"), b = tree.MakeDirectory(Root, "b");
        ulong inA = tree.MakeFile(a, "file"), inB = tree.MakeFile(b, "file"), single = tree.MakeFile(Root, "single");
        tree.LetGo();
        Assert.Equal(0, tree.Rename(Root, "a", Root, "b", flags: 2).Error);
        Assert.Equal(0, tree.Rename(b, "file", Root, "single", flags: 2).Error);
        tree.LetGo();
        Assert.Equal(tree.Status(inA).As<AttributesOut>().Attributes.Inode, tree.Guest.MustLookup(a, "file").Attributes.Inode);
        Assert.All(new[] { a, b, inA, inB, single }, node => Assert.Equal(0, tree.Status(node).Error));
        Assert.Equal(inB, tree.Guest.MustLookup(Root, "single").NodeId);
        Assert.Equal(single, tree.Guest.MustLookup(b, "file").NodeId);
    }

    [Fact]
    public void What_the_guest_removes_stays_as_long_as_it_knows_it()
    {
        using Tree tree = new(budget: 8);
        ulong directory = tree.MakeDirectory(Root, "directory"), removed = tree.MakeFile(Root, "removed");
        ulong target = tree.MakeFile(Root, "target"), source = tree.MakeFile(Root, "source");
        tree.LetGo();
        Assert.Equal(0, tree.Guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("removed")).Error);
        Assert.Equal(0, tree.Guest.Send(FuseOpcode.RemoveDirectory, Root, FuseGuest.Text("directory")).Error);
        Assert.Equal(0, tree.Rename(Root, "source", Root, "target").Error);
        tree.LetGo();
        Assert.Equal(0u, tree.Status(removed).As<AttributesOut>().Attributes.LinkCount);
        Assert.Equal("removed", Read(tree.Guest, removed));
        Assert.Equal(0, tree.Status(directory).Error);
        Assert.Equal("target", Read(tree.Guest, target));
        Assert.Equal("source", Read(tree.Guest, source));
    }

    [Fact]
    public void Removing_more_than_the_budget_before_any_of_it_is_forgotten_needs_no_more_descriptors()
    {
        using Tree tree = new(budget: 16);
        ulong open = tree.MakeFile(Root, "open");
        OpenOut handle = tree.Guest.Send(FuseOpcode.Open, open, new OpenIn()).As<OpenOut>();
        ulong[] files = [.. Enumerable.Range(0, 300).Select(i => tree.MakeFile(Root, $"file{i}"))];
        Assert.Equal(0, tree.Guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("open")).Error);
        for (int i = 0; i < files.Length; i++)
        {
            Assert.Equal(0, tree.Guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text($"file{i}")).Error);
            Assert.InRange(tree.Guest.Files.InodeDescriptorCount, 1, 17);
        }

        Assert.Equal(0, tree.Status(open).Error);
        Assert.All(files, node => Assert.True(tree.Status(node).Error is 0 or Errno.ESTALE));
        Assert.Equal(0, tree.Guest.Send(FuseOpcode.Release, open, new ReleaseIn { Handle = handle.Handle }).Error);
        Array.ForEach(files, node => Forget(tree.Guest, node));
        Forget(tree.Guest, open);
        tree.MustBeEmpty();
    }

    [Fact]
    public void A_name_that_could_not_be_removed_is_a_way_still()
    {
        using Tree tree = new();
        ulong directory = tree.MakeDirectory(Root, "directory"), file = tree.MakeFile(directory, "file");
        tree.LetGo();
        Assert.Equal(Errno.ENOTEMPTY, tree.Guest.Send(FuseOpcode.RemoveDirectory, Root, FuseGuest.Text("directory")).Error);
        Assert.Equal(Errno.EINVAL, tree.Rename(Root, "directory", directory, "below").Error);
        tree.LetGo();
        Assert.InRange(tree.Guest.Files.InodeDescriptorCount, 1, 2);
        Assert.Equal(0, tree.Status(directory).Error);
        Assert.Equal(0, tree.Status(file).Error);
    }

    [Fact]
    public void A_file_with_two_names_is_found_by_the_one_that_is_left_and_needs_no_descriptor()
    {
        using Tree tree = new(budget: 8);
        ulong first = tree.MakeDirectory(Root, "first"), second = tree.MakeDirectory(Root, "second");
        ulong[] files = [.. Enumerable.Range(0, 200).Select(i => tree.MakeFile(first, $"file{i}"))];
        for (int i = 0; i < files.Length; i++)
        {
            Assert.Equal(0, tree.Guest.Send(FuseOpcode.Link, second, new LinkIn { OldNodeId = files[i] }, FuseGuest.Text($"link{i}")).Error);
            Forget(tree.Guest, files[i]);
        }

        for (int i = 0; i < files.Length; i++)
        {
            (ulong directory, string name) = i % 2 == 0 ? (second, $"link{i}") : (first, $"file{i}");
            Assert.Equal(0, tree.Guest.Send(FuseOpcode.Unlink, directory, FuseGuest.Text(name)).Error);
        }

        tree.LetGo();
        Assert.InRange(tree.Guest.Files.InodeDescriptorCount, 1, 9);
        for (int i = 0; i < files.Length; i++)
        {
            Assert.Equal($"file{i}", Read(tree.Guest, files[i]));
        }

        Assert.InRange(tree.Guest.Files.InodeDescriptorCount, 1, 9);
    }

    [Fact]
    public void What_the_host_moves_is_stale_until_it_is_looked_up_again()
    {
        using Tree tree = new();
        ulong a = tree.MakeDirectory(Root, "a"), b = tree.MakeDirectory(a, "b"), file = tree.MakeFile(b, "file");
        tree.LetGo();
        Directory.Move(Path.Combine(tree.Path, "a", "b"), Path.Combine(tree.Path, "c"));
        Assert.Equal(Errno.ESTALE, tree.Status(file).Error);
        Assert.Equal(Errno.ESTALE, tree.Guest.Lookup(b, "file").Error);
        Assert.Equal(b, tree.Guest.MustLookup(Root, "c").NodeId);
        Assert.Equal(0, tree.Status(file).Error);
        Assert.Equal("file", Read(tree.Guest, file));
    }

    [Fact]
    public void What_the_host_removed_is_stale_and_an_open_file_lives_on()
    {
        using Tree tree = new();
        ulong gone = tree.MakeFile(Root, "gone"), open = tree.MakeFile(Root, "open");
        OpenOut handle = tree.Guest.Send(FuseOpcode.Open, open, new OpenIn()).As<OpenOut>();
        tree.LetGo();
        File.Delete(Path.Combine(tree.Path, "gone"));
        File.Delete(Path.Combine(tree.Path, "open"));
        Assert.Equal(Errno.ESTALE, tree.Status(gone).Error);
        Assert.Equal(0, tree.Status(open).Error);
        Assert.Equal(0, tree.Guest.Send(FuseOpcode.Release, open, new ReleaseIn { Handle = handle.Handle }).Error);
    }

    [Fact]
    public void A_link_in_place_of_a_directory_leads_nowhere()
    {
        using ScratchDirectory outside = new();
        using Tree tree = new();
        ulong directory = tree.MakeDirectory(Root, "directory"), file = tree.MakeFile(directory, "file");
        tree.LetGo();
        Directory.Move(Path.Combine(tree.Path, "directory"), outside["directory"]);
        File.CreateSymbolicLink(Path.Combine(tree.Path, "directory"), outside["directory"]);
        Assert.Equal(Errno.ESTALE, tree.Status(file).Error);
        Assert.Equal(Errno.ESTALE, tree.Guest.Send(FuseOpcode.Open, file, new OpenIn()).Error);
        Assert.Equal(FileStatus.SymbolicLink, tree.Guest.MustLookup(Root, "directory").Attributes.Mode & FileStatus.TypeMask);
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("tmpfs")]
    public void Another_file_by_the_same_name_is_not_taken_for_the_one_that_was_there(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        using FuseGuest guest = new(image.Path, new PassthroughOptions { InodeDescriptors = 1, FileHandles = FileHandleUse.Never });
        File.WriteAllText(image["filler"], "");
        for (int round = 0; round < 100; round++)
        {
            File.WriteAllText(image["file"], $"old {round}");
            ulong old = guest.MustLookup(Root, "file").NodeId;
            Forget(guest, guest.MustLookup(Root, "filler").NodeId);
            File.Delete(image["file"]);
            File.WriteAllText(image["file"], $"new {round}");
            Assert.Equal(Errno.ESTALE, guest.Send(FuseOpcode.Open, old, new OpenIn()).Error);
            ulong node = guest.MustLookup(Root, "file").NodeId;
            Assert.NotEqual(old, node);
            Assert.Equal($"new {round}", Read(guest, node));
            Forget(guest, old);
            Forget(guest, node);
            File.Delete(image["file"]);
        }

        Assert.Equal(1, guest.Files.InodeCount);
    }

    [Fact]
    public void A_directory_is_kept_for_what_is_below_when_the_guest_forgets_it_first()
    {
        using Tree tree = new();
        ulong a = tree.MakeDirectory(Root, "a"), b = tree.MakeDirectory(a, "b"), file = tree.MakeFile(b, "file");
        tree.LetGo();
        int known = tree.Guest.Files.InodeCount;
        Forget(tree.Guest, a);
        Forget(tree.Guest, b);
        Assert.Equal(known, tree.Guest.Files.InodeCount);
        Assert.Equal(0, tree.Status(file).Error);
        Assert.Equal(a, tree.Guest.MustLookup(Root, "a").NodeId);
        Forget(tree.Guest, a);
        Forget(tree.Guest, file);
        Assert.Equal(known - 3, tree.Guest.Files.InodeCount);
        Assert.Equal(Errno.ESTALE, tree.Status(a).Error);
        tree.MustBeEmpty();
    }

    [Fact]
    public void A_guest_that_forgets_more_than_it_knows_harms_nothing()
    {
        using Tree tree = new();
        ulong a = tree.MakeDirectory(Root, "a"), b = tree.MakeDirectory(a, "b"), file = tree.MakeFile(b, "file");
        tree.LetGo();
        foreach (ulong node in new[] { a, b, a, Root, b | (7UL << 32), ulong.MaxValue, 0UL })
        {
            Assert.Equal(-1, tree.Guest.Send(FuseOpcode.Forget, node, new ForgetIn { LookupCount = ulong.MaxValue }).Error);
        }

        Assert.Equal(0, tree.Status(file).Error);
        Assert.Equal(-1, tree.Guest.Send(FuseOpcode.Forget, file, new ForgetIn { LookupCount = ulong.MaxValue }).Error);
        tree.MustBeEmpty();
    }

    [Fact]
    public void Ways_that_the_host_bends_into_a_circle_end_nowhere()
    {
        using Tree tree = new();
        ulong a = tree.MakeDirectory(Root, "a"), b = tree.MakeDirectory(a, "b"), file = tree.MakeFile(b, "file");
        Directory.Move(Path.Combine(tree.Path, "a", "b"), Path.Combine(tree.Path, "b"));
        Directory.Move(Path.Combine(tree.Path, "a"), Path.Combine(tree.Path, "b", "a"));
        Assert.Equal(a, tree.Guest.MustLookup(b, "a").NodeId);
        tree.LetGo();
        Assert.All(new[] { a, b, file }, node => Assert.True(tree.Status(node).Error is 0 or Errno.ESTALE));
        Assert.Equal(b, tree.Guest.MustLookup(Root, "b").NodeId);
        Assert.Equal(a, tree.Guest.MustLookup(b, "a").NodeId);
        tree.LetGo();
        Assert.All(new[] { a, b, file }, node => Assert.Equal(0, tree.Status(node).Error));
        foreach (ulong node in new[] { a, a, a, b, b, file })
        {
            Forget(tree.Guest, node);
        }

        tree.MustBeEmpty();
    }

    [Fact]
    public void A_file_of_an_overlay_stays_the_same_when_it_is_copied_up()
    {
        using MountedImage image = MountedImage.CreateOverlay(lower =>
        {
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(lower, "directory")).FullName, "file"), "lower");
            File.WriteAllText(Path.Combine(lower, "filler"), "");
        });
        using FuseGuest guest = new(image.Path, new PassthroughOptions { InodeDescriptors = 1 });
        ulong directory = guest.MustLookup(Root, "directory").NodeId, file = guest.MustLookup(directory, "file").NodeId;
        Forget(guest, guest.MustLookup(Root, "filler").NodeId);
        Assert.Equal(0, guest.Send(FuseOpcode.SetAttributes, file, new SetAttributesIn { Valid = AttributeChanges.Mode, Mode = 0x8180 }).Error);
        Forget(guest, guest.MustLookup(Root, "filler").NodeId);
        int held = guest.Files.InodeDescriptorCount;
        Assert.InRange(held, 1, 2);
        Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, directory, default(GetAttributesIn)).Error);
        Assert.Equal(0x8180u, guest.Send(FuseOpcode.GetAttributes, file, default(GetAttributesIn)).As<AttributesOut>().Attributes.Mode);
        Assert.Equal("lower", Read(guest, file));
        Assert.Equal(directory, guest.MustLookup(Root, "directory").NodeId);
        Assert.Equal(file, guest.MustLookup(directory, "file").NodeId);
    }

    [Fact]
    public async Task Nothing_that_a_guest_holds_gets_stale_while_other_queues_rename_and_remove()
    {
        using Tree tree = new(budget: 16);
        ulong[] tops = [.. Enumerable.Range(0, 3).Select(i => tree.MakeDirectory(Root, $"top{i}"))];
        ulong moving = tree.MakeDirectory(tops[0], "moving"), below = tree.MakeDirectory(moving, "below");
        ulong[] files = [.. Enumerable.Range(0, 40).Select(i => tree.MakeFile(below, $"file{i}"))];
        const int Rounds = 1500;
        int failures = 0;
        void Count(FuseReply reply) => _ = reply.Error == 0 ? 0 : Interlocked.Increment(ref failures);
        Action<FuseGuest>[] tasks =
        [
            guest =>
            {
                for (int i = 0; i < Rounds; i++)
                {
                    FuseReply reply = guest.Send(
                        FuseOpcode.Rename, tops[i % 3], new RenameIn { NewDirectory = tops[(i + 1) % 3] }, FuseGuest.Text("moving"), FuseGuest.Text("moving"));
                    Count(reply);
                }
            },
            guest =>
            {
                for (int i = 0; i < Rounds; i++)
                {
                    Count(guest.Send(FuseOpcode.GetAttributes, files[i * 7 % files.Length], default(GetAttributesIn)));
                    Count(guest.Send(FuseOpcode.GetAttributes, tops[i % 3], default(GetAttributesIn)));
                }
            },
            guest =>
            {
                for (int i = 0; i < Rounds; i++)
                {
                    ulong node = guest.MustLookup(below, $"file{i * 11 % files.Length}").NodeId;
                    Count(guest.Send(FuseOpcode.GetAttributes, node, default(GetAttributesIn)));
                    Forget(guest, node);
                    _ = guest.Lookup(tops[i % 3], "moving") is { Error: 0 } found ? Forget(guest, found.As<EntryOut>().NodeId) : 0;
                }
            },
            guest =>
            {
                for (int i = 0; i < Rounds; i++)
                {
                    FuseReply made = guest.Send(FuseOpcode.MakeNode, below, new MakeNodeIn { Mode = 0x81A4 }, FuseGuest.Text("brief"));
                    Count(made);
                    Count(guest.Send(FuseOpcode.Unlink, below, FuseGuest.Text("brief")));
                    Count(guest.Send(FuseOpcode.GetAttributes, made.As<EntryOut>().NodeId, default(GetAttributesIn)));
                    Forget(guest, made.As<EntryOut>().NodeId);
                }
            },
        ];
        FuseGuest[] queues = [.. tasks.Select(_ => new FuseGuest(tree.Guest))];
        try
        {
            await Task.WhenAll(tasks.Select((task, i) => Task.Run(() => task(queues[i]), TestContext.Current.CancellationToken)));
        }
        finally
        {
            Array.ForEach(queues, queue => queue.Dispose());
        }

        Assert.Equal(0, failures);
        Assert.InRange(tree.Guest.Files.InodeDescriptorCount, 1, 16 + 4);
        Assert.All(files, node => Assert.Equal(0, tree.Status(node).Error));
    }

    [Fact]
    public void The_steady_state_without_handles_allocates_nothing_on_the_managed_heap()
    {
        using Tree tree = new();
        _ = tree.MakeFile(Root, "f");
        Assert.Equal(0, tree.Guest.AllocatedBy(FuseOpcode.Lookup, Root, (ushort)'f', 1000));
        ulong file = tree.MakeFile(tree.MakeDirectory(Root, "d"), "f");
        OpenIn open = default;
        tree.LetGo();
        Assert.Equal(0, tree.Guest.AllocatedBy(FuseOpcode.Open, file, open, 100));
        Assert.Equal(0, tree.Guest.AllocatedBy(FuseOpcode.Unlink, Root, (ushort)'x', 100));
    }

    private static string Read(FuseGuest guest, ulong node)
    {
        FuseReply reply = guest.Send(FuseOpcode.Open, node, new OpenIn());
        Assert.Equal(0, reply.Error);
        ulong handle = reply.As<OpenOut>().Handle;
        byte[] content = guest.Send(FuseOpcode.Read, node, new ReadIn { Handle = handle, Size = 100 }).Body;
        Assert.Equal(0, guest.Send(FuseOpcode.Release, node, new ReleaseIn { Handle = handle }).Error);
        return Encoding.UTF8.GetString(content);
    }

    private static int Forget(FuseGuest guest, ulong node) => guest.Send(FuseOpcode.Forget, node, new ForgetIn { LookupCount = 1 }).Error;

    /// <summary>Descriptors of this process on files below a directory.</summary>
    private static int DescriptorsIn(string path)
    {
        int count = 0;
        foreach (string link in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                count += File.ResolveLinkTarget(link, false)?.FullName.StartsWith(path, StringComparison.Ordinal) == true ? 1 : 0;
            }
            catch (FileNotFoundException)
            {
                // Another test's, and closed meanwhile.
            }
        }

        return count;
    }

    /// <summary>Begins a share on a thread that may not open files by their handles, as no ordinary user may.</summary>
    private static FuseGuest WithoutHandles(string path, PassthroughOptions options)
    {
        FuseGuest? guest = null;
        Thread thread = new(() =>
        {
            _ = RequestThread.Enter().Without(Capability.ReadSearch);
            guest = new FuseGuest(path, options);
        });
        thread.Start();
        thread.Join();
        return guest!;
    }

    /// <summary>A share whose inodes are never held by handles, with a budget so small that all can be made to lose their descriptors.</summary>
    private sealed class Tree : IDisposable
    {
        private readonly ScratchDirectory _scratch = new();

        internal Tree(int budget = 1)
        {
            for (int i = 0; i < Fillers; i++)
            {
                File.WriteAllText(_scratch[$"filler{i}"], "");
            }

            Guest = new FuseGuest(_scratch.Path, new PassthroughOptions { InodeDescriptors = budget, FileHandles = FileHandleUse.Never });
        }

        internal FuseGuest Guest { get; }

        internal string Path => _scratch.Path;

        public void Dispose()
        {
            Guest.Dispose();
            Assert.Equal(0, DescriptorsIn(_scratch.Path));
            _scratch.Dispose();
        }

        internal ulong MakeDirectory(ulong parent, string name) => Made(Guest.Send(FuseOpcode.MakeDirectory, parent, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text(name)));

        /// <summary>Makes a file that says its name.</summary>
        internal ulong MakeFile(ulong parent, string name)
        {
            FuseReply reply = Guest.Send(FuseOpcode.Create, parent, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text(name));
            Assert.Equal(0, reply.Error);
            CreateOut created = reply.As<CreateOut>();
            byte[] content = Encoding.UTF8.GetBytes(name);
            WriteIn write = new() { Handle = created.Open.Handle, Size = (uint)content.Length };
            Assert.Equal(0, Guest.Send(FuseOpcode.Write, created.Entry.NodeId, write, content).Error);
            Assert.Equal(0, Guest.Send(FuseOpcode.Release, created.Entry.NodeId, new ReleaseIn { Handle = created.Open.Handle }).Error);
            return created.Entry.NodeId;
        }

        internal FuseReply Status(ulong node) => Guest.Send(FuseOpcode.GetAttributes, node, default(GetAttributesIn));

        internal FuseReply Rename(ulong parent, string name, ulong newParent, string newName, uint flags = 0) =>
            Guest.Send(FuseOpcode.Rename2, parent, new Rename2In { NewDirectory = newParent, Flags = flags }, FuseGuest.Text(name), FuseGuest.Text(newName));

        /// <summary>Makes the inodes lose the descriptors that they can do without, by going over others.</summary>
        internal void LetGo()
        {
            for (int i = 0; i < Fillers; i++)
            {
                Forget(Guest, Guest.MustLookup(Root, $"filler{i}").NodeId);
            }
        }

        internal void MustBeEmpty() => Assert.Equal(1, Guest.Files.InodeCount);

        private static ulong Made(FuseReply reply)
        {
            Assert.Equal(0, reply.Error);
            return reply.As<EntryOut>().NodeId;
        }
    }
}
