namespace VirtioFs.Linux;

/// <summary>What a jail has to leave to the threads that answer for a file system.</summary>
/// <param name="Tree">A descriptor of the only directory, or file, in and below which anything is opened or changed; a path reference is enough.</param>
/// <param name="Capabilities">The capabilities that may be used, where the process has them.</param>
/// <param name="OpensByHandle">
/// Whether files are opened by handles. Such a file may be one that the host's kernel knows by no name at the moment, which Landlock refuses.
/// </param>
public readonly record struct JailNeeds(int Tree, Capability Capabilities, bool OpensByHandle = false);
