using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Options;

/// <summary>Which of root's capabilities a share uses: owners, modes and what its options let through, and nothing else.</summary>
internal static class JailCapabilities
{
    private const Capability Always = Capability.ChangeOwner | Capability.OverridePermission | Capability.ReadSearch | Capability.FileOwner
        | Capability.KeepSetId | Capability.SetGroupId | Capability.SetUserId | Capability.SetImmutable;

    internal static Capability Of(PassthroughOptions options)
    {
        bool hasLabels = options.ExtendedAttributes && (options.SecurityAttributes || options.SecurityLabel);
        bool isTrusted = options.ExtendedAttributes && options.TrustedAttributes;
        return Always
            | When(options.DeviceNodes, Capability.MakeNodes)
            | When(options.SetId, Capability.SetFileCapabilities)
            | When(hasLabels || isTrusted, Capability.Administer)
            | When(hasLabels, Capability.AdministerLabels);
    }

    private static Capability When(bool condition, Capability capability) => condition ? capability : Capability.None;
}
