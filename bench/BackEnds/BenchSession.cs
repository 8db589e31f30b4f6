using VirtioFs.Bench.Measuring;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;

namespace VirtioFs.Bench.BackEnds;

/// <summary>A guest that has one back end mounted: its requests, its scratch directory, and the process behind it.</summary>
internal sealed class BenchSession : IDisposable
{
    /// <summary>Bytes of data that each request has room for.</summary>
    public const int DataBytes = 1 << 20;

    private readonly BackEndProcess? _process;
    private readonly Dictionary<int, List<FuseRequest>> _requests = [];

    /// <summary>Connects, starting the back end first if need be.</summary>
    public BenchSession(BackEndChoice choice, BenchSettings settings)
    {
        Settings = settings;
        Name = choice.Name;
        _process = choice.Command is null ? null : BackEndProcess.Start(choice.Command, choice.Directory);
        try
        {
            int requests = settings.Depths.Max() * settings.Queues.Max();
            Guest = VirtioFsGuest.ConnectAndMount(_process?.Socket ?? choice.Socket!, new GuestOptions
            {
                RequestQueues = settings.Queues.Max(),
                QueueSize = settings.QueueSize,
                MemoryBytes = (ulong)(64 + (requests * 5 / 4)) << 20,
                Patience = Patience,
            });
            Guest.SetCompletionWait(settings.Wait);
            BackEndProcessId = Guest.Connection.GetPeer().ProcessId;
            Forgets = new ForgetSender(Guest.HighPriority);
            Scratch = new ScratchDirectory(Guest.Fuse, $"virtiofs-bench-{Environment.ProcessId}-{choice.Name}");
        }
        catch
        {
            Guest?.Dispose();
            _process?.Dispose();
            throw;
        }
    }

    /// <summary>What the report calls the back end.</summary>
    public string Name { get; }

    /// <summary>How everything is measured.</summary>
    public BenchSettings Settings { get; }

    /// <summary>The guest.</summary>
    public VirtioFsGuest Guest { get; }

    /// <summary>The back end's process id.</summary>
    public int BackEndProcessId { get; }

    /// <summary>FORGET on the high-priority queue.</summary>
    public ForgetSender Forgets { get; }

    /// <summary>Files to work on.</summary>
    public ScratchDirectory Scratch { get; }

    /// <summary>How long a back end may be silent.</summary>
    public TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    /// <summary>The back end's command line, as the system knows it.</summary>
    public string CommandLine
    {
        get
        {
            try
            {
                return File.ReadAllText($"/proc/{BackEndProcessId}/cmdline").Replace('\0', ' ').Trim();
            }
            catch (IOException)
            {
                return string.Empty;
            }
        }
    }

    /// <summary>The requests of a cell, each tagged with its number; number modulo queues is its queue.</summary>
    public FuseRequest[] RequestsFor(Cell cell)
    {
        FuseRequest[] chosen = new FuseRequest[cell.Depth];
        Dictionary<int, int> taken = [];
        for (int i = 0; i < chosen.Length; i++)
        {
            int queue = 1 + (i % cell.Queues);
            int number = taken.GetValueOrDefault(queue);
            taken[queue] = number + 1;
            chosen[i] = RequestOf(queue, number);
            chosen[i].Tag = i;
        }

        return chosen;
    }

    /// <summary>Removes the scratch directory and goes.</summary>
    public void Dispose()
    {
        try
        {
            Scratch.Remove();
        }
        catch (BackEndException problem)
        {
            Console.Error.WriteLine($"The scratch directory of '{Name}' was not removed: {problem.Message}");
        }
        finally
        {
            Guest.Dispose();
            _process?.Dispose();
        }
    }

    private FuseRequest RequestOf(int queue, int number)
    {
        if (!_requests.TryGetValue(queue, out List<FuseRequest>? requests))
        {
            _requests[queue] = requests = [];
        }

        while (requests.Count <= number)
        {
            requests.Add(Guest.Clients[queue].CreateRequest(4096, DataBytes, Settings.PieceBytes));
        }

        return requests[number];
    }
}
