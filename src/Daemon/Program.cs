using System.CommandLine;
using VirtioFs.Daemon;

var commandLine = new CommandLine();
ParseResult parsed = commandLine.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (string problem in parsed.Errors.Select(error => error.Message).Distinct())
    {
        Console.Error.WriteLine($"vhost-user-fs: {problem}");
    }

    Console.Error.WriteLine("vhost-user-fs: --help lists the options.");
    return ExitCode.WrongCommandLine;
}

return parsed.Invoke();
