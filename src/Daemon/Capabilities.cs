namespace VirtioFs.Daemon;

/// <summary>What libvirt asks a back end before it starts it (QEMU's docs/interop/vhost-user.json).</summary>
internal static class Capabilities
{
    /// <summary>
    /// The answer. Without <c>separate-options</c> libvirt writes <c>-o source=…,cache=…,sandbox=…</c>, and passes on more of its XML than with it:
    /// the locks, which it refuses otherwise, and attributes that are off, which it forgets otherwise. All else is the same
    /// (qemu_virtiofs.c of libvirt 9.0 to 12.8). <c>migrate-precopy</c> would let a machine be migrated with its files left behind.
    /// </summary>
    internal const string Json = """
        {
          "type": "fs",
          "features": [
            "posix-acl-negotiation-mode",
            "security-label-negotiation-mode"
          ]
        }
        """;
}
