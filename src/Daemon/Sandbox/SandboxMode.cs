namespace VirtioFs.Daemon.Sandbox;

/// <summary>How the process is confined (<c>--sandbox</c>).</summary>
internal enum SandboxMode
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>Namespaces of its own, with the share as the only file system.</summary>
    Namespace,

    /// <summary>The share as its root directory, for root where there are no namespaces.</summary>
    Chroot,
}
