using VirtioFs.Fuse.Operations;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>Singly linked lists of names: what is removed from one is put in front of another, which the caller frees outside of its lock.</summary>
internal static unsafe class LookupNameList
{
    /// <summary>Moves a name to <paramref name="dropped"/>, if the list has it.</summary>
    internal static void Drop(ref LookupName* names, int parent, FileName name, ref LookupName* dropped)
    {
        fixed (LookupName** first = &names)
        {
            for (LookupName** link = first; *link is not null; link = &(*link)->Next)
            {
                if ((*link)->Is(parent, name))
                {
                    Move(link, ref dropped);
                    return;
                }
            }
        }
    }

    /// <summary>Cuts a list to a length.</summary>
    internal static void DropAfter(ref LookupName* names, int count, ref LookupName* dropped)
    {
        fixed (LookupName** first = &names)
        {
            LookupName** link = first;
            for (int i = 0; i < count && *link is not null; i++)
            {
                link = &(*link)->Next;
            }

            while (*link is not null)
            {
                Move(link, ref dropped);
            }
        }
    }

    /// <summary>Puts a list at the end of another one.</summary>
    internal static void Append(ref LookupName* names, LookupName* more)
    {
        fixed (LookupName** first = &names)
        {
            LookupName** link = first;
            while (*link is not null)
            {
                link = &(*link)->Next;
            }

            *link = more;
        }
    }

    private static void Move(LookupName** link, ref LookupName* dropped)
    {
        LookupName* name = *link;
        *link = name->Next;
        name->Next = dropped;
        dropped = name;
    }
}
