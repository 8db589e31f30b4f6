using System.Diagnostics;
using System.Globalization;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Fuse.Inspection;
using VirtioFs.HostFiles;

namespace VirtioFs.EndToEnd.Tests.Whole;

/// <summary>What is slow or dead on the host holds up who asks for it, and nobody else of the same queue.</summary>
[Collection(AloneCollection.Name)]
public sealed class SlowHostTests
{
    private const int Asked = 2000;

    // A million by hand.
    private static readonly int s_names = int.Parse(Environment.GetEnvironmentVariable("VIRTIOFS_SLOW_HOST_NAMES") ?? "10000", CultureInfo.InvariantCulture);

    [Fact]
    public void A_lease_a_dead_file_system_and_a_huge_directory_leave_GETATTR_quick_in_their_queue()
    {
        using SharedTree tree = new();
        FillDirectory(tree.Host("many"));
        Directory.CreateDirectory(tree.Host("dead"));
        tree.WriteOnHost("leased", "text");
        tree.WriteOnHost("quick", "text");
        ulong quick = tree.Find("quick").NodeId;
        ulong leased = tree.Find("leased").NodeId;
        ulong many = tree.Find("many").NodeId;
        Assert.Equal(0, tree.Fuse.Opendir(many, out FuseOpenOut listing));
        double before = MeasureWorst(tree.Fuse, quick, () => { });

        using Lease lease = Lease.Take(tree.Host("leased"));
        using HangingFileSystem dead = HangingFileSystem.Mount(tree.Host("dead"));
        ulong hanging = tree.Find("dead").NodeId;
        FuseRequest[] stuck =
        [
            Submit(tree.Fuse, request => request.Begin(FuseOpcode.Open, leased).Append(default(FuseOpenIn)).Expect<FuseOpenOut>()),
            Submit(tree.Fuse, request => request.Begin(FuseOpcode.Lookup, hanging).AppendName("name").Expect<FuseEntryOut>()),
            Submit(tree.Fuse, request => request.Begin(FuseOpcode.Lookup, hanging).AppendName("other").Expect<FuseEntryOut>()),
        ];
        FuseRequest page = tree.Fuse.CreateRequest(dataBytes: 128 << 10);
        ulong offset = 0;
        int entries = 0;
        ReadOn();
        double worst = MeasureWorst(tree.Fuse, quick, List);
        TestContext.Current.SendDiagnosticMessage(
            $"p99 of GETATTR: {before:0.000} ms alone, {worst:0.000} ms beside a lease, a dead file system and {entries} listed names");
        Assert.All(stuck, request => Assert.Equal(0, request.ReplyLength));
        Assert.True(worst < 10 + before, $"The 99th of 100 took {worst:0.0} ms, {before:0.0} ms before.");

        dead.Dispose();
        lease.Dispose();
        Assert.Equal(0, tree.Fuse.WaitFor(stuck[0]));
        Assert.All(stuck.Skip(1), request => Assert.True(tree.Fuse.WaitFor(request) < 0));

        void List()
        {
            if (page.IsDone)
            {
                entries += FuseClient.CountEntries(page.Data, plus: true, out offset);
                ReadOn();
            }
        }

        void ReadOn()
        {
            FuseReadIn where = new() { Handle = listing.Handle, Offset = offset, Size = 128 << 10 };
            tree.Fuse.Submit(page.Begin(FuseOpcode.Readdirplus, many).Append(where).ExpectData(128 << 10));
            tree.Fuse.Kick();
        }
    }

