using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Fuse.Wire.Names;

namespace VirtioFs.Fuse.Tests;

public sealed class WireLayoutTests
{
    private static readonly (string Name, int Size)[] Structures =
    [
        ("fuse_in_header", Unsafe.SizeOf<InHeader>()), ("fuse_out_header", Unsafe.SizeOf<OutHeader>()),
        ("fuse_init_in", Unsafe.SizeOf<InitIn>()), ("fuse_init_out", Unsafe.SizeOf<InitOut>()),
        ("fuse_attr", Unsafe.SizeOf<InodeAttributes>()), ("fuse_entry_out", Unsafe.SizeOf<EntryOut>()),
        ("fuse_attr_out", Unsafe.SizeOf<AttributesOut>()), ("fuse_getattr_in", Unsafe.SizeOf<GetAttributesIn>()),
        ("fuse_setattr_in", Unsafe.SizeOf<SetAttributesIn>()), ("fuse_access_in", Unsafe.SizeOf<AccessIn>()),
        ("fuse_kstatfs", Unsafe.SizeOf<FileSystemStatusOut>()), ("fuse_mknod_in", Unsafe.SizeOf<MakeNodeIn>()),
        ("fuse_mkdir_in", Unsafe.SizeOf<MakeDirectoryIn>()), ("fuse_rename_in", Unsafe.SizeOf<RenameIn>()),
        ("fuse_rename2_in", Unsafe.SizeOf<Rename2In>()), ("fuse_link_in", Unsafe.SizeOf<LinkIn>()),
        ("fuse_forget_in", Unsafe.SizeOf<ForgetIn>()), ("fuse_forget_one", Unsafe.SizeOf<ForgetOne>()),
        ("fuse_batch_forget_in", Unsafe.SizeOf<BatchForgetIn>()), ("fuse_setxattr_in", Unsafe.SizeOf<SetXattrIn>()),
        ("fuse_getxattr_in", Unsafe.SizeOf<GetXattrIn>()), ("fuse_getxattr_out", Unsafe.SizeOf<GetXattrOut>()),
        ("fuse_open_in", Unsafe.SizeOf<OpenIn>()), ("fuse_create_in", Unsafe.SizeOf<CreateIn>()),
        ("fuse_open_out", Unsafe.SizeOf<OpenOut>()), ("fuse_release_in", Unsafe.SizeOf<ReleaseIn>()),
        ("fuse_flush_in", Unsafe.SizeOf<FlushIn>()), ("fuse_read_in", Unsafe.SizeOf<ReadIn>()),
        ("fuse_write_in", Unsafe.SizeOf<WriteIn>()), ("fuse_write_out", Unsafe.SizeOf<WriteOut>()),
        ("fuse_fsync_in", Unsafe.SizeOf<SyncIn>()), ("fuse_fallocate_in", Unsafe.SizeOf<AllocateIn>()),
        ("fuse_lseek_in", Unsafe.SizeOf<SeekIn>()), ("fuse_lseek_out", Unsafe.SizeOf<SeekOut>()),
        ("fuse_copy_file_range_in", Unsafe.SizeOf<CopyFileRangeIn>()), ("fuse_syncfs_in", Unsafe.SizeOf<SyncFileSystemIn>()),
        ("fuse_dirent", Unsafe.SizeOf<DirectoryEntryHeader>()), ("fuse_file_lock", Unsafe.SizeOf<FileLock>()),
        ("fuse_lk_in", Unsafe.SizeOf<LockIn>()), ("fuse_lk_out", Unsafe.SizeOf<LockOut>()),
        ("fuse_interrupt_in", Unsafe.SizeOf<InterruptIn>()), ("fuse_ioctl_in", Unsafe.SizeOf<ControlIn>()),
        ("fuse_ioctl_out", Unsafe.SizeOf<ControlOut>()), ("fuse_poll_in", Unsafe.SizeOf<PollIn>()),
        ("fuse_poll_out", Unsafe.SizeOf<PollOut>()), ("fuse_bmap_in", Unsafe.SizeOf<MapBlockIn>()),
        ("fuse_bmap_out", Unsafe.SizeOf<MapBlockOut>()), ("fuse_secctx", Unsafe.SizeOf<ExtensionHeader>()),
    ];

    [Fact]
    public void Every_structure_has_the_size_that_the_machines_own_fuse_header_gives_it()
    {
        Assert.SkipUnless(File.Exists("/usr/include/linux/fuse.h"), "The kernel headers (linux-libc-dev) are not installed.");
        Assert.SkipUnless(File.Exists("/usr/bin/cc"), "There is no C compiler.");
        StringBuilder source = new("#include <stdio.h>\n#include <linux/fuse.h>\nint main(void) {\n");
        foreach ((string name, int _) in Structures)
        {
            _ = source.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"printf(\"{name} %zu\\n\", sizeof(struct {name}));");
        }

        using ScratchDirectory scratch = new();
        File.WriteAllText(scratch["sizes.c"], source.Append("return 0; }\n").ToString());
        using (Process compiler = Process.Start("/usr/bin/cc", ["-o", scratch["sizes"], scratch["sizes.c"]]))
        {
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }

        using Process sizes = Process.Start(new ProcessStartInfo(scratch["sizes"]) { RedirectStandardOutput = true })!;
        string[] lines = sizes.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Structures.Select(structure => $"{structure.Name} {structure.Size}"), lines);
    }

    // Newer than the headers of older systems: fuse.h 7.39 and 7.45.
    [Fact]
    public void Newer_structures_have_the_sizes_of_the_newest_fuse_header()
    {
        Assert.Equal(24, Unsafe.SizeOf<StatxIn>());
        Assert.Equal(32 + 256, Unsafe.SizeOf<StatxOut>());
        Assert.Equal(8, Unsafe.SizeOf<CopyFileRangeOut>());
    }
}
