using System.CommandLine;
using System.CommandLine.Parsing;
using VirtioFs.DeviceEngine;

namespace VirtioFs.Daemon;

/// <summary>The options of the program, and how they make a share's options.</summary>
internal sealed class CommandLine
{
    private static readonly ShareOptions Defaults = new() { Path = "/", Tag = "default", SocketPath = "/" };

    private readonly Option<string> _sharedDirectory = new("--shared-dir")
    {
        Description = "The directory to share, or a single file, which the guest sees in a directory that holds nothing else.",
        HelpName = "directory",
    };

    private readonly Option<string> _tag = new("--tag")
    {
        Description = "The name by which the guest mounts the share. [default: the directory's name]",
        HelpName = "name",
    };

    private readonly Option<string> _socketPath = new("--socket-path")
    {
        Description = "Where the virtual machine's monitor connects.",
        HelpName = "path",
    };

    private readonly Option<int?> _descriptor = new("--fd")
    {
        Description = "A socket that listens already, by its descriptor, in place of --socket-path.",
        HelpName = "number",
    };

    private readonly Option<uint?> _socketGroup = new("--socket-group")
    {
        Description = "The group that the socket is given to, by name or number.",
        HelpName = "group",
        CustomParser = OptionText.ReadGroup,
    };

    private readonly Option<UnixFileMode?> _socketMode = new("--socket-mode")
    {
        Description = "The socket's mode in octal digits, such as 0660.",
        HelpName = "mode",
        CustomParser = OptionText.ReadMode,
    };

    private readonly Option<int> _requestQueues = new("--request-queues")
    {
        Description = "The most request queues that a guest may use.",
        HelpName = "count",
        DefaultValueFactory = _ => Defaults.RequestQueues,
    };

    private readonly Option<int> _queueSize = new("--queue-size")
    {
        Description = "The most entries that a queue may have: a power of two.",
        HelpName = "entries",
        DefaultValueFactory = _ => Defaults.QueueSize,
    };

    private readonly Option<bool> _printCapabilities = new("--print-capabilities")
    {
        Description = "Prints as JSON what this program can do, for libvirt.",
        Arity = ArgumentArity.Zero,
    };

    private readonly RootCommand _root = new("Shares a directory with a virtual machine over virtio-fs, until SIGTERM or SIGINT.");

    internal CommandLine()
    {
        Option[] options =
        [
            _sharedDirectory, _tag, _socketPath, _descriptor, _socketGroup, _socketMode, _requestQueues, _queueSize, _printCapabilities,
        ];
        foreach (Option option in options)
        {
            Add(option, mayRepeat: false);
        }

        foreach (FileSystemOption option in FileSystemOptions.All)
        {
            Add(option.Option, option.MayRepeat);
        }

        // [suggest] and [diagram] are for programs that are written in a shell; @file would read options from what is shared.
        _root.Directives.Clear();
        _root.Validators.Add(RequireShare);
        _root.SetAction(Run);
    }

    internal ParseResult Parse(string[] arguments) =>
        _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });

    private void Add(Option option, bool mayRepeat)
    {
        if (!mayRepeat)
        {
            option.Validators.Add(OptionText.RefuseRepetition);
        }

        _root.Options.Add(option);
    }

    private void RequireShare(CommandResult result)
    {
        if (result.GetValue(_printCapabilities))
        {
            return;
        }

        if (result.GetResult(_sharedDirectory) is null)
        {
            result.AddError("--shared-dir is missing: it names the directory to share.");
        }

        if ((result.GetResult(_socketPath) is null) == (result.GetResult(_descriptor) is null))
        {
            result.AddError("Give either --socket-path, where the virtual machine's monitor connects, or --fd with a socket that listens already.");
        }
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_printCapabilities))
        {
            Console.Out.WriteLine(Capabilities.Json);
            return ExitCode.Success;
        }

        return Foreground.Run(ReadShareOptions(parsed));
    }

    private ShareOptions ReadShareOptions(ParseResult parsed)
    {
        string directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetValue(_sharedDirectory)!));
        int? descriptor = parsed.GetValue(_descriptor);
        return new ShareOptions
        {
            Path = directory,
            Tag = parsed.GetValue(_tag) ?? Path.GetFileName(directory),
            SocketPath = descriptor is null ? Path.GetFullPath(parsed.GetValue(_socketPath)!) : $"/proc/self/fd/{descriptor}",
            ListenDescriptor = descriptor,
            SocketGroupId = parsed.GetValue(_socketGroup),
            SocketMode = parsed.GetValue(_socketMode),
            RequestQueues = parsed.GetValue(_requestQueues),
            QueueSize = parsed.GetValue(_queueSize),
            FileSystem = FileSystemOptions.All.Aggregate(Defaults.FileSystem, (options, option) => option.Apply(parsed, options)),
        };
    }
}
