using System.Reflection;
using VirtioFs.Daemon;
using VirtioFs.Daemon.Sandbox;
using VirtioFs.Daemon.Service;
using VirtioFs.DeviceEngine.Options;

IReadOnlyList<GivenOption> given;
try
{
    var entry = SandboxEntry.Find();
    given = CommandWords.Read(args);
    if (Prints("--help", HelpText.Create) || Prints("--version", Version) || Prints("--print-capabilities", () => Capabilities.Json + Environment.NewLine))
    {
        return ExitCode.Success;
    }

    return Foreground.Run(ProgramSettings.From(given, entry?.Listener ?? SocketActivation.Find(), entry is not null), entry);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine($"vhost-user-fs: {wrong.Message}");
    return ExitCode.WrongCommandLine;
}

bool Prints(string option, Func<string> text)
{
    bool isAsked = given.Any(word => word.Option.Name == option && OptionText.ReadSwitch(word.Value));
    Console.Out.Write(isAsked ? text() : string.Empty);
    return isAsked;
}

static string Version() =>
    typeof(Foreground).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion + Environment.NewLine;
