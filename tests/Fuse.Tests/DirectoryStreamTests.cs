using System.Text;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;

namespace VirtioFs.Fuse.Tests;

/// <summary>Directories that are read cost memory while they are read, and not more the more of them there are.</summary>
public sealed unsafe class DirectoryStreamTests : IDisposable
{
    private const ulong Root = 1;
    private const int Names = 200, BufferBytes = 32 * 1024;

    private readonly ScratchDirectory _scratch = new();
    private readonly FuseGuest _guest;

    public DirectoryStreamTests()
    {
        for (int i = 0; i < Names; i++)
        {
            File.WriteAllText(_scratch[$"name-{i}"], "");
        }

        _guest = new FuseGuest(_scratch.Path);
    }

    public void Dispose()
    {
        _guest.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_thousand_directories_that_were_read_hold_a_bounded_number_of_buffers_and_closed_ones_none()
    {
        ulong[] handles = [.. Enumerable.Range(0, 1000).Select(_ => Open())];
        foreach (ulong handle in handles)
        {
            Assert.NotEmpty(Read(handle, 0, 512, out _));
        }

        Assert.InRange(_guest.Files.DirectoryBufferBytes, BufferBytes, 64 * BufferBytes);
        Array.ForEach(handles, Release);
        Assert.Equal(0, _guest.Files.DirectoryBufferBytes);
    }

    [Fact]
    public void The_end_of_a_session_gives_the_buffers_back()
    {
        Assert.NotEmpty(Read(Open(), 0, 512, out _));
        _guest.Server.Reset();
        Assert.Equal(0, _guest.Files.DirectoryBufferBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(150)]
    public void Each_of_many_directories_that_are_read_in_turns_is_listed_once_and_wholly(int readers)
    {
        ulong[] handles = [.. Enumerable.Range(0, readers).Select(_ => Open())];
        ulong[] offsets = new ulong[readers];
        List<string>[] lists = [.. handles.Select(_ => new List<string>())];
        for (bool more = true; more;)
        {
            more = false;
            for (int i = 0; i < readers; i++)
            {
                List<string> names = Read(handles[i], offsets[i], 2048, out ulong next);
                lists[i].AddRange(names);
                offsets[i] = next;
                more |= names.Count > 0;
            }
        }

        string[] expected = [".", "..", .. Enumerable.Range(0, Names).Select(i => $"name-{i}").Order(StringComparer.Ordinal)];
        Assert.All(lists, list => Assert.Equal(expected, list.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void A_directory_that_is_read_from_its_beginning_again_tells_what_is_new()
    {
        ulong handle = Open();
        _ = Read(handle, 0, 512, out ulong next);
        File.WriteAllText(_scratch["new"], "");
        Assert.NotEmpty(Read(handle, next, 512, out _));
        List<string> all = [];
        ulong offset = 0;
        for (List<string> names = Read(handle, 0, 4096, out offset); names.Count > 0; names = Read(handle, offset, 4096, out offset))
        {
            all.AddRange(names);
        }

        Assert.Contains("new", all);
        Assert.Equal(Names + 3, all.Count);
    }

    private ulong Open() => _guest.Send(FuseOpcode.OpenDirectory, Root, new OpenIn()).As<OpenOut>().Handle;

    private void Release(ulong handle) =>
        Assert.Equal(0, _guest.Send(FuseOpcode.ReleaseDirectory, Root, new ReleaseIn { Handle = handle }).Error);

    private List<string> Read(ulong handle, ulong offset, uint room, out ulong next)
    {
        FuseReply reply = _guest.Send(FuseOpcode.ReadDirectory, Root, new ReadIn { Handle = handle, Offset = offset, Size = room });
        Assert.Equal(0, reply.Error);
        List<string> names = [];
        next = offset;
        for (ReadOnlySpan<byte> rest = reply.Body; !rest.IsEmpty;)
        {
            DirectoryEntryHeader header = System.Runtime.InteropServices.MemoryMarshal.Read<DirectoryEntryHeader>(rest);
            names.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(DirectoryEntryHeader), (int)header.NameLength)));
            rest = rest[DirectoryEntryHeader.Size((int)header.NameLength)..];
            next = header.Offset;
        }

        return names;
    }
}
