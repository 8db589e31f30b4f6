using Xunit.Sdk;

namespace VirtioFs.Guest.Harness;

/// <summary>
/// The files of one test: its logs stay, so that a failure can be read later; what it shared and its sockets go.
/// </summary>
internal sealed class TestFolder : IDisposable
{
    private readonly string _sockets = Directory.CreateTempSubdirectory("vfs-").FullName;

    /// <summary>Makes an empty folder that bears the running test's name.</summary>
    public TestFolder()
    {
        ITest test = TestContext.Current.Test ?? throw new InvalidOperationException("A test folder belongs to a test.");
        string name = test.TestDisplayName.Replace("VirtioFs.Guest.", "", StringComparison.Ordinal);
        Path = System.IO.Path.Combine(Checkout.TestFolders, string.Concat(name.Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.')));
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }

        Directory.CreateDirectory(Path);
    }

    /// <summary>The test's own folder.</summary>
    public string Path { get; }

    /// <summary>A new folder to be shared.</summary>
    public string MakeShared(string name = "share") => Directory.CreateDirectory(System.IO.Path.Combine(Path, "shared", name)).FullName;

    /// <summary>A path for a socket; they are short, since a socket's address has room for 107 bytes.</summary>
    public string Socket(string name) => System.IO.Path.Combine(_sockets, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        string shared = System.IO.Path.Combine(Path, "shared");
        if (Directory.Exists(shared))
        {
            Directory.Delete(shared, recursive: true);
        }

        Directory.Delete(_sockets, recursive: true);
    }
}
