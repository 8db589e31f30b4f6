namespace VirtioFs.Guest.Harness;

/// <summary>Programs in C from the folder of workloads, for guests that see the host's files.</summary>
internal static class GuestProgram
{
    /// <summary>Compiles one, or skips the running test where there is no compiler.</summary>
    /// <returns>The program's path.</returns>
    public static async Task<string> CompileAsync(TestFolder folder, string name)
    {
        Assert.SkipWhen(HostProgram.Find("cc") is null, "There is no C compiler here.");
        string program = Path.Combine(folder.Path, name);
        await HostProgram.RunAsync("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, Path.Combine(Checkout.Workloads, $"{name}.c"));
        return program;
    }
}