    [Fact]
    public void A_front_end_that_leaves_requests_behind_that_hang_for_good_leaves_the_share_to_the_next_one_and_its_memory_alone()
    {
        using SharedTree tree = new();
        Share share = tree.BackEnd.Share;
        Directory.CreateDirectory(tree.Host("dead"));
        tree.WriteOnHost("file", "content");
        using HangingFileSystem dead = HangingFileSystem.Mount(tree.Host("dead"));
        ulong hanging = tree.Find("dead").NodeId;
        OperationWatch watch = new(1000), ended = new(1000);
        share.BeginWatch(watch);
        share.BeginWatch(ended);
        FuseRequest stuck = Submit(tree.Fuse, request => request.Begin(FuseOpcode.Lookup, hanging).AppendName("name").Expect<FuseEntryOut>());
        WaitFor(() => tree.Guest.Queues[1].HasUsed || share.Guest?.Queues.Sum(queue => queue.RequestsAway) == 1, "The request was not handed over.");
        (ulong node, ulong handle) = tree.Open("file");
        FuseLockIn range = new() { Handle = handle, Owner = 1, Lock = new FuseFileLock { End = 9, Type = 1, ProcessId = 1 } };
        Assert.Equal(0, tree.Fuse.Setlk(node, range));
        stuck.ReplyHeader.Length = 1234;

        // The guest's memory stays, as where a machine's front end comes back for it.
        tree.Guest.Connection.Dispose();
        WaitFor(() => share.State == ShareState.Waiting, "The share does not wait for the next front end.");
        Assert.Contains("left behind", share.FaultReason, StringComparison.Ordinal);
        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(tree.BackEnd.Socket);
        Assert.Equal(0, next.Fuse.Lookup(SharedTree.Root, "file", out FuseEntryOut entry));
        Assert.Equal(0, next.Fuse.Open(entry.NodeId, 2, out FuseOpenOut open));
        Assert.Equal(0, next.Fuse.Setlk(entry.NodeId, range with { Handle = open.Handle }));
        Assert.Contains(ListAll(watch), operation => operation.Opcode == VirtioFs.Fuse.Wire.FuseOpcode.SetLock);
        share.EndWatch(ended);
        _ = ListAll(ended);

        long lookups = share.CountOperations().Total;
        dead.Dispose();
        WaitFor(() => share.CountOperations().Total > lookups, "The request that was left behind did not come back.");
        WaitFor(() => CountThreads($"vfs{share.Id}-left") == 0, "What was left behind is still held.");
        Assert.Equal(1234u, stuck.ReplyHeader.Length);
        Assert.Contains(ListAll(watch), operation => operation.Unique == stuck.Unique);
        Assert.Empty(ListAll(ended));
        Assert.Equal(0, next.Fuse.Getattr(entry.NodeId, out FuseAttrOut _));
    }

    [Fact]
    public void A_ring_stops_though_a_dead_file_system_has_a_request_of_it_and_goes_on_with_it()
    {
        using SharedTree tree = new();
        Directory.CreateDirectory(tree.Host("dead"));
        using HangingFileSystem dead = HangingFileSystem.Mount(tree.Host("dead"));
        ulong hanging = tree.Find("dead").NodeId;
        FuseRequest stuck = Submit(tree.Fuse, request => request.Begin(FuseOpcode.Lookup, hanging).AppendName("name").Expect<FuseEntryOut>());
        WaitFor(() => tree.BackEnd.Share.Guest?.Queues.Sum(queue => queue.RequestsAway) == 1, "The request was not handed over.");
        Assert.Equal(tree.Guest.Queues[1].AvailableIndex, tree.Guest.Stop()[1]);
        tree.Guest.Start();
        Assert.Equal(0, tree.Fuse.Getattr(SharedTree.Root, out FuseAttrOut _));
        Assert.Equal(0, stuck.ReplyLength);
        dead.Dispose();
        Assert.True(tree.Fuse.WaitFor(stuck) < 0);
        Assert.Equal(0, tree.Fuse.Getattr(SharedTree.Root, out FuseAttrOut _));
    }

    private static List<WatchedOperation> ListAll(OperationWatch watch)
    {
        List<WatchedOperation> all = [];
        while (watch.TryTake(out WatchedOperation operation))
        {
            all.Add(operation);
        }

        return all;
    }

    private static void WaitFor(Func<bool> holds, string otherwise) =>
        Assert.True(SpinWait.SpinUntil(holds, TimeSpan.FromSeconds(30)), otherwise);

    private static int CountThreads(string name) =>
        Directory.GetDirectories("/proc/self/task").Count(task => ReadName(task) == name);

    private static string? ReadName(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).TrimEnd();
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return null;
        }
    }

    private static FuseRequest Submit(FuseClient fuse, Action<FuseRequest> describe)
    {
        FuseRequest request = fuse.CreateRequest();
        describe(request);
        fuse.Submit(request);
        fuse.Kick();
        return request;
    }

    /// <summary>The 99th percentile of a GETATTR, in milliseconds.</summary>
    private static double MeasureWorst(FuseClient fuse, ulong node, Action meanwhile)
    {
        double[] milliseconds = new double[Asked];
        for (int i = 0; i < Asked; i++)
        {
            meanwhile();
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(0, fuse.Getattr(node, out FuseAttrOut _));
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(milliseconds);
        return milliseconds[Asked * 99 / 100];
    }

    private static void FillDirectory(string path)
    {
        Directory.CreateDirectory(path);
        for (int i = 0; i < s_names; i++)
        {
            File.OpenHandle(Path.Combine(path, $"name-{i}"), FileMode.CreateNew, FileAccess.Write).Dispose();
        }
    }
}
