using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Guest;

/// <summary>How a guest mounts a share: by hand, in fstab, by systemd, and when it is first started.</summary>
public sealed partial class GuestMount
{
    private const string FileSystemType = "virtiofs";

    private static readonly JsonWriterOptions JsonOptions = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Makes the texts for a share.</summary>
    /// <param name="tag">The share's tag.</param>
    /// <param name="mountPoint">The absolute path in the guest.</param>
    /// <param name="readOnly">Whether the guest mounts it read-only.</param>
    /// <param name="options">More mount options, such as <c>noatime</c>.</param>
    /// <param name="noFail">Whether the guest starts when the share is missing.</param>
    /// <exception cref="DomainRuleException">QEMU would refuse the tag, or the mount point or an option is none.</exception>
    public GuestMount(string tag, string mountPoint, bool readOnly = false, IReadOnlyList<string>? options = null, bool noFail = false)
    {
        ArgumentNullException.ThrowIfNull(mountPoint);
        FileSystemRules.RequireTag(tag);
        RequireMountable(tag);
        RequireMountPoint(mountPoint);

        string[] given = [.. options ?? []];
        if (Array.Find(given, option => !MountOption().IsMatch(option)) is string wrong)
        {
            throw new DomainRuleException("InvalidMountOption", $"'{wrong}' is not a mount option. Give options one by one, without commas and blanks, such as noatime.");
        }

        Tag = tag;
        MountPoint = mountPoint;
        Options = [.. readOnly ? ["ro"] : Array.Empty<string>(), .. given, .. noFail ? ["nofail"] : Array.Empty<string>()];
    }

    /// <summary>The mount point of a share that is given none: its tag below <c>/mnt</c>, with '-' in the place of '/'.</summary>
    /// <param name="tag">The share's tag.</param>
    /// <returns>The absolute path.</returns>
    /// <exception cref="DomainRuleException">The tag is no name that a folder could have.</exception>
    public static string DefaultMountPoint(string tag)
    {
        FileSystemRules.RequireTag(tag);
        return tag is "." or ".."
            ? throw new DomainRuleException("MountPointMissing", $"The tag '{tag}' is no name of a folder below /mnt. Say where the guest mounts it, such as /mnt/share.")
            : $"/mnt/{tag.Replace('/', '-')}";
    }

    /// <summary>The share's tag.</summary>
    public string Tag { get; }

    /// <summary>The absolute path in the guest.</summary>
    public string MountPoint { get; }

    /// <summary>The mount options.</summary>
    public IReadOnlyList<string> Options { get; }

    /// <summary>The command for the guest's shell, run as root.</summary>
    public string Command
    {
        get
        {
            // nofail is for fstab and systemd; the mount command itself ignores it.
            string[] effective = [.. Options.Where(option => option != "nofail")];
            string[] flags = effective.Length == 0 ? [] : ["-o", string.Join(',', effective)];
            string[] end = Tag.StartsWith('-') ? ["--", Tag, MountPoint] : [Tag, MountPoint];
            return ShellText.Join(["mount", "-t", FileSystemType, .. flags, .. end]);
        }
    }

    /// <summary>The line for <c>/etc/fstab</c>; blanks and the like are octal escapes (fstab(5)).</summary>
    /// <exception cref="DomainRuleException">Not all readers of the file would take the tag or the mount point as they are.</exception>
    public string FstabLine => $"{FstabField(Tag, "tag")} {FstabField(MountPoint, "mount point")} {FileSystemType} {FstabOptions} 0 0";

    /// <summary>The name that the systemd unit must have: the escaped mount point.</summary>
    /// <exception cref="DomainRuleException">systemd cannot carry the mount point.</exception>
    public string SystemdUnitName => SystemdText.EscapePath(MountPoint) + ".mount";

    /// <summary>The systemd unit's content.</summary>
    /// <exception cref="DomainRuleException">systemd cannot carry the tag or the mount point.</exception>
    public string SystemdUnit
    {
        get
        {
            if (Tag.StartsWith('-'))
            {
                throw new DomainRuleException("NotForSystemd", $"systemd would give the tag '{Tag}' to mount(8) as an option. Choose another one, or use the mount command.");
            }

            string where = SystemdText.Value(SystemdText.Simplify(MountPoint), "mount point");
            StringBuilder unit = new();
            unit.Append("[Unit]\nDescription=virtio-fs share ").Append(SystemdText.Value(Tag, "tag")).Append('\n');
            unit.Append("\n[Mount]\nWhat=").Append(SystemdText.Value(Tag, "tag")).Append('\n');
            unit.Append("Where=").Append(where).Append('\n');
            unit.Append("Type=").Append(FileSystemType).Append('\n');
            string[] effective = [.. Options.Where(option => option != "nofail")];
            if (effective.Length > 0)
            {
                unit.Append("Options=").Append(SystemdText.Value(string.Join(',', effective), "list of options")).Append('\n');
            }

            // Wanted, not required: a guest without its share starts all the same, and 'systemctl --failed' shows it.
            return unit.Append("\n[Install]\nWantedBy=multi-user.target\n").ToString();
        }
    }

