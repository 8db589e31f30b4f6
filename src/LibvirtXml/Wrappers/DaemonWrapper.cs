using System.Text;
using System.Text.RegularExpressions;
using VirtioFs.LibvirtXml.Files;
using VirtioFs.LibvirtXml.Guest;

namespace VirtioFs.LibvirtXml.Wrappers;

/// <summary>
/// A script that libvirt starts instead of the daemon, for options that libvirt's XML cannot carry. It hands over what libvirt says,
/// so the question for capabilities works through it too.
/// </summary>
public sealed partial class DaemonWrapper
{
    /// <summary>Options that libvirt itself gives; a second one would contradict it.</summary>
    private static readonly string[] LibvirtsOwn = ["--fd", "--socket-path", "--shared-dir", "--print-capabilities", "--help", "--version", "-h", "-V"];

    /// <summary>No more of a replaced file is kept for taking the change back.</summary>
    private const int MaximumScriptBytes = 16 * 1024 * 1024;

    /// <summary>Makes a wrapper.</summary>
    /// <param name="program">The absolute path of virtiofsd or vhost-user-fs.</param>
    /// <param name="options">The options, each a word such as <c>--inode-file-handles=mandatory</c>.</param>
    /// <exception cref="DomainRuleException">The program is not absolute, or an option is one that libvirt gives itself.</exception>
    public DaemonWrapper(string program, IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(options);
        RequireAbsolute(program, "program");
        foreach (string option in options)
        {
            string name = option.Split('=', 2)[0];
            if (!option.StartsWith('-') && !IsValueOfPrevious(options, option))
            {
                throw new DomainRuleException("InvalidWrapperOption", $"'{option}' is not an option. Write it as --name or --name=value.");
            }

            if (LibvirtsOwn.Contains(name))
            {
                throw new DomainRuleException(
                    "ReservedWrapperOption",
                    $"The option '{name}' is libvirt's to give when it starts the daemon. Leave it out of the wrapper; the directory is the file system's source.");
            }
        }

        Program = program;
        Options = [.. options];
    }

    /// <summary>The daemon.</summary>
    public string Program { get; }

    /// <summary>The options that the script adds.</summary>
    public IReadOnlyList<string> Options { get; }

    /// <summary>What to know about the script that <see cref="Save"/> wrote.</summary>
    public IReadOnlyList<Advice> Warnings { get; private set; } = [];

    /// <summary>The script.</summary>
    public string Script => $"#!/bin/sh\nexec {ShellText.Join([Program, .. Options])} \"$@\"\n";

    /// <summary>Writes the script, executable for everyone and writable for its owner alone.</summary>
    /// <param name="path">The script's absolute path.</param>
    /// <param name="overwrite">Whether a file that is there is replaced.</param>
    /// <param name="cancellationToken">Ends the wait for another process that is replacing the file.</param>
    /// <returns>Takes the script back, unless it is another file by now: puts the old file's content in its place, or removes it where there was none.</returns>
    /// <exception cref="DomainRuleException">The path is not absolute, or a file is there that must not be replaced.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write.</exception>
    public Action Save(string path, bool overwrite = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RequireAbsolute(path, "wrapper's path");
        string full = Path.GetFullPath(path);
        try
        {
            ReadFile? old = overwrite && File.Exists(full) ? ReadFile.Of(full, MaximumScriptBytes) : null;
            WrittenFile written = FileReplacement.Write(
                full, Encoding.UTF8.GetBytes(Script), FileRights.Executable, mayReplace: overwrite, expected: old?.Stamp, cancellationToken: cancellationToken);
            Warnings = written.Warnings;
            return old is null ? () => FileReplacement.Remove(full, written.Stamp) : () => FileReplacement.Write(full, old.Content, expected: written.Stamp);
        }
        catch (DomainRuleException exception) when (exception.ErrorId == "FileExists")
        {
            throw new DomainRuleException("WrapperExists", exception.Message, ErrorKind.AlreadyExists);
        }
    }

    private static bool IsValueOfPrevious(IReadOnlyList<string> options, string option)
    {
        int index = options.ToList().IndexOf(option);
        return index > 0 && SeparateName().IsMatch(options[index - 1]);
    }

    private static void RequireAbsolute(string path, string whatItIs)
    {
        if (!path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new DomainRuleException("RelativeBinary", $"The {whatItIs} '{path}' is not an absolute path, and libvirt starts no other. Begin it with '/'.");
        }
    }

    [GeneratedRegex(@"\A-[A-Za-z]\z|\A--[A-Za-z0-9-]+\z")]
    private static partial Regex SeparateName();
}
