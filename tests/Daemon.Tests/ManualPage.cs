using System.Text;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Daemon.Tests;

/// <summary>packaging/vhost-user-fs.1, made of the table of options (man-pages(7), groff_man(7)).</summary>
internal static class ManualPage
{
    internal static string Create()
    {
        StringBuilder text = new();
        text.AppendLine(".\\\" Made of the table of options (src/DeviceEngine/Options) by a test of tests/Daemon.Tests.");
        text.AppendLine(".TH VHOST\\-USER\\-FS 1 \"\" \"VirtioFs\" \"User Commands\"");
        text.AppendLine(".SH NAME");
        text.AppendLine("vhost\\-user\\-fs \\- share a directory with a virtual machine");
        text.AppendLine(".SH SYNOPSIS");
        text.AppendLine(".B vhost\\-user\\-fs");
        text.AppendLine("\\fB\\-\\-shared\\-dir\\fR \\fIDIRECTORY\\fR \\fB\\-\\-socket\\-path\\fR \\fIPATH\\fR [\\fIoptions\\fR]");
        text.AppendLine(".SH DESCRIPTION");
        text.AppendLine("Shares a directory of the host with a virtual machine over virtio\\-fs, as a vhost\\-user back end of libvirt, QEMU and Cloud Hypervisor.");
        text.AppendLine("It listens on a socket, serves one virtual machine at a time, and goes on until SIGTERM, SIGINT or SIGHUP.");
        text.AppendLine("The virtual machine needs shared memory. Its Linux mounts the share by its tag: mount \\-t virtiofs TAG /mnt.");
        AppendSection(text, "THE SHARE AND ITS DEVICE", ShareOptionTable.Device);
        AppendSection(text, "HOW THE DIRECTORY IS PASSED ON", ShareOptionTable.FileSystem);
        AppendSection(text, "THE PROGRAM", ShareOptionTable.Program);
        text.AppendLine(".SH OLDER OPTIONS");
        text.AppendLine("Options may also be written as virtiofsd's older \\fB\\-o\\fR \\fIword,word=value\\fR, such as \\-o source=/srv,cache=auto,no_posix_lock.");
        text.AppendLine(".SH EXIT STATUS");
        text.AppendLine("0 after a signal, or when the one virtual machine has gone; 1 when the share cannot be started, or failed; 2 when the command line is wrong.");
        text.AppendLine(".SH ENVIRONMENT");
        text.AppendLine("NOTIFY_SOCKET, LISTEN_PID, LISTEN_FDS and JOURNAL_STREAM are set by systemd and mean what it says.");
        text.AppendLine(".SH FILES");
        text.AppendLine("/etc/virtiofs/\\fINAME\\fR.conf holds the settings of the service vhost\\-user\\-fs@\\fINAME\\fR.");
        text.AppendLine("\\fISOCKET\\fR.pid, beside the socket, holds the process's number and is locked.");
        text.AppendLine(".SH SEE ALSO");
        text.AppendLine(".BR mount (8), namespaces (7), systemd.service (5)");
        return text.ToString();
    }

    private static void AppendSection(StringBuilder text, string title, IReadOnlyList<ShareOption> options)
    {
        text.AppendLine($".SH {title}");
        foreach (ShareOption option in options)
        {
            string others = string.Concat(option.Spellings.Where(spelling => !spelling.IsLegacy).Select(spelling => $", \\fB{Escape(spelling.Word)}\\fR"));
            string value = option.ValueName.Length > 0 ? $" \\fI{Escape(option.ValueName)}\\fR" : string.Empty;
            string range = option.Range.Length > 0 ? $" {char.ToUpperInvariant(option.Range[0])}{option.Range[1..]}." : string.Empty;
            string standard = option.Default is OptionText.Off || option.Default.StartsWith("(required)", StringComparison.Ordinal) ? string.Empty : $" The default is {option.Default}.";
            text.AppendLine(".TP");
            text.AppendLine($"\\fB{Escape(option.Name)}\\fR{value}{others}");
            text.AppendLine(Escape(option.Description + range + (option.MayRepeat ? " It may come several times." : string.Empty) + standard));
        }
    }

    private static string Escape(string text)
    {
        string escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped[0] is '.' or '\'' ? "\\&" + escaped : escaped;
    }
}
