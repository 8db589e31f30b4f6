namespace VirtioFs.Daemon;

/// <summary>What libvirt asks a back end before it starts it (QEMU's docs/interop/vhost-user.json).</summary>
internal static class Capabilities
{
    /// <summary>The answer: a file-system back end that takes each option by itself, without the old <c>-o</c>.</summary>
    internal const string Json = """
        {
          "type": "fs",
          "features": [
            "separate-options"
          ]
        }
        """;
}
