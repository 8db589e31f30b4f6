namespace VirtioFs.Linux;

/// <summary>The names of capabilities, without CAP_, in the order of their bits (<c>linux/capability.h</c>).</summary>
public static class CapabilityNames
{
    private static readonly string[] s_names =
    [
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
        "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot",
        "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease",
        "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read",
        "perfmon", "bpf", "checkpoint_restore",
    ];

    /// <summary>The number of the last one that this program knows.</summary>
    internal static int LastKnown => s_names.Length - 1;

    /// <summary>The number of the kernel's last one.</summary>
    internal static int Last => int.TryParse(System.IO.File.ReadAllText("/proc/sys/kernel/cap_last_cap"), out int last) ? last : LastKnown;

    /// <summary>Its bit in a set; zero when there is none of this name.</summary>
    public static ulong GetBit(string name)
    {
        int number = Array.FindIndex(s_names, known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        return number < 0 ? 0 : 1UL << number;
    }

    /// <summary>The names of those in a set.</summary>
    public static IEnumerable<string> InSet(ulong set) => s_names.Where((_, number) => (set >> number & 1) != 0);

    /// <summary>Whether there is a capability of this name, in any case.</summary>
    public static bool Contains(string name) => s_names.Contains(name, StringComparer.OrdinalIgnoreCase);
}
