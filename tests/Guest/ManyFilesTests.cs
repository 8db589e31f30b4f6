using System.Diagnostics;
using System.Globalization;
using VirtioFs.Guest.Harness;
using VirtioFs.Linux;

namespace VirtioFs.Guest;

/// <summary>
/// A guest that knows very many files: what the back end holds for them. <c>VIRTIOFS_EXERCISE_FILES</c> is how many; a million
/// takes some minutes. The figures stay in <c>figures.txt</c> beside the guest's logs.
/// </summary>
public sealed class ManyFilesTests
{
    // What a process of .NET needs more once it works, however many files there are.
    private const long Warmth = 32 << 20;
    private const long BytesAnInode = 300;

    private static readonly int s_files =
        int.TryParse(Environment.GetEnvironmentVariable("VIRTIOFS_EXERCISE_FILES"), CultureInfo.InvariantCulture, out int files) ? files : 5_000;

    // A guest forgets one file at a time.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30) + TimeSpan.FromMilliseconds(s_files / 5.0);

    [Fact]
    public async Task Many_files_cost_neither_descriptors_beyond_the_budget_nor_memory_that_does_not_come_back()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("perl");
        using TestFolder folder = new();
        await using Backend backend = await Backend.StartAsync(folder, folder.MakeShared());
        ProcessFigures before = ProcessFigures.Of(backend.ProcessId);
        await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions
        {
            Shares = [backend.Share],
            MemoryMebibytes = 512 + (s_files / 400),
            TimeLimit = TimeSpan.FromMinutes(2) + TimeSpan.FromMilliseconds(s_files * 5L),
            Script = $$"""
                step() {
                  perl "$WORKLOADS/many.pl" $1 many {{s_files}}
                  wait_for_host "did $1"
                }
                forget() {
                  # Once is not enough for very many (mm/vmscan.c, drop_slab): until the host has seen them go.
                  while :; do
                    echo 3 >/proc/sys/vm/drop_caches
                    sleep 1
                  done &
                  forgetting=$!
                  wait_for_host "forgot $1"
                  kill $forgetting
                }
                wait_for_host 'did boot'
                step make
                forget make
                step stat
                forget stat
                step walk
                step delete
                """,
        });

        using Watch watch = new(backend.ProcessId, Path.Combine(folder.Path, "figures.txt"));
        await NextAsync("did boot");
        ProcessFigures made = await NextAsync("did make");
        Assert.InRange(made.PrivateBytes - before.PrivateBytes, 0, Warmth + (s_files * BytesAnInode));
        await ForgottenAsync("forgot make");
        ProcessFigures looked = await NextAsync("did stat");
        Assert.InRange(looked.PrivateBytes - before.PrivateBytes, 0, Warmth + (s_files * BytesAnInode));
        await ForgottenAsync("forgot stat");
        await NextAsync("did walk");
        await NextAsync("did delete");
        (await guest.WaitForEndAsync()).ShouldSucceed();

        // The budget's rule is in the documentation: an eighth of the limit, at most 8192.
        long budget = Math.Clamp(ProcessLimits.Descriptors / 8, 16, 8192);
        Assert.InRange(watch.MostDescriptors, before.Descriptors, before.Descriptors + budget + 100);

        async Task<ProcessFigures> NextAsync(string line)
        {
            await guest.WaitUntilItWaitsAsync(line);
            ProcessFigures figures = watch.Note(line);
            await guest.LetGoOnAsync(line);
            return figures;
        }

        async Task ForgottenAsync(string line)
        {
            await guest.WaitUntilItWaitsAsync(line);
            SpinWait.SpinUntil(() => ProcessFigures.Of(backend.ProcessId).PrivateBytes < before.PrivateBytes + Warmth, s_patience);
            Assert.InRange(watch.Note(line).PrivateBytes - before.PrivateBytes, 0, Warmth);
            await guest.LetGoOnAsync(line);
        }
    }

    /// <summary>Counts a process's descriptors all the time, and writes down what else it holds at moments.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly int _process;
        private readonly string _report;
        private readonly Timer _timer;
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        public Watch(int process, string report)
        {
            (_process, _report) = (process, report);
            _timer = new Timer(_ => Look(), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
        }

        public int MostDescriptors { get; private set; }

        public ProcessFigures Note(string moment)
        {
            ProcessFigures figures = ProcessFigures.Of(_process);
            File.AppendAllText(_report, string.Create(CultureInfo.InvariantCulture, $"""
                {moment}: {_clock.Elapsed.TotalSeconds:F1} s, {figures.Descriptors} descriptors (at most {MostDescriptors}), {figures.PrivateBytes / 1024} KiB private, {figures.ResidentBytes / 1024} KiB resident

                """));
            _clock.Restart();
            return figures;
        }

        public void Dispose() => _timer.Dispose();

        private void Look()
        {
            try
            {
                MostDescriptors = Math.Max(MostDescriptors, ProcessFigures.DescriptorsOf(_process));
            }
            catch (IOException)
            {
                // The process has ended.
            }
        }
    }
}
