using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse.Server;

/// <summary>Requests that the transport could not deliver whole.</summary>
public sealed unsafe partial class FuseWorker
{
    /// <summary>
    /// Answers a request with an error without looking at more than its header: for a request of which the transport could not reach
    /// all memory.
    /// </summary>
    /// <param name="exchange">As much of the request and of the room for its answer as can be reached.</param>
    /// <param name="errno">The positive error number.</param>
    /// <returns>Bytes written into the reply pieces; 0 when there is no header to answer, or no room for the answer.</returns>
    public uint Refuse(FuseExchange exchange, int errno)
    {
        RequestReader reader = new(exchange);
        ReplyWriter reply = new(exchange);
        if (!reader.TryRead(out InHeader header) || IsForget(header.Opcode) || reply.Room < 0)
        {
            Counters.NoteMalformed();
            return 0;
        }

        _files.Abandon(header.Unique);
        Counters.Note(header.Opcode, -errno);
        return reply.Finish(header.Unique, -errno);
    }
}
