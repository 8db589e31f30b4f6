using System.Text;
using System.Text.RegularExpressions;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>What libvirt's schema, libvirt's own checks and QEMU refuse of a virtio-fs device, in their words, and what they let pass silently.</summary>
internal static partial class FileSystemRules
{
    private static readonly string[] NumberedDevices = ["disk", "interface", "filesystem", "rng", "vsock", "hostdev"];

    /// <summary>Throws for the first rule that a device breaks.</summary>
    /// <param name="domain">The domain that the device is for.</param>
    /// <param name="fileSystem">The device as it shall be.</param>
    /// <param name="replaced">The device that it takes the place of.</param>
    public static void Check(Domain domain, FileSystem fileSystem, FileSystem? replaced = null)
    {
        CheckAlone(fileSystem);
        CheckAgainstDomain(domain, fileSystem, replaced);
    }

    /// <summary>The rules that need no domain.</summary>
    /// <param name="fileSystem">The device.</param>
    public static void CheckAlone(FileSystem fileSystem)
    {
        RequireDriver(fileSystem);
        RequireTag(fileSystem.Tag);
        RequireCarried(fileSystem);
        RequireSource(fileSystem);
        RequireQueueSize(fileSystem.Tag, fileSystem.QueueSize);
        RequireBinary(fileSystem);
        RequireMaps(fileSystem);
        RequireAlias(fileSystem);
        Require(
            fileSystem.BootOrder is null or > 0,
            "InvalidBootOrder",
            $"incorrect boot order '{fileSystem.BootOrder}', expecting positive integer. Boot orders of devices begin with 1.");
        Require(
            fileSystem.BootOrder is null || fileSystem.Address is null or PciAddress,
            "BootOrderNotPci",
            $"The boot order of '{fileSystem.Tag}' needs a PCI device, but its address is of the type '{fileSystem.Address?.Type}'. Leave the boot order " +
            "or the address out.");
    }

    /// <summary>What a device needs that is not there yet, or that works otherwise than it looks.</summary>
    /// <param name="domain">The domain that the device is for.</param>
    /// <param name="fileSystem">The device.</param>
    /// <returns>The warnings.</returns>
    public static IEnumerable<Advice> Warn(Domain domain, FileSystem fileSystem)
    {
        if (domain.MemoryBacking.TestShared().Warn($"The domain '{domain}' cannot start with '{fileSystem.Tag}'") is Advice advice)
        {
            yield return advice;
        }

        bool hasLocks = fileSystem.PosixLock is not null || fileSystem.Flock is not null;
        if (hasLocks && !IsServedByUs(fileSystem))
        {
            yield return new Advice(
                "LockOptions",
                $"The lock options of '{fileSystem.Tag}' work with vhost-user-fs and with the old virtiofsd. With a daemon that announces 'separate-options', such as today's " +
                "virtiofsd, libvirt says \"locking options are not supported by this virtiofsd\" and does not start the guest.");
        }

        if (fileSystem.SourceSocket is not null && HasDaemonOptions(fileSystem))
        {
            yield return DaemonOptionsIgnored(fileSystem);
        }

        if (MixesDeviceNumbers(domain, fileSystem))
        {
            yield return new Advice(
                "MixedDeviceNumbers",
                $"The domain '{domain}' has devices with device numbers and devices without. libvirt gives the latter the first free numbers, which may " +
                "change when devices are added. Give all of them a number, or none.");
        }
    }

    /// <summary>QEMU's rules for a virtqueue's size (`vuf_device_realize`).</summary>
    /// <param name="tag">The device's tag, for the message.</param>
    /// <param name="queueSize">The size.</param>
    public static void RequireQueueSize(string? tag, int? queueSize)
    {
        if (queueSize is not int size)
        {
            return;
        }

        Require(
            size <= FileSystem.MaxQueueSize,
            "QueueSizeTooLarge",
            $"queue-size property must be 1024 or smaller: the queue size of '{tag}' is {size}. Choose 1024 or a smaller power of 2.");
        Require(
            size > 0 && int.IsPow2(size),
            "QueueSizeNotPowerOfTwo",
            $"queue-size property must be a power of 2: the queue size of '{tag}' is {size}. Choose 128, 256, 512 or 1024.");
    }

