namespace VirtioFs.DeviceEngine.Rings;

/// <summary>Tells a ring that goes on from one that begins anew.</summary>
/// <param name="Addresses">Where its parts lie.</param>
/// <param name="Size">Entries.</param>
/// <param name="Next">The entry of the available ring that is taken next.</param>
/// <param name="Used">The index of the used ring.</param>
internal readonly record struct RingPosition(RingAddresses Addresses, int Size, ushort Next, ushort Used);
