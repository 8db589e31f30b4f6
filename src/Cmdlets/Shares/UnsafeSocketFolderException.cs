namespace VirtioFs.Cmdlets;

/// <summary>The standard folder for sockets is not the user's alone, so somebody else could put a socket in the place of ours.</summary>
/// <param name="message">Which folder it is, and what is wrong with it.</param>
internal sealed class UnsafeSocketFolderException(string message) : IOException(message);
