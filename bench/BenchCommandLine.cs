using System.CommandLine;
using VirtioFs.Bench.BackEnds;
using VirtioFs.Bench.Measuring;
using VirtioFs.Bench.Workloads;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Rings;
using VirtioFs.Linux;

namespace VirtioFs.Bench;

/// <summary>The command line: <c>run</c> measures one back end, <c>compare</c> two by turns.</summary>
internal static class BenchCommandLine
{
    private static readonly Option<string[]> Workloads = new("--workload", "-w")
    {
        Description = $"Workloads to measure: {string.Join(", ", WorkloadCatalog.Names)}. A name's beginning stands for all that begin so.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. WorkloadCatalog.Names],
    };

    private static readonly Option<int[]> Depths = new("--depth")
    {
        Description = "Requests in flight, in all queues together.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [1, 4, 16],
    };

    private static readonly Option<int[]> Queues = new("--queues")
    {
        Description = "Request queues that they are spread over.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [1],
    };

    private static readonly Option<CompletionWait> Wait = new("--wait")
    {
        Description = "How the load generator waits for completions.",
        DefaultValueFactory = _ => CompletionWait.Poll,
    };

    private static readonly Option<double> Seconds = new("--seconds")
    {
        Description = "Measured seconds of each round of a cell.",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<double> WarmUp = new("--warm-up")
    {
        Description = "Unmeasured seconds before each round.",
        DefaultValueFactory = _ => 0.2,
    };

    private static readonly Option<int> Rounds = new("--rounds")
    {
        Description = "Rounds of each cell; the report has their medians.",
        DefaultValueFactory = _ => 3,
    };

    private static readonly Option<int> FileMebibytes = new("--file-mebibytes")
    {
        Description = "Size of the file that data is read from and written to.",
        DefaultValueFactory = _ => 64,
    };

    private static readonly Option<int> PieceBytes = new("--piece-bytes")
    {
        Description = "Bytes of each piece of memory of a request's data. A Linux guest sends pages.",
        DefaultValueFactory = _ => 4096,
    };

    private static readonly Option<int> QueueSize = new("--queue-size")
    {
        Description = "Entries of each ring.",
        DefaultValueFactory = _ => 1024,
    };

    private static readonly Option<string?> JsonFile = new("--json") { Description = "Also write every round's figures into this file." };

    private static readonly Option<string?> SharedDirectory = new("--dir")
    {
        Description = "The directory that a started back end shares, for {dir}; a fresh temporary one by default.",
    };

    /// <summary>Describes the commands.</summary>
    public static RootCommand Build()
    {
        RootCommand root = new("Measures vhost-user-fs back ends: it plays the guest at their socket.");
        root.Add(BuildRun());
        root.Add(BuildCompare());
        return root;
    }

    private static Command BuildRun()
    {
        Option<string?> socket = new("--socket") { Description = "The socket of a back end that listens already." };
        Option<string?> start = new("--start") { Description = "A command that starts the back end; it has {socket} and {dir} in it." };
        Command run = new("run", "Measures one back end.") { socket, start };
        AddCommon(run);
        run.SetAction(parsed => Guarded("run", () =>
        {
            BenchSettings settings = SettingsOf(parsed);
            using BenchSession session = new(Choose("back-end", parsed.GetValue(socket), parsed.GetValue(start), parsed), settings);
            string conditions = Reports.Report.Conditions(settings, session);
            BenchRunner runner = new(settings, Console.Error.WriteLine);
            List<CellResult> results = [.. runner.Cells().Select(cell => runner.Measure(cell, session)[0])];
            Console.WriteLine(conditions);
            Console.WriteLine();
            Console.Write(Reports.Report.Table(results));
            WriteJson(parsed, settings, [session], [results]);
        }));
        return run;
    }

    private static Command BuildCompare()
    {
        Option<string?> a = new("--a") { Description = "The socket of back end A, which listens already." };
        Option<string?> b = new("--b") { Description = "The socket of back end B, which listens already." };
        Option<string?> startA = new("--start-a") { Description = "A command that starts back end A; it has {socket} and {dir} in it." };
        Option<string?> startB = new("--start-b") { Description = "A command that starts back end B; it has {socket} and {dir} in it." };
        Command compare = new("compare", "Measures two back ends by turns, A B B A, and prints the ratios of their medians.") { a, b, startA, startB };
        AddCommon(compare);
        compare.SetAction(parsed => Guarded("compare", () =>
        {
            BenchSettings settings = SettingsOf(parsed);
            using BenchSession first = new(Choose("A", parsed.GetValue(a), parsed.GetValue(startA), parsed), settings);
            using BenchSession second = new(Choose("B", parsed.GetValue(b), parsed.GetValue(startB), parsed), settings);
            string conditions = Reports.Report.Conditions(settings, first, second);
            BenchRunner runner = new(settings, Console.Error.WriteLine);
            CellResult[][] results = [.. runner.Cells().Select(cell => runner.Measure(cell, first, second))];
            Console.WriteLine(conditions);
            Console.WriteLine();
            Console.Write(Reports.Report.Comparison(results.Select(pair => (pair[0], pair[1]))));
            WriteJson(parsed, settings, [first, second], [[.. results.Select(pair => pair[0])], [.. results.Select(pair => pair[1])]]);
        }));
        return compare;
    }

    private static void AddCommon(Command command)
    {
        foreach (Option option in (Option[])[Workloads, Depths, Queues, Wait, Seconds, WarmUp, Rounds, FileMebibytes, PieceBytes, QueueSize, SharedDirectory, JsonFile])
        {
            command.Add(option);
        }
    }

    private static BenchSettings SettingsOf(ParseResult parsed) => new()
    {
        Workloads = [.. parsed.GetValue(Workloads)!.SelectMany(Matching)],
        Depths = parsed.GetValue(Depths)!,
        Queues = parsed.GetValue(Queues)!,
        Wait = parsed.GetValue(Wait),
        Duration = TimeSpan.FromSeconds(parsed.GetValue(Seconds)),
        WarmUp = TimeSpan.FromSeconds(parsed.GetValue(WarmUp)),
        Rounds = parsed.GetValue(Rounds),
        FileBytes = (long)parsed.GetValue(FileMebibytes) << 20,
        PieceBytes = parsed.GetValue(PieceBytes),
        QueueSize = parsed.GetValue(QueueSize),
    };

    private static string[] Matching(string beginning)
    {
        string[] names = [.. WorkloadCatalog.Names.Where(name => name.StartsWith(beginning, StringComparison.Ordinal))];
        return names.Length > 0
            ? names
            : throw new BenchException($"No workload begins with '{beginning}'. There are: {string.Join(", ", WorkloadCatalog.Names)}.");
    }

    private static BackEndChoice Choose(string name, string? socket, string? command, ParseResult parsed) =>
        (socket is null) != (command is null)
            ? new BackEndChoice(name, socket, command, parsed.GetValue(SharedDirectory))
            : throw new BenchException($"Say for '{name}' either the socket of a back end that listens, or the command that starts one.");

    private static void WriteJson(
        ParseResult parsed, BenchSettings settings, IReadOnlyList<BenchSession> sessions, IReadOnlyList<IReadOnlyList<CellResult>> results)
    {
        if (parsed.GetValue(JsonFile) is string file)
        {
            File.WriteAllText(file, Reports.Report.ToJson(settings, sessions, results));
        }
    }

    private static int Guarded(string command, Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (Exception problem) when (problem is BenchException or BackEndException or LinuxException or IOException)
        {
            Console.Error.WriteLine($"virtiofs-bench {command}: {problem.Message}");
            return 1;
        }
    }
}
