using VirtioFs.Bench.BackEnds;
using VirtioFs.Frontend.Fuse;

namespace VirtioFs.Bench.Workloads;

/// <summary>What the requests in flight do. Each request carries its number in <see cref="FuseRequest.Tag"/>.</summary>
internal abstract class Workload(string name)
{
    private ulong _random = 0x9e3779b97f4a7c15;

    /// <summary>What the command line and the report call it.</summary>
    public string Name { get; } = name;

    /// <summary>What is counted.</summary>
    public virtual string Unit => "operation";

    /// <summary>Bytes of file data that an operation moves.</summary>
    public virtual int BytesPerOperation => 0;

    /// <summary>Makes what the workload needs, and room for the state of so many requests.</summary>
    public abstract void Prepare(BenchSession session, int depth);

    /// <summary>Writes the request that comes next in its place. Allocates nothing.</summary>
    public abstract void Next(FuseRequest request);

    /// <summary>Takes a successful reply. Answers how many operations it completed; 0 when the operation goes on with another request.</summary>
    public virtual int Complete(FuseRequest request) => 1;

    /// <summary>Lets go of what <see cref="Prepare"/> opened.</summary>
    public virtual void Finish(BenchSession session)
    {
    }

    /// <summary>A number from 0 up to <paramref name="limit"/>, the same ones in each run (xorshift64).</summary>
    protected int Random(int limit)
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return (int)((_random >> 16) % (ulong)limit);
    }
}
