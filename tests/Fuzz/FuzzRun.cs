using System.Diagnostics;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Locks;

namespace VirtioFs.Fuzz;

/// <summary>
/// Rounds of inputs. Each has a seed and folders of its own. In every second one FUSE bytes alone are given, by one thread, which makes
/// it the same each time as far as the host's file system answers alike; in the others all layers work at once, with a host that changes
/// the folders.
/// </summary>
internal sealed class FuzzRun(FuzzOptions options, TextWriter output)
{
    private const int InputsOfRound = 60_000;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly long[] _inputs = new long[4];
    private FuzzFinding? _finding;
    private long _stopped;
    private long _left;
    private int _kept;

    private long Inputs => _inputs[0] + _inputs[1] + _inputs[2] + _inputs[3];

    private bool IsOver => Stopwatch.GetElapsedTime(_start) > options.Time || Inputs >= options.Count || Volatile.Read(ref _finding) is not null;

    /// <summary>Runs until time or count are reached, or something is found. True when nothing was.</summary>
    internal bool Run()
    {
        ulong seed = options.Seed;
        Round(seed, warmUp: true);
        ProcessState before = ProcessState.Take();
        for (; !IsOver; seed++)
        {
            Round(seed, warmUp: false);
            if (_finding is null)
            {
                Try("The process at rest", seed, before.CheckIsReachedAgain);
            }

            output.WriteLine($"Seed {seed}: {Describe()}");
        }

        return _finding is null;
    }

    private string Describe()
    {
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{Inputs} inputs ({_inputs[0]} FUSE, {_inputs[1]} chains, {_inputs[2]} messages), {Inputs / seconds:F0} a second, "
            + $"{Coverage.Count} edges, {_kept} inputs kept, {_stopped} rings stopped, {_left} guests left in the middle.");
    }

    private void Round(ulong seed, bool warmUp)
    {
        Coverage.Forget();
        using FuzzTree tree = new(options.Directory, seed);
        bool alone = seed % 2 == 0;
        using ManualResetEventSlim hasOpened = new(), mayStart = new();
        List<Thread> threads = [Start("fuse", seed, () => FeedFuse(tree, seed, warmUp ? 1000 : InputsOfRound, hasOpened, mayStart))];
        hasOpened.Wait();
        if (!alone || warmUp)
        {
            using Share first = StartShare(tree, 0, seed);
            using Share second = StartShare(tree, 1, seed);
            using Share? third = options.Without.Contains("leaving") ? null : StartShare(tree, FuzzTree.Shares, seed);
            // Not before: its guest removes the file that one of the shares may be of.
            mayStart.Set();
            using HostActor? host = options.Without.Contains("host") ? null : new HostActor(tree, (int)seed);
            Func<bool> goesOn = () => !IsOver && threads[0].IsAlive;
            List<Thread> others = [];
            if (!options.Without.Contains("rings"))
            {
                others.Add(Start("rings", seed, () => FeedRings(first, seed, goesOn)));
            }

            if (!options.Without.Contains("messages"))
            {
                others.Add(Start("messages", seed, () => FeedMessages(second, seed, goesOn)));
            }

            if (third is not null)
            {
                others.Add(Start("leaving", seed, () => FeedLeaving(third, seed, goesOn)));
            }

            others.ForEach(thread => thread.Join());
            threads.ForEach(thread => thread.Join());
        }

        mayStart.Set();
        threads.ForEach(thread => thread.Join());
        Try("The files beside", seed, tree.CheckBeside);
    }

    private Share StartShare(FuzzTree tree, int index, ulong seed)
    {
        FuzzConfiguration configuration = FuzzConfiguration.Find(options.Configuration, seed, index + 1);
        bool isQuiet = index == FuzzTree.Shares;
        return Share.Start(new ShareOptions
        {
            Path = isQuiet ? tree.Quiet : configuration.PathIn(tree.Share(index)),
            SocketPath = tree.Socket(index),
            Tag = $"fuzz-{seed}-{index}",
            PollMicroseconds = 20,
            FileSystem = isQuiet ? configuration.Options with { ReadOnly = false, OpenFiles = 64, Inodes = 64, PosixLocks = LockScope.Host } : configuration.Options,
        });
    }

    private void FeedFuse(FuzzTree tree, ulong seed, int count, ManualResetEventSlim hasOpened, ManualResetEventSlim mayStart)
    {
        FuseTarget target;
        try
        {
            target = new FuseTarget(tree, seed, options.Configuration);
        }
        finally
        {
            hasOpened.Set();
        }

        using FuseTarget opened = target;
        mayStart.Wait();
        int i = 0;
        Try(() => $"FUSE input {i}: {target.Describe()}", seed, () =>
        {
            for (; i < count && !IsOver; i++)
            {
                target.Step();
                _inputs[0]++;
            }
        });
        _kept = Math.Max(_kept, target.Corpus.Count);
    }

    private void FeedLeaving(Share share, ulong seed, Func<bool> goesOn)
    {
        using LeavingTarget target = new(share, seed);
        Try(() => "A guest that leaves", seed, () =>
        {
            while (goesOn())
            {
                _inputs[3] += target.Step();
                _left++;
            }
        });
    }

    private void FeedRings(Share share, ulong seed, Func<bool> goesOn)
    {
        using RingTarget target = new(share, 0, seed);
        Try(() => "A ring", seed, () =>
        {
            while (goesOn())
            {
                _inputs[1] += target.Step();
            }
        });
        _stopped += target.Stopped;
    }

    private void FeedMessages(Share share, ulong seed, Func<bool> goesOn)
    {
        using MessageTarget target = new(share, seed);
        Try(() => "A message", seed, () =>
        {
            while (goesOn())
            {
                _inputs[2] += target.Step();
            }
        });
    }

    private Thread Start(string name, ulong seed, Action action)
    {
        Thread thread = new(() => Try(name, seed, action)) { Name = name, IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Try(string what, ulong seed, Action action) => Try(() => what, seed, action);

    private void Try(Func<string> what, ulong seed, Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // Whatever is thrown is a finding.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                output.WriteLine($"FOUND with seed {seed}. {what()}\n{(fault is FuzzFinding ? fault.Message : fault.ToString())}");
                _finding ??= new FuzzFinding(fault.Message);
            }
        }
    }
}
