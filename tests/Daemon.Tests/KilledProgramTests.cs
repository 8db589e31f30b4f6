using System.Globalization;
using System.Runtime.InteropServices;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Daemon.Tests;

/// <summary>SIGKILL under load, at any moment: what the guest was told is on the disk is there when the program has been started again on the same socket.</summary>
public sealed class KilledProgramTests : IDisposable
{
    private const int Appenders = 2, LongestRecord = 16 << 10, SlotBytes = 4096, LongestDelayMilliseconds = 200;
    private const uint ReadWrite = 2, CreateAndTruncate = 0x242, OwnerOnly = 0x180;
    private static readonly int s_rounds = int.Parse(Environment.GetEnvironmentVariable("VIRTIOFS_KILL_ROUNDS") ?? "5", CultureInfo.InvariantCulture);

    private readonly TestFolder _folder = new();
    private readonly Random _random = new(s_rounds);

    // Of each file that is appended to, what fsync has acknowledged; of the one that is replaced, the last generation whose rename has been flushed.
    private readonly long[] _acknowledged = new long[Appenders];
    private long _generation;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_fsync_acknowledged_is_there_and_nothing_is_in_the_way_of_the_next()
    {
        for (int round = 0; round < s_rounds; round++)
        {
            bool isSandboxed = round % 2 == 1 && Environment.IsPrivilegedProcess;
            using RunningProgram program = new(
                "--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, "--sandbox", isSandboxed ? "namespace" : "none", "--seccomp=kill");
            Assert.Contains("sharing", program.ReadErrorLine());
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket, new GuestOptions { RequestQueues = Appenders + 1, Patience = TimeSpan.FromSeconds(60) });
            CheckAsGuest(guest.Fuse, isFirst: round == 0);
            LoadUntilKilled(guest, program, killsInner: isSandboxed && round % 4 == 3);
            CheckOnHost();
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{s_rounds} rounds; {string.Join(" and ", _acknowledged)} bytes appended, {_generation} generations.");
    }

    private static string Name(int file) => $"log{file}";

    private static byte Pattern(int file, long offset) => (byte)((offset * 31) + (offset >> 12) + file);

    private void LoadUntilKilled(VirtioFsGuest guest, RunningProgram program, bool killsInner)
    {
        using CountdownEvent begun = new(Appenders + 1);
        Exception?[] ends = new Exception?[Appenders + 1];
        Thread[] writers =
        [
            .. Enumerable.Range(0, Appenders).Select(file => new Thread(() => ends[file] = Record.Exception(() => Append(guest.Clients[1 + file], file, begun)))),
            new(() => ends[Appenders] = Record.Exception(() => Replace(guest.Clients[1 + Appenders], begun))),
        ];
        Array.ForEach(writers, writer => writer.Start());
        bool allWrite = begun.Wait(TimeSpan.FromSeconds(60));
        Thread.Sleep(_random.Next(LongestDelayMilliseconds));
        if (killsInner)
        {
            program.SignalInner("KILL");
        }
        else
        {
            program.Signal("KILL");
        }

        int exitCode = program.WaitForExit();
        Array.ForEach(writers, writer => writer.Join());
        Assert.True(allWrite, string.Join(' ', ends.Select(end => end?.ToString())));
        Assert.All(ends, end => Assert.IsType<BackEndException>(end));
        Assert.NotEqual(0, exitCode);
    }

    private void Append(FuseClient client, int file, CountdownEvent begun)
    {
        Assert.Equal(0, client.Lookup(1, Name(file), out FuseEntryOut entry) is 0 ? 0 : client.Mknod(1, Name(file), 0x8180, 0, out entry));
        Assert.Equal(0, client.Open(entry.NodeId, ReadWrite, out FuseOpenOut open));
        Random random = new(file);
        byte[] data = new byte[LongestRecord];
        for (bool isFirst = true; ; isFirst = false)
        {
            long offset = _acknowledged[file];
            int length = random.Next(1, LongestRecord);
            for (int i = 0; i < length; i++)
            {
                data[i] = Pattern(file, offset + i);
            }

            Assert.Equal(length, client.Write(entry.NodeId, open.Handle, (ulong)offset, data.AsSpan(0, length)));
            Assert.Equal(0, client.Fsync(entry.NodeId, open.Handle, dataOnly: random.Next(2) == 0));
            _acknowledged[file] = offset + length;
            _ = isFirst && begun.Signal();
        }
    }

    private void Replace(FuseClient client, CountdownEvent begun)
    {
        Assert.Equal(0, client.Opendir(1, out FuseOpenOut directory));
        byte[] data = new byte[SlotBytes];
        for (bool isFirst = true; ; isFirst = false)
        {
            long generation = _generation + 1;
            MemoryMarshal.Cast<byte, long>(data.AsSpan()).Fill(generation);
            Assert.Equal(0, client.Create(1, "slot.new", CreateAndTruncate, OwnerOnly, out FuseCreateOut made));
            Assert.Equal(SlotBytes, client.Write(made.Entry.NodeId, made.Open.Handle, 0, data));
            Assert.Equal(0, client.Fsync(made.Entry.NodeId, made.Open.Handle));
            Assert.Equal(0, client.Release(made.Entry.NodeId, made.Open.Handle));
            Assert.Equal(0, client.Rename(1, "slot.new", 1, "slot"));
            Assert.Equal(0, client.Fsyncdir(1, directory.Handle));
            _generation = generation;
            _ = isFirst && begun.Signal();
        }
    }

    private void CheckAsGuest(FuseClient client, bool isFirst)
    {
        for (int file = 0; file < Appenders && !isFirst; file++)
        {
            Assert.Equal(0, client.Lookup(1, Name(file), out FuseEntryOut entry));
            Assert.Equal(0, client.Open(entry.NodeId, ReadWrite, out FuseOpenOut open));
            long from = Math.Max(0, _acknowledged[file] - LongestRecord);
            int length = (int)(_acknowledged[file] - from);
            Assert.Equal(length, client.Read(entry.NodeId, open.Handle, (ulong)from, length));
            Assert.Equal(-1, FindFault(file, from, client.Call.DataBuffer.Span[..length]));
        }
    }

    private void CheckOnHost()
    {
        for (int file = 0; file < Appenders; file++)
        {
            byte[] content = File.ReadAllBytes(Path.Combine(_folder.Shared, Name(file)));
            Assert.InRange(content.LongLength, _acknowledged[file], _acknowledged[file] + LongestRecord);
            Assert.Equal(-1, FindFault(file, 0, content));
        }

        long[] slot = [.. MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(Path.Combine(_folder.Shared, "slot")))];
        Assert.Equal(SlotBytes / sizeof(long), slot.Length);
        Assert.InRange(Assert.Single(slot.Distinct()), _generation, _generation + 1);
        string[] names = [.. Directory.EnumerateFileSystemEntries(_folder.Shared).Select(path => Path.GetFileName(path))];
        Assert.Empty(names.Except([.. Enumerable.Range(0, Appenders).Select(Name), "slot", "slot.new"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(_folder.Shared)!).Except([_folder.Shared, _folder.Socket, _folder.Socket + ".pid"]));
    }

    private static int FindFault(int file, long from, ReadOnlySpan<byte> content)
    {
        int i = 0;
        while (i < content.Length && content[i] == Pattern(file, from + i))
        {
            i++;
        }

        return i == content.Length ? -1 : i;
    }
}
