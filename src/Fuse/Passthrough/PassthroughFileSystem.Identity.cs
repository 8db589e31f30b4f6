using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse;

/// <summary>In whose name the host is asked.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <summary>Acts as the guest's user from here on, with the umask that it was agreed we apply. Nobody's rights have changed when this answers an error.</summary>
    private int Become(RequestContext request, uint umask)
    {
        uint? supplementaryGroup = null;
        int result = Math.Min(_userIds.TryToHost(request.UserId, out uint userId), _groupIds.TryToHost(request.GroupId, out uint groupId));
        if (request.SupplementaryGroup is uint group)
        {
            result = Math.Min(result, _groupIds.TryToHost(group, out group));
            supplementaryGroup = group;
        }

        result = result < 0 ? result : request.Thread.Become(userId, groupId, supplementaryGroup);
        if (result == 0 && request.Negotiated.Has(InitFlags.DontMask))
        {
            // The host's kernel knows whether a default access control list takes its place, the guest's often not. It stays set:
            // nothing but what follows here looks at it, and the next program most often has the same.
            request.Thread.SetUmask(umask);
        }

        return result;
    }

    private static void Return(RequestContext request) => request.Thread.Return(request.SupplementaryGroup is not null);

    /// <summary>
    /// Whether SUID and SGID go though the request has no word for it: fallocate and copies, where the guest's kernel has left that to
    /// us altogether. Root keeps them, as on a local disk, where the guest says that it is root.
    /// </summary>
    private static bool KillsUnasked(RequestContext request) =>
        request.UserId != 0 && request.Negotiated.Has(InitFlags.HandleKillPrivileges2);

    /// <summary>
    /// Lets what follows take set-id bits from a file, as it is with a guest's program that has no right to keep them. Who does not say
    /// who asks is taken for a member of no group.
    /// </summary>
    private int DropSetId(RequestContext request)
    {
        const uint NobodysGroup = uint.MaxValue - 1;
        bool isKnown = request.GroupId != RequestContext.UnknownId;
        return request.Thread.DropSetId(isKnown && _groupIds.TryToHost(request.GroupId, out uint groupId) == 0 ? groupId : NobodysGroup);
    }

    /// <summary>Ends what <see cref="DropSetId"/> began, if it did.</summary>
    private static void KeepSetIdAgain(RequestContext request, bool wasDropped)
    {
        if (wasDropped)
        {
            request.Thread.KeepSetIdAgain();
        }
    }
}
