namespace VirtioFs.Linux;

/// <summary>This process runs as root and cannot act as others, so all that guests make would be root's.</summary>
public sealed class ImpersonationException : IOException
{
    internal ImpersonationException() : base(
        "Files cannot be made in the name of the guest's users, since this process runs as root and may not act as others. Give it CAP_SETUID and "
        + "CAP_SETGID, run it as an ordinary user, or make the share read-only.")
    {
    }
}
