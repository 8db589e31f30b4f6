namespace VirtioFs.Fuse.Passthrough.OpenFiles;

/// <summary>An open file in use: its descriptor stays open until this is disposed, even when the guest releases it meanwhile.</summary>
internal readonly unsafe ref struct OpenFilePin
{
    private readonly OpenFileTable _table;
    private readonly int _index;

    internal OpenFilePin(OpenFileTable table, int index, OpenFile* file)
    {
        _table = table;
        _index = index;
        File = file;
    }

    internal OpenFile* File { get; }

    internal int Descriptor => File->Descriptor;

    public void Dispose() => _table?.Unpin(_index, File);
}