    /// <summary>QEMU's rules for a tag (`vuf_device_realize`).</summary>
    /// <param name="tag">The tag.</param>
    public static void RequireTag(string? tag)
    {
        Require(tag is not null, "TagMissing", "missing tag property: a file system needs a tag, by which the guest mounts it. Pass one, such as 'share'.");
        Require(tag!.Length > 0, "TagEmpty", "tag property cannot be empty: give the file system a tag, by which the guest mounts it, such as 'share'.");
        int bytes = Encoding.UTF8.GetByteCount(tag);
        Require(
            bytes <= FileSystem.MaxTagBytes,
            "TagTooLong",
            $"tag property must be 36 bytes or less: '{tag}' has {bytes} bytes in UTF-8. Choose a shorter tag.");
    }

    /// <summary>libvirt writes these characters unescaped (`virBufferEscapeString`), and reads them back as blanks: another directory.</summary>
    private static void RequireCarried(FileSystem fileSystem)
    {
        string? lost = Array.Find(
            (string?[])[fileSystem.Tag, fileSystem.SourceDirectory, fileSystem.SourceSocket, fileSystem.BinaryPath], text => text.AsSpan().ContainsAny('\t', '\n', '\r'));
        Require(
            lost is null,
            "LineEndInValue",
            $"libvirt would turn a tabulator or a line end into a blank, and '{lost}' of '{fileSystem.Tag}' has one. Give it another name.");
    }

    private static void RequireDriver(FileSystem fileSystem)
    {
        Require(
            fileSystem.IsVirtioFs,
            "NotVirtioFs",
            $"The file system '{fileSystem.Tag}' has the driver '{fileSystem.DriverType}', but only virtiofs is written here. Set the driver type to virtiofs.");
        Require(
            fileSystem.Type is null or "mount",
            "OnlyMount",
            $"only supports mount filesystem type: '{fileSystem.Tag}' has the type '{fileSystem.Type}'. Leave the type out.");
        Require(
            fileSystem.AccessMode is null or FileSystemAccessMode.Passthrough,
            "OnlyPassthrough",
            $"virtiofs only supports passthrough accessmode: '{fileSystem.Tag}' has '{fileSystem.AccessMode}'. Choose Passthrough or leave it out.");
    }

    private static void RequireSource(FileSystem fileSystem)
    {
        string? directory = fileSystem.SourceDirectory;
        string? socket = fileSystem.SourceSocket;
        Require(
            directory is not null || socket is not null,
            "SourceMissing",
            $"The file system '{fileSystem.Tag}' has no source. Pass the directory to share, or the socket of a daemon that shares it.");
        Require(
            directory is null || socket is null,
            "TwoSources",
            $"The file system '{fileSystem.Tag}' has the directory '{directory}' and the socket '{socket}', but only one of them is allowed. Leave one out.");
        Require(
            directory?.StartsWith('/') ?? true,
            "RelativeSource",
            $"The source directory '{directory}' of '{fileSystem.Tag}' is not absolute, and libvirt's schema refuses it. Begin it with '/'.");
        Require(
            socket is null || (socket.StartsWith('/') && socket.Length > 1),
            "RelativeSocket",
            $"The source socket '{socket}' of '{fileSystem.Tag}' is not absolute, and libvirt's schema refuses it. Begin it with '/'.");
        Require(
            !(fileSystem.ReadOnly && socket is not null),
            "ReadOnlySocket",
            $"The file system '{fileSystem.Tag}' cannot be made read-only here: behind a socket the daemon decides, and libvirt cannot tell it. Start the " +
            "share itself read-only and leave this option out.");
    }

    private static void RequireBinary(FileSystem fileSystem)
    {
        Require(
            fileSystem.BinaryPath is null || (fileSystem.BinaryPath.StartsWith('/') && fileSystem.BinaryPath.Length > 1),
            "RelativeBinary",
            $"The binary '{fileSystem.BinaryPath}' of '{fileSystem.Tag}' is not an absolute path, and libvirt's schema refuses it. Begin it with '/'.");
        Require(
            fileSystem.ThreadPoolSize is null or >= 0,
            "InvalidThreadPool",
            $"The thread pool size {fileSystem.ThreadPoolSize} of '{fileSystem.Tag}' is negative. Choose 0 for no pool, or the number of threads.");
        Require(
            fileSystem.OpenFilesMax is null or > 0,
            "InvalidOpenFiles",
            $"The limit of {fileSystem.OpenFilesMax} open files of '{fileSystem.Tag}' is not a positive number. Choose one, such as 1000000.");
    }

