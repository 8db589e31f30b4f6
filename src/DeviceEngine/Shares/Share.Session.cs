using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Shares;

/// <content>The session of the connected front end, for who looks on or ends it.</content>
public sealed partial class Share
{
    /// <summary>
    /// What the present session is and holds. Requests go on meanwhile, and none waits for this: only who takes or gives up a lock waits while
    /// the locks are copied.
    /// </summary>
    /// <param name="parts">What to list beside the numbers. A guest may know millions of inodes.</param>
    /// <returns>Null when no front end is connected.</returns>
    public ShareSession? InspectSession(SessionParts parts = SessionParts.None) =>
        State == ShareState.Connected ? _control.InspectSession(parts) : null;

    /// <summary>
    /// Closes a file or directory that the guest holds open, and gives up the locks taken through it. What the guest asks with the handle
    /// afterwards is answered with EBADF; requests that are under way are finished first. What the guest has written into its own cache
    /// and not sent yet is lost to it. Where closing hangs in the host, this returns after two seconds, and the file is closed when the host goes on.
    /// </summary>
    /// <param name="handle">A <see cref="SessionFile.Handle"/>. No other file of the share ever has the same.</param>
    /// <returns>False when it is not open.</returns>
    public bool TryCloseFile(ulong handle) => _control.TryCloseFile(handle);

    /// <summary>
    /// Ends a session as if the front end had gone: all that its guest holds is let go, and the share waits for the next front end.
    /// Returns at once; the state tells when it is done.
    /// </summary>
    /// <param name="session">A <see cref="ShareSession.Number"/>.</param>
    /// <returns>False when that session has ended already.</returns>
    public bool TryDisconnect(long session) => _control.TryDisconnect(session);
}
