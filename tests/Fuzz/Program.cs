using System.CommandLine;
using VirtioFs.Fuzz;

const long LargestFile = 16L << 20;
Coverage.Begin();
Option<int> seconds = new("--seconds") { Description = "How long.", DefaultValueFactory = _ => 60 };
Option<long> count = new("--count") { Description = "How many inputs at most.", DefaultValueFactory = _ => long.MaxValue };
Option<ulong> seed = new("--seed") { Description = "The first round's seed, as a finding names it.", DefaultValueFactory = _ => 1 };
Option<string> directory = new("--directory") { Description = "Where the shares lie.", DefaultValueFactory = _ => new FuzzOptions().Directory };
Option<string[]> without = new("--without") { Description = "Layers to leave out: host, rings, messages, leaving.", DefaultValueFactory = _ => [] };
Option<string?> configuration = new("--configuration")
{
    Description = $"How all shares are set up: {string.Join(", ", FuzzConfiguration.All.Select(each => each.Name))}. Without it each way comes in its turn.",
};
_ = configuration.AcceptOnlyFromAmong([.. FuzzConfiguration.All.Select(each => each.Name)]);
Option<bool> plain = new("--plain") { Description = "Runs the engine as it is, without counting the edges that it takes." };
RootCommand command = new("Gives the engine inputs that are almost right, and looks at what must hold.") { seconds, count, seed, directory, without, configuration, plain };
command.SetAction(parsed =>
{
    bool isCopy = Environment.GetEnvironmentVariable(InstrumentedCopy.Variable) is not null;
    if (!isCopy && !parsed.GetValue(plain))
    {
        return InstrumentedCopy.Run(args);
    }

    ResourceLimit.SetLargestFile(LargestFile);
    FuzzOptions options = new()
    {
        Time = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
        Count = parsed.GetValue(count),
        Seed = parsed.GetValue(seed),
        Directory = parsed.GetValue(directory)!,
        Without = parsed.GetValue(without)!,
        Configuration = parsed.GetValue(configuration),
    };
    return new FuzzRun(options, Console.Out).Run() ? 0 : 1;
});
return command.Parse(args).Invoke();