    private static void RequireMaps(FileSystem fileSystem)
    {
        Require(
            (fileSystem.UidMap.Count == 0) == (fileSystem.GidMap.Count == 0),
            "OneSidedIdMap",
            $"uid and gid should be mapped both: '{fileSystem.Tag}' maps only one of them. Give both maps, or none.");
        foreach (IReadOnlyList<IdMapEntry> map in (IReadOnlyList<IdMapEntry>[])[fileSystem.UidMap, fileSystem.GidMap])
        {
            foreach (IdMapEntry entry in map)
            {
                bool isInRange = entry.Count > 0 && (ulong)entry.Start + entry.Count <= uint.MaxValue && (ulong)entry.Target + entry.Count <= uint.MaxValue;
                Require(
                    isInRange,
                    "InvalidIdMap",
                    $"The ID map entry {entry} of '{fileSystem.Tag}' does not fit into 32 bits, or is empty. Give it a count of 1 or more within the range.");
            }

            RequireApart(fileSystem, map, entry => entry.Start);
            RequireApart(fileSystem, map, entry => entry.Target);
        }
    }

    /// <summary>In their order, entries that overlap are neighbours.</summary>
    private static void RequireApart(FileSystem fileSystem, IReadOnlyList<IdMapEntry> map, Func<IdMapEntry, uint> first)
    {
        IdMapEntry[] ordered = [.. map.OrderBy(first)];
        for (int index = 1; index < ordered.Length; index++)
        {
            Require(
                (ulong)first(ordered[index - 1]) + ordered[index - 1].Count <= first(ordered[index]),
                "OverlappingIdMap",
                $"The ID map entry {ordered[index]} of '{fileSystem.Tag}' overlaps another one. Map each ID once.");
        }
    }

    private static void RequireAlias(FileSystem fileSystem)
    {
        // A running domain shows libvirt's own aliases ('fs0'); they stand in the element that was read, and may stay.
        if (fileSystem.Alias is null || fileSystem.Xml is not null)
        {
            return;
        }

        Require(
            UserAlias().IsMatch(fileSystem.Alias),
            "InvalidAlias",
            $"The alias '{fileSystem.Alias}' would be dropped by libvirt. Begin it with 'ua-', and use letters, digits, '_', '-' and '.' after that.");
    }

    private static void CheckAgainstDomain(Domain domain, FileSystem fileSystem, FileSystem? replaced)
    {
        FileSystem[] others = [.. domain.FileSystems.Where(other => other.Index != (replaced?.Index ?? -1))];
        Require(
            !others.Any(other => other.Tag == fileSystem.Tag),
            "DuplicateTag",
            $"filesystem target '{fileSystem.Tag}' specified twice: the domain '{domain}' has a file system with this tag already. Choose another tag, or " +
            "change that one.",
            ErrorKind.AlreadyExists);
        XmlElement? devices = domain.Root.Child("devices");
        XmlElement? self = replaced is null ? null : domain.FileSystemElements().ElementAt(replaced.Index);
        XmlElement[] otherDevices = [.. (devices?.Children ?? []).Where(device => device != self)];
        RequireBoot(domain, fileSystem, otherDevices);
        RequireAddress(domain, fileSystem, otherDevices);
        Require(
            fileSystem.Alias is null || !otherDevices.Any(device => device.Child("alias")?.Attribute("name") == fileSystem.Alias),
            "DuplicateAlias",
            $"non unique alias detected: another device of the domain '{domain}' is called '{fileSystem.Alias}'. Choose another alias.");
        Require(
            self?.Attribute("model") is null && self?.Attribute("multidevs") is null or "default",
            "ForeignAttributes",
            $"virtiofs does not support model, and multidevs is for 9p: remove these attributes from the file system '{fileSystem.Tag}' first.");
    }

