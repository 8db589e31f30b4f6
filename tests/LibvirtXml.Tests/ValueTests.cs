namespace VirtioFs.LibvirtXml.Tests;

public sealed class ValueTests
{
    [Theory]
    [InlineData("2048", 2048)]
    [InlineData("2M", 2097152)]
    [InlineData("1G", 1073741824)]
    [InlineData("512MiB", 536870912)]
    [InlineData("512MB", 536870912)]
    [InlineData("512 mib", 536870912)]
    [InlineData("1k", 1024)]
    [InlineData("7 bytes", 7)]
    [InlineData("0", 0)]
    [InlineData("7E", 8070450532247928832)]
    public void A_size_reads_as_people_write_it_and_prints_what_reads_back(string text, long bytes)
    {
        ByteSize size = ByteSize.Parse(text);

        Assert.Equal(bytes, size.Bytes);
        Assert.Equal(size, ByteSize.Parse(size.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1")]
    [InlineData("1.5G")]
    [InlineData("2X")]
    [InlineData("2MM")]
    [InlineData("8E")]
    [InlineData("99999999999999999999")]
    public void What_is_no_size_is_refused(string text) => Assert.Throws<FormatException>(() => ByteSize.Parse(text));

    [Theory]
    [InlineData("2", "M", 2097152)]
    [InlineData("2", null, 2048)]
    [InlineData("2", "KiB", 2048)]
    [InlineData("2", "KB", 2000)]
    [InlineData("2", "GB", 2000000000)]
    [InlineData("2", "bytes", 2)]
    [InlineData(" 4194304\n", "KiB", 4294967296)]
    public void Libvirts_units_are_libvirts(string value, string? unit, long bytes) =>
        Assert.Equal(bytes, ByteSize.FromLibvirt(value, unit)?.Bytes);

    [Theory]
    [InlineData("fe.0.1a12", "fe.0.1a12", "0.0.1a12")]
    [InlineData("FE.3.FFFF", "fe.3.ffff", "0.3.ffff")]
    [InlineData("fe.1.1", "fe.1.0001", "0.1.0001")]
    [InlineData("0xfe.0x0.0x0001", "fe.0.0001", "0.0.0001")]
    public void A_device_number_reads_and_shows_what_the_guest_sees(string text, string host, string guest)
    {
        DeviceNumber number = DeviceNumber.Parse(text);

        Assert.Equal(host, number.ToString());
        Assert.Equal(guest, number.GuestBusId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("fe.4.0001")]
    [InlineData("0.0.1a12")]
    [InlineData("ff.0.0001")]
    [InlineData("fe.0.10000")]
    [InlineData("fe.0.xyz")]
    [InlineData("fe.0")]
    [InlineData("fe.0.0001\n")]
    public void What_is_no_device_number_is_refused(string text) => Assert.Throws<FormatException>(() => DeviceNumber.Parse(text));
}
