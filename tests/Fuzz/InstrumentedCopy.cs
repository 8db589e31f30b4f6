using System.Diagnostics;
using SharpFuzz;

namespace VirtioFs.Fuzz;

/// <summary>A copy of this program whose engine counts the edges that it takes, since instrumented code is another file.</summary>
internal static class InstrumentedCopy
{
    /// <summary>Set in the copy's environment.</summary>
    internal const string Variable = "VIRTIOFS_FUZZ_INSTRUMENTED";

    private static readonly string[] s_assemblies = ["VirtioFs.Fuse.dll", "VirtioFs.DeviceEngine.dll"];

    /// <summary>Makes the copy, runs it with the same arguments, and answers its exit code.</summary>
    internal static int Run(string[] arguments)
    {
        DirectoryInfo copy = Directory.CreateTempSubdirectory("virtiofs-fuzz-program-");
        try
        {
            foreach (string file in Directory.GetFiles(AppContext.BaseDirectory))
            {
                File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
            }

            foreach (string assembly in s_assemblies)
            {
                _ = Fuzzer.Instrument(Path.Combine(copy.FullName, assembly), _ => true, SharpFuzz.Options.Value).Count();
            }

            ProcessStartInfo start = new(Environment.ProcessPath!) { Environment = { [Variable] = "1" } };
            if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            {
                start.ArgumentList.Add(Path.Combine(copy.FullName, "virtiofs-fuzz.dll"));
            }
            else
            {
                start.FileName = Path.Combine(copy.FullName, "virtiofs-fuzz");
            }

            foreach (string argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }

            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }
}