    private static void RequireBoot(Domain domain, FileSystem fileSystem, XmlElement[] otherDevices)
    {
        if (fileSystem.BootOrder is not int order)
        {
            return;
        }

        Require(
            !domain.IsS390 || fileSystem.Address is PciAddress,
            "BootOrderNotPci",
            $"The boot order of '{fileSystem.Tag}' needs a PCI device, but the domain '{domain}' is an s390x guest, whose devices are CCW. Leave it out.");
        Require(
            domain.Root.Child("os")?.Child("boot") is null,
            "BootOrderWithOsBoot",
            $"per-device boot elements cannot be used together with os/boot elements: remove <boot> from <os> in the domain '{domain}', and give each boot " +
            "device its order.");
        string text = order.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Require(
            !otherDevices.Any(device => device.Child("boot")?.Attribute("order") == text),
            "DuplicateBootOrder",
            $"boot order '{order}' used for more than one device: the domain '{domain}' boots from another device at this place. Choose another number.");
    }

    private static void RequireAddress(Domain domain, FileSystem fileSystem, XmlElement[] otherDevices)
    {
        if (fileSystem.Address is OtherAddress)
        {
            return;
        }

        bool isOtherArchitecture = domain.Architecture is not null && !domain.IsS390;
        Require(
            fileSystem.DeviceNumber is null || !isOtherArchitecture,
            "CcwNotAvailable",
            $"cannot use CCW address type: the device number {fileSystem.DeviceNumber} needs an s390x guest, but the domain '{domain}' is {domain.Architecture}. Leave it out, or give a " +
            "PCI address.");
        foreach (XmlElement device in otherDevices)
        {
            DeviceAddress? taken = FileSystemXml.ReadAddress(device.Child("address"));
            Require(
                fileSystem.DeviceNumber is null || (taken as CcwAddress)?.Number != fileSystem.DeviceNumber,
                "DuplicateDeviceNumber",
                $"The CCW devno '{fileSystem.DeviceNumber}' is in use already: a <{device.Name}> of the domain '{domain}' has it. Choose another number.");
            bool isSamePlace = fileSystem.Address is PciAddress wanted && taken is PciAddress present
                && (wanted with { Multifunction = null }) == (present with { Multifunction = null });
            Require(
                !isSamePlace,
                "DuplicatePciAddress",
                $"Attempted double use of PCI Address {fileSystem.Address}: a <{device.Name}> of the domain '{domain}' sits there. Choose another address, or " +
                "none.");
        }
    }

    /// <summary>Our own executable serves locks, and announces no separate-options. A wrapper may start anything.</summary>
    private static bool IsServedByUs(FileSystem fileSystem) =>
        fileSystem.BinaryPath is string program && System.IO.Path.GetFileName(program) == "vhost-user-fs";

    private static bool HasDaemonOptions(FileSystem fileSystem) =>
        fileSystem.BinaryPath is not null || fileSystem.Xattr is not null || fileSystem.Cache is not null || fileSystem.Sandbox is not null
        || fileSystem.PosixLock is not null || fileSystem.Flock is not null || fileSystem.ThreadPoolSize is not null
        || fileSystem.OpenFilesMax is not null || fileSystem.UidMap.Count > 0;

    private static Advice DaemonOptionsIgnored(FileSystem fileSystem) => new(
        "DaemonOptionsIgnored",
        $"The file system '{fileSystem.Tag}' is served by the socket '{fileSystem.SourceSocket}', so libvirt starts no daemon and its options (binary, " +
        "cache, sandbox, locks, ID maps) have no effect. Give them to the share itself.");

    private static bool MixesDeviceNumbers(Domain domain, FileSystem fileSystem)
    {
        if (!domain.IsS390)
        {
            return false;
        }

        XmlElement[] devices = [.. (domain.Root.Child("devices")?.Children ?? []).Where(device => NumberedDevices.Contains(device.Name))];
        bool isWith = fileSystem.DeviceNumber is not null || devices.Any(device => device.Child("address")?.Attribute("type") == "ccw");
        bool isWithout = fileSystem.Address is null || devices.Any(device => device.Child("address") is null);
        return isWith && isWithout;
    }

    private static void Require(bool holds, string errorId, string message, ErrorKind kind = ErrorKind.InvalidArgument)
    {
        if (!holds)
        {
            throw new DomainRuleException(errorId, message, kind);
        }
    }

    [GeneratedRegex(@"\Aua-[A-Za-z0-9_.-]+\z")]
    private static partial Regex UserAlias();
}
