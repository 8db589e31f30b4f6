using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Ordinary programs in a User-Mode Linux.</summary>
public sealed class UserModeLinuxFilesTests() : GuestFilesTests(new UserModeLinux());
