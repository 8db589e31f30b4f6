using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml;

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
        if (!mountPoint.StartsWith('/') || mountPoint.Contains('\0', StringComparison.Ordinal) || tag.Contains('\0', StringComparison.Ordinal))
        {
            throw new DomainRuleException("InvalidMountPoint", $"The mount point '{mountPoint}' is not an absolute path. Begin it with '/', such as /mnt/{tag}.");
        }

        string[] given = [.. options ?? []];
        if (Array.Find(given, option => !MountOption().IsMatch(option)) is string wrong)
        {
            throw new DomainRuleException("InvalidMountOption", $"'{wrong}' is not a mount option. Give options one by one, without commas and blanks, such as noatime.");
        }

        Tag = tag;
        MountPoint = mountPoint;
        Options = [.. readOnly ? ["ro"] : Array.Empty<string>(), .. given, .. noFail ? ["nofail"] : Array.Empty<string>()];
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
    public string FstabLine => $"{FstabField(Tag)} {FstabField(MountPoint)} {FileSystemType} {FstabOptions} 0 0";

    /// <summary>The name that the systemd unit must have: the escaped mount point.</summary>
    /// <exception cref="DomainRuleException">systemd cannot carry the mount point.</exception>
    public string SystemdUnitName => SystemdText.EscapePath(MountPoint) + ".mount";

    /// <summary>The systemd unit's content.</summary>
    /// <exception cref="DomainRuleException">systemd cannot carry the tag or the mount point.</exception>
    public string SystemdUnit
    {
        get
        {
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

    private string FstabOptions => Options.Count == 0 ? "defaults" : FstabField(string.Join(',', Options));

    private static string FstabField(string text)
    {
        string escaped = text
            .Replace(@"\", @"\134", StringComparison.Ordinal)
            .Replace(" ", @"\040", StringComparison.Ordinal)
            .Replace("\t", @"\011", StringComparison.Ordinal)
            .Replace("\n", @"\012", StringComparison.Ordinal)
            .Replace("\r", @"\015", StringComparison.Ordinal);
        return escaped.StartsWith('#') ? @"\043" + escaped[1..] : escaped;
    }

    /// <summary>A string of JSON is one of YAML too.</summary>
    private static string Yaml(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>cloud-init writes the fields to fstab as they are, so they are escaped for fstab first.</summary>
    private string CloudInitMounts()
    {
        string[] fields = [FstabField(Tag), FstabField(MountPoint), FileSystemType, FstabOptions, "0", "0"];
        return $"#cloud-config\nmounts:\n  - [ {string.Join(", ", fields.Select(Yaml))} ]\n";
    }

    private string CloudInitUnit()
    {
        string path = $"/etc/systemd/system/{SystemdUnitName}";
        return
            $"#cloud-config\nwrite_files:\n  - path: {Yaml(path)}\n    permissions: \"0644\"\n    content: {Yaml(SystemdUnit)}\nruncmd:\n" +
            $"  - [ systemctl, daemon-reload ]\n  - [ systemctl, enable, --now, {Yaml(SystemdUnitName)} ]\n";
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_=-]*\z")]
    private static partial Regex CloudInitKeepsTag();

    /// <summary>cloud-init takes such names for devices (cc_mounts: `sanitize_devname`).</summary>
    [GeneratedRegex(@"\A(?:x?[shv]d[a-z][0-9]*|sr[0-9]+|(?:ephemeral|swap|root|ami)[0-9]*)\z")]
    private static partial Regex CloudInitDevice();

    [GeneratedRegex(@"\A[^,\s\\\x00-\x1f]+\z")]
    private static partial Regex MountOption();
}
