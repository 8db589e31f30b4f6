namespace VirtioFs.Fuse.ExtendedAttributeNames;

/// <summary>One rule of an <see cref="XattrMap"/>.</summary>
/// <param name="Type">What happens to a name that it matches.</param>
/// <param name="Client">Whether it is tried on names from the guest.</param>
/// <param name="Server">Whether it is tried on names from the host.</param>
/// <param name="Key">What a guest's name must begin with.</param>
/// <param name="Prepend">What a host's name must begin with.</param>
internal sealed record XattrRule(XattrRuleType Type, bool Client, bool Server, byte[] Key, byte[] Prepend);

/// <summary>What a rule does with a name.</summary>
internal enum XattrRuleType
{
    /// <summary>Puts the prefix before a guest's name, takes it off a host's.</summary>
    Prefix,

    /// <summary>Lets it pass.</summary>
    Ok,

    /// <summary>EPERM for the guest; hidden in lists.</summary>
    Bad,

    /// <summary>EOPNOTSUPP for the guest; hidden in lists.</summary>
    Unsupported,
}
