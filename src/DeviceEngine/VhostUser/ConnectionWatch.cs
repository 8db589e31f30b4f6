namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>What else a connection's thread looks after while it waits for its front end.</summary>
/// <param name="Listener">The socket where other front ends knock; -1 for none.</param>
/// <param name="Knock">Called when one does; false when it could not be let in, and is not to be called again.</param>
/// <param name="Review">Called before each wait; answers after how many milliseconds it wants to be called again, -1 for not before the next message.</param>
internal sealed record ConnectionWatch(int Listener, Func<bool> Knock, Func<int> Review)
{
    /// <summary>Nothing else.</summary>
    internal static readonly ConnectionWatch None = new(-1, () => false, () => -1);
}
