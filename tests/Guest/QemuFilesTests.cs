using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Ordinary programs in a QEMU guest.</summary>
public sealed class QemuFilesTests() : GuestFilesTests(new QemuGuest());
