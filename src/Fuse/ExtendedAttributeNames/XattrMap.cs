using System.Text;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.ExtendedAttributeNames;

/// <summary>
/// Rules for names of extended attributes between guest and host, in the language of virtiofsd's <c>--xattrmap</c>. The first rule
/// that matches decides; a name that none matches is not passed on.
/// </summary>
public sealed class XattrMap
{
    private static readonly byte[] s_capability = "security.capability"u8.ToArray();
    private readonly List<XattrRule> _rules = [];

    private XattrMap(string text) => Text = text;

    /// <summary>The rules as they were given.</summary>
    public string Text { get; }

    /// <summary>
    /// What <c>security.capability</c> is called on the host when that is not its own name: then the host's kernel does not know to
    /// remove it when the file is written, and we do. Null when it keeps its name or is not passed on. NUL-terminated.
    /// </summary>
    internal byte[]? RenamedCapability { get; private set; }

    /// <summary>Reads rules of the form <c>:type:scope:key:prepend:</c> and <c>:map:key:prepend:</c>, with any separator.</summary>
    /// <exception cref="FormatException">The text says something else; the message says where.</exception>
    public static XattrMap Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        XattrMap map = new(text);
        bool hasMap = false;
        for (ReadOnlySpan<char> rest = text.AsSpan().Trim(); !rest.IsEmpty; rest = rest.TrimStart())
        {
            if (hasMap)
            {
                throw new FormatException("A rule follows the 'map' rule of the attribute map: 'map' must be the last one.");
            }

            char separator = rest[0];
            rest = rest[1..];
            string type = Field(ref rest, separator);
            if (type == "map")
            {
                hasMap = true;
                map.AddMap(Field(ref rest, separator), Field(ref rest, separator));
                continue;
            }

            map._rules.Add(Rule(type, Field(ref rest, separator), Field(ref rest, separator), Field(ref rest, separator)));
        }

        if (map._rules.Count == 0)
        {
            throw new FormatException("The attribute map has no rule. ':ok:all:::' lets every name pass.");
        }

        map.FindCapability();
        return map;
    }

    /// <summary>Translates a guest's name.</summary>
    /// <param name="name">Without its NUL.</param>
    /// <param name="target">Room for the host's name and a NUL; names are at most 255 bytes.</param>
    /// <returns>Zero; EPERM or EOPNOTSUPP for a name that is not passed on; ERANGE for one that becomes too long.</returns>
    internal int TryToHost(ReadOnlySpan<byte> name, Span<byte> target)
    {
        foreach (XattrRule rule in _rules)
        {
            if (!rule.Client || !name.StartsWith(rule.Key))
            {
                continue;
            }

            return rule.Type switch
            {
                XattrRuleType.Bad => -Errno.EPERM,
                XattrRuleType.Unsupported => -Errno.EOPNOTSUPP,
                XattrRuleType.Prefix => Join(rule.Prepend, name, target),
                _ => Join([], name, target),
            };
        }

        return -Errno.EPERM;
    }

    /// <summary>What a host's name is called in the guest; empty when it is hidden.</summary>
    internal ReadOnlySpan<byte> ToGuest(ReadOnlySpan<byte> name)
    {
        foreach (XattrRule rule in _rules)
        {
            if (!rule.Server || !name.StartsWith(rule.Prepend))
            {
                continue;
            }

            return rule.Type switch
            {
                XattrRuleType.Prefix => name[rule.Prepend.Length..],
                XattrRuleType.Ok => name,
                _ => [],
            };
        }

        return [];
    }

    private static int Join(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name, Span<byte> target)
    {
        if (prefix.Length + name.Length > ExtendedAttributes.MaximumNameSize)
        {
            return -Errno.ERANGE;
        }

        prefix.CopyTo(target);
        name.CopyTo(target[prefix.Length..]);
        target[prefix.Length + name.Length] = 0;
        return 0;
    }

    private static XattrRule Rule(string type, string scope, string key, string prepend)
    {
        XattrRuleType kind = type switch
        {
            "prefix" => XattrRuleType.Prefix,
            "ok" => XattrRuleType.Ok,
            "bad" => XattrRuleType.Bad,
            "unsupported" => XattrRuleType.Unsupported,
            _ => throw new FormatException($"'{type}' is not a rule of an attribute map: use prefix, ok, bad, unsupported or map."),
        };
        return scope is "client" or "server" or "all"
            ? new XattrRule(kind, scope != "server", scope != "client", Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(prepend))
            : throw new FormatException($"'{scope}' is not a scope of an attribute map's rule: use client, server or all.");
    }

    private static string Field(ref ReadOnlySpan<char> rest, char separator)
    {
        int end = rest.IndexOf(separator);
        if (end < 0)
        {
            throw new FormatException(
                $"A rule of the attribute map ends too early: every field must be followed by the rule's separator '{separator}'.");
        }

        string field = rest[..end].ToString();
        rest = rest[(end + 1)..];
        return field;
    }

    /// <summary>What <c>map</c> stands for: everything, or what begins with the key, goes under the prefix, which nothing else may touch.</summary>
    private void AddMap(string key, string prepend)
    {
        _rules.Add(Rule("prefix", "all", key, prepend));
        if (key.Length == 0)
        {
            _rules.Add(Rule("bad", "all", "", ""));
            return;
        }

        _rules.Add(Rule("bad", "all", prepend, key));
        _rules.Add(Rule("ok", "all", "", ""));
    }

    private void FindCapability()
    {
        byte[] target = new byte[ExtendedAttributes.MaximumNameSize + 1];
        if (TryToHost(s_capability, target) == 0)
        {
            byte[] name = target[..(Array.IndexOf(target, (byte)0) + 1)];
            RenamedCapability = name.AsSpan(0, name.Length - 1).SequenceEqual(s_capability) ? null : name;
        }
    }
}
