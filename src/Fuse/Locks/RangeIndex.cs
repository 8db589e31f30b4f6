namespace VirtioFs.Fuse.Locks;

/// <summary>
/// Ranges of one file, found by what they overlap: a balanced tree (AVL) by first byte, in which each node knows how far what is below it
/// reaches. Nothing recurses deeper than the tree, which for all ranges that there can be is less than 64.
/// </summary>
internal sealed class RangeIndex
{
    private Node? _root;

    internal bool IsEmpty => _root is null;

    /// <summary>Puts a range in. A party has no two that begin at the same byte.</summary>
    internal void Add(in LockRange range, LockParty party) => _root = Add(_root, new Node(range, party));

    /// <summary>Takes a range out that was put in.</summary>
    internal void Remove(in LockRange range, LockParty party) => _root = Remove(_root, range.Start, party.Serial);

    /// <summary>The first range that is in the way of an owner's wish, or null.</summary>
    internal LockRange? FindConflict(in LockRange wanted, LockOwner? owner) => FindConflict(_root, wanted, owner)?.Range;

    /// <summary>Adds all whose ranges are in the way of an owner's wish, as far as the steps are enough for.</summary>
    internal void CollectConflicts(in LockRange wanted, LockOwner owner, List<LockOwner> found, ref int steps) =>
        Collect(_root, wanted, owner, found, ref steps);

    /// <summary>Adds those who are in the way of an owner's wish.</summary>
    internal void CollectConflicts(in LockRange wanted, LockOwner owner, List<LockParty> found) => Collect(_root, wanted, owner, found);

    private static Node? FindConflict(Node? node, in LockRange wanted, LockOwner? owner)
    {
        if (node is null || !node.MayConflictWith(wanted))
        {
            return null;
        }

        Node? found = FindConflict(node.Left, wanted, owner);
        return found is not null || node.Range.Start > wanted.End ? found
            : node.IsInTheWayOf(wanted, owner) ? node : FindConflict(node.Right, wanted, owner);
    }

    private static void Collect(Node? node, in LockRange wanted, LockOwner owner, List<LockOwner> found, ref int steps)
    {
        if (node is null || !node.MayConflictWith(wanted) || steps-- <= 0)
        {
            return;
        }

        Collect(node.Left, wanted, owner, found, ref steps);
        if (node.Range.Start > wanted.End)
        {
            return;
        }

        if (node.IsInTheWayOf(wanted, owner))
        {
            found.Add(node.Party.Owner);
        }

        Collect(node.Right, wanted, owner, found, ref steps);
    }

    private static void Collect(Node? node, in LockRange wanted, LockOwner owner, List<LockParty> found)
    {
        if (node is null || !node.MayConflictWith(wanted))
        {
            return;
        }

        Collect(node.Left, wanted, owner, found);
        if (node.Range.Start > wanted.End)
        {
            return;
        }

        if (node.IsInTheWayOf(wanted, owner))
        {
            found.Add(node.Party);
        }

        Collect(node.Right, wanted, owner, found);
    }

    private static Node Add(Node? node, Node added)
    {
        if (node is null)
        {
            return added;
        }

        if (node.Follows(added.Range.Start, added.Party.Serial))
        {
            node.Left = Add(node.Left, added);
        }
        else
        {
            node.Right = Add(node.Right, added);
        }

        return Balance(node);
    }

    private static Node? Remove(Node? node, long start, long serial)
    {
        if (node is null)
        {
            return null;
        }

        if (node.Range.Start == start && node.Party.Serial == serial)
        {
            return Join(node.Left, node.Right);
        }

        if (node.Follows(start, serial))
        {
            node.Left = Remove(node.Left, start, serial);
        }
        else
        {
            node.Right = Remove(node.Right, start, serial);
        }

        return Balance(node);
    }

    private static Node? Join(Node? left, Node? right)
    {
        if (right is null)
        {
            return left;
        }

        right = TakeFirst(right, out Node first);
        (first.Left, first.Right) = (left, right);
        return Balance(first);
    }

    private static Node? TakeFirst(Node node, out Node first)
    {
        if (node.Left is null)
        {
            first = node;
            return node.Right;
        }

        node.Left = TakeFirst(node.Left, out first);
        return Balance(node);
    }

    private static Node Balance(Node node)
    {
        int lean = Node.HeightOf(node.Left) - Node.HeightOf(node.Right);
        if (lean > 1)
        {
            Node left = node.Left!;
            node.Left = Node.HeightOf(left.Left) < Node.HeightOf(left.Right) ? RotateLeft(left) : left;
            return RotateRight(node);
        }

        if (lean < -1)
        {
            Node right = node.Right!;
            node.Right = Node.HeightOf(right.Right) < Node.HeightOf(right.Left) ? RotateRight(right) : right;
            return RotateLeft(node);
        }

        node.Update();
        return node;
    }

    private static Node RotateRight(Node node)
    {
        Node up = node.Left!;
        (node.Left, up.Right) = (up.Right, node);
        node.Update();
        up.Update();
        return up;
    }

    private static Node RotateLeft(Node node)
    {
        Node up = node.Right!;
        (node.Right, up.Left) = (up.Left, node);
        node.Update();
        up.Update();
        return up;
    }

    /// <summary>A range, and what is known of those below it.</summary>
    private sealed class Node
    {
        private int _height;
        private long _reach;
        private long _writeReach;

        internal Node(in LockRange range, LockParty party)
        {
            (Range, Party) = (range, party);
            Update();
        }

        internal LockRange Range { get; }

        internal LockParty Party { get; }

        internal Node? Left { get; set; }

        internal Node? Right { get; set; }

        internal static int HeightOf(Node? node) => node?._height ?? 0;

        /// <summary>Whether it comes after a range in the tree's order.</summary>
        internal bool Follows(long start, long serial) => start != Range.Start ? start < Range.Start : serial < Party.Serial;

        /// <summary>Whether any of those from here on downwards can be in the way: readers are in no reader's.</summary>
        internal bool MayConflictWith(in LockRange wanted) => (wanted.IsWrite ? _reach : _writeReach) >= wanted.Start;

        internal bool IsInTheWayOf(in LockRange wanted, LockOwner? owner) => Party.Owner != owner && Range.ConflictsWith(wanted);

        internal void Update()
        {
            const long Nowhere = -1;
            _height = 1 + Math.Max(HeightOf(Left), HeightOf(Right));
            _reach = Math.Max(Range.End, Math.Max(Left?._reach ?? Nowhere, Right?._reach ?? Nowhere));
            _writeReach = Math.Max(Range.IsWrite ? Range.End : Nowhere, Math.Max(Left?._writeReach ?? Nowhere, Right?._writeReach ?? Nowhere));
        }
    }
}
