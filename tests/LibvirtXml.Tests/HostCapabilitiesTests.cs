using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class HostCapabilitiesTests
{
    [Theory]
    [InlineData("<secmodel><model>dac</model><doi>0</doi><baselabel type='kvm'>+64055:+108</baselabel><baselabel type='qemu'>+64055:+108</baselabel></secmodel>", 64055, 108)]
    [InlineData("<secmodel><model>apparmor</model><baselabel type='kvm'>+1:+2</baselabel></secmodel><!-- x --><secmodel><doi>0</doi><baselabel> +0:+0 </baselabel><model>dac</model></secmodel>", 0, 0)]
    [InlineData("<secmodel><model>apparmor</model></secmodel>", null, null)]
    [InlineData("<secmodel><model>dac</model><baselabel>libvirt-qemu:kvm</baselabel></secmodel>", null, null)]
    [InlineData("<secmodel><model>dac</model><baselabel>+4294967296:+1</baselabel></secmodel>", null, 1)]
    [InlineData("<secmodel><model>dac</model></secmodel>", null, null)]
    [InlineData("", null, null)]
    public void The_user_and_group_of_QEMU_are_those_of_the_dac_model(string models, int? user, int? group)
    {
        HostCapabilities capabilities = HostCapabilities.Parse($"<capabilities><host><uuid/>{models}</host><guest/></capabilities>");

        Assert.Equal((uint?)user, capabilities.QemuUserId);
        Assert.Equal((uint?)group, capabilities.QemuGroupId);
    }

    [Fact]
    public void A_text_that_is_no_xml_is_an_error_of_ours() =>
        Assert.Equal("MalformedXml", Assert.Throws<DomainXmlException>(() => HostCapabilities.Parse("<capabilities>")).ErrorId);
}
