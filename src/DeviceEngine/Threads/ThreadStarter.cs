using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Threads;

/// <summary>
/// Starts threads for those that are in a jail: what they make themselves inherits it, and some threads are another share's or the whole
/// process's. One thread of the process does it, as long as there are shares.
/// </summary>
internal static class ThreadStarter
{
    private const int StackSize = 128 * 1024;

    private static readonly object Gate = new();
    private static readonly Queue<Order> Orders = new();
    private static Thread? s_thread;
    private static int s_users;

    /// <summary>A share begins; the caller is in no jail.</summary>
    internal static void Use()
    {
        lock (Gate)
        {
            if (s_thread is null)
            {
                Thread thread = new(Run, StackSize) { IsBackground = true, Name = "vfs-threads" };
                thread.Start();
                s_thread = thread;
            }

            s_users++;
        }
    }

    /// <summary>A share has ended, and with it all of its threads.</summary>
    internal static void LetGo()
    {
        lock (Gate)
        {
            s_users--;
            Monitor.PulseAll(Gate);
        }
    }

    /// <summary>Starts a thread in no jail.</summary>
    /// <exception cref="OutOfMemoryException">The system has no thread for it.</exception>
    internal static void Start(Thread thread)
    {
        if (!ThreadJail.IsHere)
        {
            thread.Start();
            return;
        }

        Order order = new(thread);
        lock (Gate)
        {
            Orders.Enqueue(order);
            Monitor.PulseAll(Gate);
            while (!order.IsDone)
            {
                _ = Monitor.Wait(Gate);
            }
        }

        if (order.HasFailed)
        {
            throw new InsufficientMemoryException("The system has no thread for a share.");
        }
    }

    private static void Run()
    {
        lock (Gate)
        {
            while (true)
            {
                while (Orders.TryDequeue(out Order? order))
                {
                    order.HasFailed = !TryStart(order.Thread);
                    order.IsDone = true;
                    Monitor.PulseAll(Gate);
                }

                if (s_users == 0)
                {
                    s_thread = null;
                    return;
                }

                _ = Monitor.Wait(Gate);
            }
        }
    }

    private static bool TryStart(Thread thread)
    {
        try
        {
            thread.Start();
            return true;
        }
        catch (Exception fault) when (fault is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    private sealed class Order(Thread thread)
    {
        internal Thread Thread { get; } = thread;

        internal bool IsDone { get; set; }

        internal bool HasFailed { get; set; }
    }
}
