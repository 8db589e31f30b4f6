using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>
/// Locks promise that whoever holds one sees what the last holder wrote. A guest that may remember attributes for a while would
/// read old pages meanwhile, since nothing can tell it to forget them (the Linux driver has no notification queue). So a file that
/// was locked, and names beside it, are told without a time that they stay good; and the first lock on a file that changed since
/// the guest was told of it waits until what it was told is no longer good.
/// </summary>
public sealed unsafe partial class PassthroughFileSystem
{
    // A policy under which a guest remembers for longer is for shares that nobody else changes: no lock can wait for that.
    private const long LongestWaitMilliseconds = 2000;

    /// <summary>Notes what the guest learns of a file. Answers how long that stays good.</summary>
    private WireTime NoteTold(InodeSlot* slot, in FileStatus status)
    {
        if (slot is null)
        {
            return default;
        }

        slot->ToldChange = ChangeOf(status);
        return slot->IsLocked || MayLoseSetIdUnseen(status) ? default : _rules.Attributes;
    }

    /// <summary>Whether changes may take bits from the mode that the guest goes on to see: fallocate and copies do (fs/fuse/file.c).</summary>
    private static bool MayLoseSetIdUnseen(in FileStatus status)
    {
        const uint SetIds = 0xC00;
        return (status.Mode & SetIds) != 0 && status.Type == FileStatus.Regular;
    }

    /// <summary>The guest changes a file itself, and asks for its attributes before it trusts them again (fs/fuse/file.c).</summary>
    private void NoteOwnChange(ulong node)
    {
        InodeSlot* slot = _inodes.Peek(node);
        if (slot is not null)
        {
            slot->ToldChange = 0;
        }
    }

    /// <summary>Whether a lock must not be given yet, since the guest may still trust what it was told of the file before that changed.</summary>
    private bool GuestMayRememberTooMuch(in InodePin pin)
    {
        InodeSlot* slot = pin.Slot;
        uint now = (uint)Environment.TickCount64;
        if (!slot->IsLocked || slot->LockedSince == 0)
        {
            slot->LockedSince = now | 1;
            slot->IsLocked = true;
            InodeSlot* parent = _inodes.Peek((uint)slot->Parent);
            if (parent is not null)
            {
                parent->IsLocked = true;
            }
        }

        long rememberedMilliseconds = ((long)_rules.Attributes.Seconds * 1000) + (_rules.Attributes.Nanoseconds / 1_000_000);
        if (rememberedMilliseconds is 0 or > LongestWaitMilliseconds || now - slot->LockedSince > rememberedMilliseconds || slot->ToldChange == 0)
        {
            return false;
        }

        int descriptor = _inodes.Descriptor(pin);
        if (descriptor < 0 || FileStatus.Of(descriptor, out FileStatus status) < 0)
        {
            return false;
        }

        long changed = ChangeOf(status);
        long ageMilliseconds = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000 - changed) / 1_000_000;
        return changed != slot->ToldChange && ageMilliseconds <= rememberedMilliseconds;
    }

    private bool IsLocked(ulong node)
    {
        InodeSlot* slot = _inodes.Peek(node);
        return slot is not null && slot->IsLocked;
    }

    private static long ChangeOf(in FileStatus status) => (status.ChangeTime.Seconds * 1_000_000_000) + status.ChangeTime.Nanoseconds;
}
