using System.Diagnostics;
using System.Net.Sockets;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>Lines of the control channel.</summary>
internal static class ControlLine
{
    private const int FirstSize = 4096;

    /// <summary>Receives up to the end of a line.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="limit">The most bytes that a line may have.</param>
    /// <param name="patience">How long the line may take, in milliseconds, however it is cut into pieces.</param>
    /// <param name="awaits">Whether its first byte may take as long as it likes.</param>
    /// <exception cref="IOException">It is longer, or the connection ended before it did.</exception>
    /// <exception cref="SocketException">Nothing came in time.</exception>
    internal static ReadOnlySpan<byte> Read(Socket socket, int limit, int patience, bool awaits = false)
    {
        byte[] buffer = new byte[Math.Min(FirstSize, limit)];
        int length = 0;
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            bool isBegun = length > 0 || !awaits;
            int left = patience - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (isBegun && left <= 0)
            {
                throw new SocketException((int)SocketError.TimedOut);
            }

            socket.ReceiveTimeout = isBegun ? left : 0;
            int received = socket.Receive(buffer.AsSpan(length));
            if (received == 0)
            {
                throw new IOException("The connection ended before the line did.");
            }

            start = isBegun ? start : Stopwatch.GetTimestamp();
            int end = Array.IndexOf(buffer, (byte)'\n', length, received);
            length += received;
            if (end >= 0)
            {
                return buffer.AsSpan(0, end);
            }

            if (length == limit)
            {
                throw new IOException($"A line has more than {limit} bytes.");
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(limit, buffer.Length * 2L));
            }
        }
    }
}
