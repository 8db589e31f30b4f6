using System.Collections.Concurrent;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Events of shares for whoever registers (Register-ObjectEvent). They are raised one after the other on a thread of their own, so no handler
/// holds a share up; of very many that wait for a slow handler the newest are dropped.
/// </summary>
internal static class ShareEvents
{
    private const int MostWaiting = 1024;
    private static readonly Lock s_gate = new();
    private static readonly Dictionary<(int Id, ShareEventKind Kind), EventHandler<VirtioFsShareEventArgs>> s_handlers = [];
    private static readonly HashSet<int> s_heard = [];
    private static readonly BlockingCollection<(IRunningShare Share, ShareEventKind Kind, string? Reason)> s_waiting = new(MostWaiting);
    private static Thread? s_thread;

    /// <summary>Registers a handler. Of a share that is not there any more nothing will be heard.</summary>
    internal static void Add(int id, ShareEventKind kind, EventHandler<VirtioFsShareEventArgs>? handler)
    {
        IRunningShare? share = RunningShares.Find(id);
        if (share is null || handler is null)
        {
            return;
        }

        lock (s_gate)
        {
            s_handlers[(id, kind)] = s_handlers.TryGetValue((id, kind), out EventHandler<VirtioFsShareEventArgs>? others) ? others + handler : handler;
            if (s_heard.Add(id))
            {
                Hear(share);
            }

            if (s_thread is null)
            {
                s_thread = new Thread(Raise) { IsBackground = true, Name = "vfs-events" };
                s_thread.Start();
            }
        }
    }

    /// <summary>Takes a handler back.</summary>
    internal static void Remove(int id, ShareEventKind kind, EventHandler<VirtioFsShareEventArgs>? handler)
    {
        lock (s_gate)
        {
            if (!s_handlers.TryGetValue((id, kind), out EventHandler<VirtioFsShareEventArgs>? present))
            {
                return;
            }

            if ((present - handler) is { } others)
            {
                s_handlers[(id, kind)] = others;
            }
            else
            {
                _ = s_handlers.Remove((id, kind));
            }
        }
    }

    private static void Hear(IRunningShare share)
    {
        if (share is DetachedShare detached)
        {
            DetachedListener.Begin(detached, change => Note(detached, change), () => IsWanted(detached.Id));
        }
        else
        {
            ((Share)share).StateChanged += OnChanged;
        }
    }

    // When nobody is left, the next handler begins anew.
    private static bool IsWanted(int id)
    {
        lock (s_gate)
        {
            return s_handlers.Keys.Any(key => key.Id == id) || !s_heard.Remove(id);
        }
    }

    private static void OnChanged(object? sender, ShareStateChangedEventArgs change) => Note((Share)sender!, change);

    private static void Note(IRunningShare share, ShareStateChangedEventArgs change)
    {
        if (change.Previous == ShareState.Connected)
        {
            _ = s_waiting.TryAdd((share, ShareEventKind.Disconnected, change.Reason));
        }

        if (change.Current == ShareState.Connected)
        {
            _ = s_waiting.TryAdd((share, ShareEventKind.Connected, change.Reason));
        }
        else if (change.Current == ShareState.Faulted)
        {
            _ = s_waiting.TryAdd((share, ShareEventKind.Faulted, change.Reason));
        }
    }

    private static void Raise()
    {
        foreach ((IRunningShare share, ShareEventKind kind, string? reason) in s_waiting.GetConsumingEnumerable())
        {
            EventHandler<VirtioFsShareEventArgs>? handlers;
            lock (s_gate)
            {
                handlers = s_handlers.GetValueOrDefault((share.Id, kind));
                if (share.State == ShareState.Stopped && s_waiting.Count == 0)
                {
                    Forget(share);
                }
            }

            try
            {
                Refresh(share);
                VirtioFsShareInfo info = new(share);
                handlers?.Invoke(info, new VirtioFsShareEventArgs(info, reason));
            }
#pragma warning disable CA1031 // What a handler throws must not end the thread, and with it the process.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    private static void Refresh(IRunningShare share)
    {
        try
        {
            ShareObservation.Refresh(share);
        }
        catch (IOException)
        {
            // It is told as it was.
        }
    }

    // An id is never used again.
    private static void Forget(IRunningShare share)
    {
        (share as Share)?.StateChanged -= OnChanged;
        _ = s_heard.Remove(share.Id);
        foreach (ShareEventKind kind in Enum.GetValues<ShareEventKind>())
        {
            _ = s_handlers.Remove((share.Id, kind));
        }
    }
}