    /// <summary>The cloud-init user data: a <c>mounts</c> entry, or a systemd unit where cloud-init would rewrite the tag.</summary>
    /// <exception cref="DomainRuleException">systemd cannot carry the tag or the mount point, and a unit is needed.</exception>
    public string CloudInit => CloudInitKeepsTag().IsMatch(Tag) && !CloudInitDevice().IsMatch(Tag) ? CloudInitMounts() : CloudInitUnit();

    /// <summary>The Ignition configuration (version 3.3.0) with the systemd unit.</summary>
    /// <exception cref="DomainRuleException">systemd cannot carry the tag or the mount point.</exception>
    public string Ignition
    {
        get
        {
            using MemoryStream stream = new();
            using (Utf8JsonWriter json = new(stream, JsonOptions))
            {
                json.WriteStartObject();
                json.WriteStartObject("ignition");
                json.WriteString("version", "3.3.0");
                json.WriteEndObject();
                json.WriteStartObject("systemd");
                json.WriteStartArray("units");
                json.WriteStartObject();
                json.WriteString("name", SystemdUnitName);
                json.WriteBoolean("enabled", true);
                json.WriteString("contents", SystemdUnit);
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteEndObject();
                json.WriteEndObject();
            }

            return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
        }
    }

    private string FstabOptions => Options.Count == 0 ? "defaults" : FstabField(string.Join(',', Options), "list of options");

    /// <summary>
    /// libmount and the C library (`getmntent`), by which systemd reads the file, agree on four escapes alone. What systemd makes of a
    /// field stands in a unit, with a unit's rules, and then on mount(8)'s command line.
    /// </summary>
    private static string FstabField(string text, string whatItIs)
    {
        bool isCarried = text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 && text == text.Trim(SystemdText.Blanks) && !text.EndsWith('\\') && text[0] is not ('#' or '-');
        return isCarried
            ? text.Replace(@"\", @"\134", StringComparison.Ordinal).Replace(" ", @"\040", StringComparison.Ordinal)
            : throw new DomainRuleException(
                "NotForFstab",
                $"The {whatItIs} '{text}' cannot stand in /etc/fstab, whose readers would take it for another one: it has a control character, blanks at an end, a backslash as " +
                "its last character, or '#' or '-' as its first. Choose another one, or use the mount command.");
    }

    /// <summary>mount(8) takes such a source for a disk that it has to find (libmount: `mnt_valid_tagname`).</summary>
    private static void RequireMountable(string tag)
    {
        if (DiskTag().IsMatch(tag))
        {
            throw new DomainRuleException("TagNotMountable", $"A guest's mount command would look for a disk when it reads the tag '{tag}'. Choose one that does not begin like that.");
        }

        RequireText(tag, "tag");
    }

    private static void RequireMountPoint(string mountPoint)
    {
        RequireText(mountPoint, "mount point");
        if (!mountPoint.StartsWith('/'))
        {
            throw new DomainRuleException("InvalidMountPoint", $"The mount point '{mountPoint}' is not an absolute path. Begin it with '/', such as /mnt/share.");
        }

        if (mountPoint.Split('/').Contains(".."))
        {
            throw new DomainRuleException("InvalidMountPoint", $"The mount point '{mountPoint}' has '..' in it, which may lead anywhere in the guest. Give the plain path.");
        }
    }

    private static void RequireText(string text, string whatItIs)
    {
        bool isText = !text.Contains('\0', StringComparison.Ordinal) && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;
        if (!isText)
        {
            throw new DomainRuleException("InvalidText", $"The {whatItIs} '{text}' has a NUL or half a character in it, which no program can be given. Choose another one.");
        }
    }

    /// <summary>cloud-init writes the fields to fstab as they are, so they are escaped for fstab first.</summary>
    private string CloudInitMounts()
    {
        string[] fields = [FstabField(Tag, "tag"), FstabField(MountPoint, "mount point"), FileSystemType, FstabOptions, "0", "0"];
        return $"#cloud-config\nmounts:\n  - [ {string.Join(", ", fields.Select(YamlText.Quote))} ]\n";
    }

    private string CloudInitUnit()
    {
        string path = $"/etc/systemd/system/{SystemdUnitName}";
        return
            $"#cloud-config\nwrite_files:\n  - path: {YamlText.Quote(path)}\n    permissions: \"0644\"\n    content: {YamlText.Quote(SystemdUnit)}\nruncmd:\n" +
            $"  - [ systemctl, daemon-reload ]\n  - [ systemctl, enable, --now, {YamlText.Quote(SystemdUnitName)} ]\n";
    }

    [GeneratedRegex(@"\A(?:LABEL|UUID|PARTLABEL|PARTUUID|ID)=")]
    private static partial Regex DiskTag();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_=-]*\z")]
    private static partial Regex CloudInitKeepsTag();

    /// <summary>cloud-init takes such names for devices (cc_mounts: `sanitize_devname`).</summary>
    [GeneratedRegex(@"\A(?:x?[shv]d[a-z][0-9]*|sr[0-9]+|(?:ephemeral|swap|root|ami)[0-9]*)\z")]
    private static partial Regex CloudInitDevice();

    [GeneratedRegex(@"\A[^,\s\\\x00-\x1f]+\z")]
    private static partial Regex MountOption();
}
