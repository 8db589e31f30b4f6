namespace VirtioFs.Fuzz;

/// <summary>A program of the host that changes the shared folders while they are used: it renames, removes, and puts links in places of folders.</summary>
internal sealed class HostActor : IDisposable
{
    private readonly FuzzTree _tree;
    private readonly Thread _thread;
    private volatile bool _ends;

    internal HostActor(FuzzTree tree, int seed)
    {
        _tree = tree;
        _thread = new Thread(() => Run(new Random(seed))) { IsBackground = true, Name = "host" };
        _thread.Start();
    }

    public void Dispose()
    {
        _ends = true;
        _thread.Join();
    }

    private void Run(Random random)
    {
        // Not of folders inside: the guest may put a link in a folder's place, which this program would follow.
        string[] names = ["a", "b", "c", "dir", "dir2", "file", "sub", "link"];
        while (!_ends)
        {
            string share = _tree.Share(random.Next(FuzzTree.Shares));
            string first = Path.Combine(share, names[random.Next(names.Length)]);
            string second = Path.Combine(share, names[random.Next(names.Length)]);
            try
            {
                Act(random.Next(5), first, second);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // What it wanted is not there any more, or in the way.
            }

            Thread.Sleep(1);
        }
    }

    private static void Act(int kind, string first, string second)
    {
        switch (kind)
        {
            case 0 when Directory.Exists(first):
                Directory.Move(first, second);
                break;
            case 0 or 1:
                File.Move(first, second, overwrite: true);
                break;
            case 2:
                // A folder gives way to a link that leads out.
                Directory.Move(first, first + ".moved");
                File.CreateSymbolicLink(first, "../beside");
                Thread.Sleep(1);
                File.Delete(first);
                Directory.Move(first + ".moved", first);
                break;
            case 3:
                Directory.CreateDirectory(first);
                break;
            default:
                File.Delete(first);
                break;
        }
    }
}
