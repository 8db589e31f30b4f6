using System.Globalization;
using System.Text.Json;
using CsCheck;
using VirtioFs.LibvirtXml.Guest;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class GuestMountProperties
{
    private const int Batch = 40;

    /// <summary>Mounts that can be made, each at a place of its own, since readers take two mounts of one place together.</summary>
    private static readonly Gen<GuestMount[]> Mounts = Gen.Select(Texts.Tag, Texts.LinePath, Texts.Line.Array[0, 2]).Array[Batch].Select(parts =>
        parts.Select((part, index) => Make(part.Item1, string.Create(CultureInfo.InvariantCulture, $"/{index}{part.Item2}"), part.Item3)).OfType<GuestMount>().ToArray());

    [Fact]
    public void Libmount_reads_each_line_as_it_was_meant()
    {
        string findmnt = Tool.Require("findmnt", "util-linux");
        using TemporaryFolder folder = new();
        Mounts.Select(mounts => mounts.Where(mount => Text(() => mount.FstabLine) is not null).ToArray()).Where(mounts => mounts.Length > 0).Sample(
            mounts =>
            {
                string table = folder.Write("fstab", string.Concat(mounts.Select(mount => mount.FstabLine + "\n")));

                (int exitCode, string output) = Tool.Run(findmnt, ["--tab-file", table, "--json", "--list", "--output", "SOURCE,TARGET,OPTIONS"]);

                Assert.Equal(0, exitCode);
                string?[] read = [.. JsonDocument.Parse(output).RootElement.GetProperty("filesystems").EnumerateArray()
                    .Select(found => $"{found.GetProperty("source")} on {found.GetProperty("target")} with {found.GetProperty("options")}")];
                Assert.Equal(mounts.Select(mount => $"{mount.Tag} on {mount.MountPoint} with {(mount.Options.Count == 0 ? "defaults" : string.Join(',', mount.Options))}"), read);
                (_, string verdict) = Tool.Run(findmnt, ["--verify", "--tab-file", table]);
                Assert.Contains("0 parse errors", verdict, StringComparison.Ordinal);
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void Systemd_makes_the_same_unit_of_a_line_as_is_written_here()
    {
        const string Generator = "/usr/lib/systemd/system-generators/systemd-fstab-generator";
        Assert.SkipUnless(File.Exists(Generator), "systemd-fstab-generator is not installed (package systemd).");
        using TemporaryFolder folder = new();
        int number = 0;
        Mounts.Select(mounts => mounts.Where(mount => Text(() => mount.FstabLine) is not null && Text(() => mount.SystemdUnit) is not null).ToArray()).Sample(
            mounts =>
            {
                string table = folder.Write("fstab", string.Concat(mounts.Select(mount => mount.FstabLine + "\n")));
                string units = Directory.CreateDirectory(Path.Combine(folder.Path, $"{number++}")).FullName;

                (_, string said) = Tool.Run("/usr/bin/env", [$"SYSTEMD_FSTAB={table}", "SYSTEMD_LOG_TARGET=console", Generator, units, units, units]);

                foreach (GuestMount mount in mounts)
                {
                    string unit = Path.Combine(units, mount.SystemdUnitName);
                    Assert.True(File.Exists(unit), $"No unit '{mount.SystemdUnitName}' was made of '{mount.FstabLine}'. {said}");
                    Assert.Equal(Places(mount.SystemdUnit), Places(File.ReadAllText(unit)));
                }
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void Systemd_finds_nothing_wrong_with_a_unit()
    {
        string analyze = Tool.Require("systemd-analyze", "systemd");
        using TemporaryFolder folder = new();
        int number = 0;

        // The program takes a colon in a file's name for the beginning of another name.
        Mounts.Select(mounts => mounts.Where(mount => Text(() => mount.SystemdUnit) is not null && Text(() => mount.SystemdUnitName)?.Contains(':', StringComparison.Ordinal) == false).ToArray())
            .Where(mounts => mounts.Length > 0).Sample(
            mounts =>
            {
                string units = Directory.CreateDirectory(Path.Combine(folder.Path, $"{number++}")).FullName;
                Array.ForEach(mounts, mount => File.WriteAllText(Path.Combine(units, mount.SystemdUnitName), mount.SystemdUnit));

                (int exitCode, string said) = Tool.Run(analyze, ["verify", "--man=no", .. Directory.GetFiles(units)]);

                Assert.True(exitCode == 0 && !said.Contains(units, StringComparison.Ordinal) && !said.Contains(".mount:", StringComparison.Ordinal), said);
            },
            iter: 5,
            threads: 1);
    }

    [Fact]
    public void A_units_name_is_what_systemd_escape_says()
    {
        string escape = Tool.Require("systemd-escape", "systemd");
        Mounts.Select(mounts => mounts.Where(mount => Text(() => mount.SystemdUnitName) is not null).ToArray()).Where(mounts => mounts.Length > 0).Sample(
            mounts =>
            {
                (int exitCode, string output) = Tool.Run(escape, ["--path", "--suffix=mount", "--", .. mounts.Select(mount => mount.MountPoint)]);

                Assert.Equal(0, exitCode);
                Assert.Equal(string.Join(' ', mounts.Select(mount => mount.SystemdUnitName)), output.TrimEnd('\n'));
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void A_reader_of_yaml_and_one_of_json_get_the_unit_or_the_line()
    {
        string python = Tool.Require("python3", "python3-yaml");
        Mounts.Select(mounts => mounts.Where(mount => Text(() => mount.CloudInit) is not null).ToArray()).Sample(
            mounts =>
            {
                (int exitCode, string output) = Tool.Run(python, ["-c", ReadCloudInit], string.Join('\0', mounts.Select(mount => mount.CloudInit)));

                Assert.SkipWhen(output.Contains("No module named", StringComparison.Ordinal), "PyYAML is not installed (package python3-yaml).");
                Assert.True(exitCode == 0, output);
                Assert.Equal(mounts.Select(Expected), JsonSerializer.Deserialize<string[]>(output));
                foreach (GuestMount mount in mounts.Where(mount => Text(() => mount.Ignition) is not null))
                {
                    JsonElement unit = JsonDocument.Parse(mount.Ignition).RootElement.GetProperty("systemd").GetProperty("units")[0];
                    Assert.Equal(mount.SystemdUnit, unit.GetProperty("contents").GetString());
                }
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void A_shell_gives_mount_the_words_that_are_meant()
    {
        Mounts.Where(mounts => mounts.Length > 0).Sample(
            mounts =>
            {
                string script = "mount() { printf '%s\\001' \"$@\"; }\n" + string.Join('\n', mounts.Select(mount => mount.Command));

                (_, string output) = Tool.Run("/bin/sh", ["-c", script]);

                Assert.Equal(
                    mounts.SelectMany(mount => (string[])["-t", "virtiofs", .. mount.Options.Count > 0 ? ["-o", string.Join(',', mount.Options)] : Array.Empty<string>(), .. mount.Tag.StartsWith('-') ? ["--"] : Array.Empty<string>(), mount.Tag, mount.MountPoint]),
                    output.Split('\u0001')[..^1]);
            },
            iter: 10,
            threads: 1);
    }

    private const string ReadCloudInit = """
        import json, sys, yaml
        found = []
        for text in sys.stdin.buffer.read().decode("utf-8").split("\0"):
            data = yaml.safe_load(text) if text else {}
            found += [" ".join(data["mounts"][0])] if "mounts" in data else [data["write_files"][0]["content"]] if data else []
        [text.encode("utf-8") for text in found]
        print(json.dumps(found))
        """;

    private static string Expected(GuestMount mount) =>
        mount.CloudInit.Contains("\nmounts:", StringComparison.Ordinal) ? mount.FstabLine : mount.SystemdUnit;

    /// <summary>The lines that say what is mounted where.</summary>
    private static string[] Places(string unit) => [.. unit.Split('\n').Where(line => line.StartsWith("What=", StringComparison.Ordinal) || line.StartsWith("Where=", StringComparison.Ordinal) || line.StartsWith("Options=", StringComparison.Ordinal))];

    /// <summary>A mount with those options that can stand in a list, if it can be made.</summary>
    private static GuestMount? Make(string tag, string mountPoint, string[] options)
    {
        string[] possible = [.. options.Where(option => Text(() => new GuestMount("t", "/m", options: [option]).Command) is not null && option != "nofail")];
        try
        {
            return new GuestMount(tag, mountPoint, options: possible);
        }
        catch (DomainRuleException)
        {
            return null;
        }
    }

    private static string? Text(Func<string> text)
    {
        try
        {
            return text();
        }
        catch (DomainRuleException)
        {
            return null;
        }
    }
}
