using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>In whose name the host is asked.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <summary>
    /// Acts as the guest's user until the scope ends, with the umask that it was agreed we apply. EOVERFLOW where the guest has no id for
    /// the caller (fs/fuse/dev.c), EPERM where a rule forbids it.
    /// </summary>
    private ImpersonationScope ActAsCaller(RequestContext request, uint umask)
    {
        int result = Math.Min(_userIds.TryToHost(request.UserId, out uint userId), _groupIds.TryToHost(request.GroupId, out uint groupId));
        uint supplementaryGroup = 0;
        if (request.SupplementaryGroup is uint group)
        {
            result = Math.Min(result, _groupIds.TryToHost(group, out supplementaryGroup));
        }

        if (result < 0)
        {
            return new ImpersonationScope(result);
        }

        if (request.Negotiated.Has(InitFlags.DontMask))
        {
            // The host's kernel knows whether a default access control list takes its place, the guest's often not. It stays set:
            // nothing but what follows here looks at it, and the next program most often has the same.
            request.Thread.SetUmask(umask);
        }

        return request.Thread.ActAs(userId, groupId, request.SupplementaryGroup is null ? null : supplementaryGroup);
    }

    /// <summary>
    /// Whether SUID and SGID go though the request has no word for it: fallocate and copies, where the guest's kernel has left that to
    /// us altogether. Root keeps them, as on a local disk, where the guest says that it is root.
    /// </summary>
    private static bool KillsUnasked(RequestContext request) =>
        request.UserId != 0 && request.Negotiated.Has(InitFlags.HandleKillPrivileges2);

    /// <summary>
    /// Lets what follows take set-id bits from a file until the scope ends, as it is with a guest's program that has no right to keep them.
    /// Who does not say who asks is taken for a member of no group. Where the share has no set-id bits, nobody has that right.
    /// </summary>
    private SetIdLossScope LoseSetId(RequestContext request, bool isWanted)
    {
        const uint NobodysGroup = RequestThread.InvalidId - 1;
        return isWanted || !_options.SetId
            ? request.Thread.LoseSetId(_groupIds.TryToHost(request.GroupId, out uint groupId) == 0 ? groupId : NobodysGroup)
            : default;
    }
}
