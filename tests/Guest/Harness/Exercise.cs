using System.Globalization;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;

namespace VirtioFs.Guest.Harness;

/// <summary>
/// How long the tests of the kind "go on for a while and look" go on, which the environment decides, and the shares that they
/// work on. By default they are short.
/// </summary>
internal static class Exercise
{
    /// <summary><c>VIRTIOFS_EXERCISE_STEPS</c>: random steps on one file.</summary>
    public static int Steps { get; } = Number("VIRTIOFS_EXERCISE_STEPS", 15_000);

    /// <summary><c>VIRTIOFS_EXERCISE_SECONDS</c>: for tests that count no steps.</summary>
    public static int Seconds { get; } = Number("VIRTIOFS_EXERCISE_SECONDS", 5);

    /// <summary>The cache policies, and writeback as one more.</summary>
    public static TheoryData<string> Policies { get; } = ["auto", "always", "writeback", "metadata", "never"];

    /// <summary>Those under which a guest may map files as shared memory: past its page cache there is nothing to map.</summary>
    public static TheoryData<string> MappablePolicies { get; } = ["auto", "always", "writeback"];

    /// <summary>Whether it is one of <see cref="MappablePolicies"/>.</summary>
    public static bool IsMappable(string policy) => policy is "auto" or "always" or "writeback";

    /// <summary>Shares a folder under one of <see cref="Policies"/>, and runs a script in a guest that mounts it.</summary>
    public static Task<GuestResult> RunAsync(GuestKernel kernel, TestFolder folder, string policy, string script) =>
        RunAsync(kernel, folder, OptionsOf(policy), script);

    /// <summary>Shares a folder, and runs a script in a guest that mounts it.</summary>
    public static async Task<GuestResult> RunAsync(GuestKernel kernel, TestFolder folder, PassthroughOptions options, string script)
    {
        string socket = folder.Socket("share");
        using Share share = Share.Start(new ShareOptions
        {
            Path = folder.MakeShared(),
            Tag = Path.GetFileName(Path.GetDirectoryName(socket))!,
            SocketPath = socket,
            FileSystem = options,
        });
        GuestResult result = await kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [new GuestShare(share.Options.Tag, share.Options.SocketPath)],
            TimeLimit = TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(Seconds * 3) + TimeSpan.FromMilliseconds(Steps * 10),
            Script = script,
        });
        result.ShouldSucceed();
        Assert.Null(share.FaultReason);
        return result;
    }

    /// <summary>A number from the environment.</summary>
    public static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    private static PassthroughOptions OptionsOf(string policy) => policy == "writeback"
        ? new PassthroughOptions { Cache = CachePolicy.Always, Writeback = true }
        : new PassthroughOptions { Cache = Enum.Parse<CachePolicy>(policy, ignoreCase: true) };
}
