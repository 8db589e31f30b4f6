using System.Reflection;

namespace VirtioFs.Guest.Harness;

/// <summary>The places in this checkout that the tests use.</summary>
internal static class Checkout
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = Metadata("Checkout");

    /// <summary>The executable that was built together with these tests.</summary>
    public static string Daemon { get; } = Metadata("Daemon");

    /// <summary>Where each test keeps its files and logs.</summary>
    public static string TestFolders { get; } = Path.Combine(Root, "artifacts", "guest");

    /// <summary>Programs that run inside guests; there they lie in <c>$WORKLOADS</c>.</summary>
    public static string Workloads { get; } = Path.Combine(Root, "tests", "Guest", "Workloads");

    /// <summary>The first process of every guest.</summary>
    public static string GuestInit { get; } = Path.Combine(Root, "eng", "guest-init.sh");

    /// <summary>Makes and boots QEMU guests; see its first lines.</summary>
    public static string GuestTool { get; } = Path.Combine(Root, "eng", "guest.sh");

    private static string Metadata(string key) =>
        typeof(Checkout).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == key).Value!;
}
