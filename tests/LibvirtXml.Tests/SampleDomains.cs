using System.Globalization;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Domains in many styles: as libvirt writes them, as people edit them, and as other programs make them.</summary>
internal static class SampleDomains
{
    private const string Uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";

    public static IReadOnlyDictionary<string, string> Handwritten { get; } = new Dictionary<string, string>
    {
        ["as virsh dumpxml writes it"] = """
            <domain type='kvm' id='3'>
              <name>web01</name>
              <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
              <metadata>
                <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
                  <libosinfo:os id="http://debian.org/debian/12"/>
                </libosinfo:libosinfo>
              </metadata>
              <memory unit='KiB'>4194304</memory>
              <currentMemory unit='KiB'>4194304</currentMemory>
              <vcpu placement='static'>4</vcpu>
              <os>
                <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
                <boot dev='hd'/>
              </os>
              <features>
                <acpi/>
                <apic/>
              </features>
              <cpu mode='host-passthrough' check='none' migratable='on'/>
              <clock offset='utc'>
                <timer name='rtc' tickpolicy='catchup'/>
              </clock>
              <on_poweroff>destroy</on_poweroff>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='qcow2'/>
                  <source file='/var/lib/libvirt/images/web01.qcow2'/>
                  <target dev='vda' bus='virtio'/>
                  <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
                </disk>
                <controller type='pci' index='0' model='pcie-root'/>
                <filesystem type='mount' accessmode='passthrough'>
                  <driver type='virtiofs' queue='1024'/>
                  <binary path='/usr/libexec/virtiofsd' xattr='on'>
                    <cache mode='always'/>
                    <lock posix='on' flock='on'/>
                  </binary>
                  <source dir='/srv/data'/>
                  <target dir='data'/>
                  <alias name='fs0'/>
                  <address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/>
                </filesystem>
                <interface type='network'>
                  <mac address='52:54:00:12:34:56'/>
                  <source network='default'/>
                  <model type='virtio'/>
                </interface>
                <memballoon model='virtio'/>
              </devices>
              <seclabel type='dynamic' model='dac' relabel='yes'/>
            </domain>

            """,
        ["on one line"] =
            "<domain type='qemu'><name>one</name><memory>524288</memory><os><type arch='x86_64'>hvm</type></os><devices><disk type='file'><target dev='vda'/></disk></devices></domain>",
        ["tabs, double quotes and Windows line ends"] =
            "<?xml version=\"1.0\"?>\r\n<domain type=\"kvm\">\r\n\t<name>tabs</name>\r\n\t<memory unit=\"MiB\">512</memory>\r\n\t<os>\r\n\t\t<type arch=\"x86_64\">hvm</type>\r\n\t</os>\r\n\t<devices>\r\n\t\t<emulator>/usr/bin/qemu-system-x86_64</emulator>\r\n\t</devices>\r\n</domain>\r\n",
        ["with a declaration, a warning comment and trailing text"] = """
            <?xml version='1.0' encoding='UTF-8' standalone="yes" ?>
            <!--
            WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
            OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
              virsh edit web01
            -->

            <domain type='kvm'>
              <name>web01</name>
              <memory unit='KiB'>2097152</memory> <!-- two gigabytes -->
              <vcpu>2</vcpu><!-- and two of these -->
              <os><type arch='x86_64' machine='q35'>hvm</type></os>
              <devices>
                <!-- nothing but a disk -->
                <disk type='file' device='disk'>
                  <source file='/a.img'/><target dev='vda' bus='virtio'/>
                </disk> <!-- last one -->
              </devices>
            </domain>
            <!-- the end -->
            <?editor fold="2"?>

            """,
        ["with QEMU's namespace"] = """
            <domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
              <name>ns</name>
              <memory unit='GiB'>1</memory>
              <os><type arch='aarch64' machine='virt'>hvm</type></os>
              <devices>
                <console type='pty'/>
              </devices>
              <qemu:commandline>
                <qemu:arg value='-object'/>
                <qemu:arg value='memory-backend-memfd,id=mem,size=1G,share=on'/>
                <qemu:env name='A' value='1 &lt; 2 &amp;&amp; "quoted"'/>
              </qemu:commandline>
            </domain>
            """,
        ["with CDATA, entities and odd blanks"] =
            "<domain\n   type = 'kvm'\n   ><name >odd&#x20;one</name\n><description><![CDATA[a < b && <cpu/> ]]> &lt;tag&gt; &#228; &quot;</description>\n" +
            "<memory unit='KiB'  >1048576</memory   ><os><type>hvm</type></os>\n<devices ><disk   type='file'/>\n\n\n</devices></domain >",
        ["for IBM Z"] = """
            <domain type="kvm">
              <name>vserv1</name>
              <memory unit="GiB">4</memory>
              <vcpu>2</vcpu>
              <os>
                <type arch="s390x" machine="s390-ccw-virtio">hvm</type>
              </os>
              <iothreads>2</iothreads>
              <on_poweroff>destroy</on_poweroff>
              <devices>
                <emulator>/usr/bin/qemu-system-s390x</emulator>
                <disk type="block" device="disk">
                  <driver name="qemu" type="raw" cache="none" iothread="1" io="native"/>
                  <source dev="/dev/mapper/36005076305ffc1ae00000000000021d5"/>
                  <target dev="vda" bus="virtio"/>
                  <boot order="1"/>
                  <address type="ccw" cssid="0xfe" ssid="0x0" devno="0xd501"/>
                </disk>
                <console type="pty">
                  <target type="sclp"/>
                </console>
              </devices>
            </domain>
            """,
        ["with 9p"] = """
            <domain type='kvm'>
                <name>nine</name>
                <memory>1048576</memory>
                <os>
                    <type arch='x86_64'>hvm</type>
                </os>
                <devices>
                    <filesystem type='mount' accessmode='mapped' multidevs='remap' fmode='0644' dmode='0755'>
                        <driver type='path' wrpolicy='immediate'/>
                        <source dir='/nine'/>
                        <target dir='nine'/>
                        <readonly/>
                    </filesystem>
                </devices>
            </domain>
            """,
        ["with hugepages and NUMA"] = """
            <domain type='kvm'>
              <name>numa</name>
              <memory unit='GiB'>4</memory>
              <memoryBacking>
                <hugepages>
                  <page size='1' unit='G' nodeset='0'/>
                  <page size='2' unit='M' nodeset='1'/>
                </hugepages>
                <nosharepages/>
                <locked/>
                <access mode='shared'/>
                <allocation mode='immediate' threads='8'/>
                <discard/>
              </memoryBacking>
              <vcpu>8</vcpu>
              <os><type arch='x86_64'>hvm</type></os>
              <cpu>
                <topology sockets='2' cores='4' threads='1'/>
                <numa>
                  <cell id='0' cpus='0-3' memory='2' unit='GiB' memAccess='shared'/>
                  <cell id='1' cpus='4-7' memory='2' unit='GiB' discard='yes'>
                    <distances><sibling id='0' value='21'/></distances>
                  </cell>
                </numa>
              </cpu>
              <devices>
                <filesystem type='mount'>
                  <driver type='virtiofs'/>
                  <source socket='/var/virtiofsd.sock'/>
                  <target dir='tag'/>
                </filesystem>
              </devices>
            </domain>
            """,
        ["without indentation"] = "<domain type='kvm'>\n<name>flat</name>\n<memory>1048576</memory>\n<os>\n<type>hvm</type>\n</os>\n<devices>\n<emulator>/bin/true</emulator>\n</devices>\n</domain>\n",
        ["with no devices at all"] = "<domain type='kvm'>\n  <name>bare</name>\n  <memory>1048576</memory>\n</domain>",
        ["with empty devices"] = "<domain type='kvm'>\n  <name>empty</name>\n  <devices/>\n</domain>",
        ["with empty devices and a blank"] = "<domain type='kvm'>\n  <name>empty</name>\n  <devices />\n</domain>",
        ["with open empty devices"] = "<domain type='kvm'>\n    <name>empty</name>\n    <devices>\n    </devices>\n</domain>",
        ["with non-ASCII text"] = "<domain type='kvm'>\n  <name>größer-東京-🐧</name>\n  <title>ä\u00A0b</title>\n  <devices>\n    <emulator>/opt/ü/qemu</emulator>\n  </devices>\n</domain>\n",
        ["with attributes on lines of their own"] = """
            <domain
                type='kvm'
                id='7'
            >
              <name>lines</name>
              <memory
                  unit='KiB'
              >1048576</memory>
              <devices>
                <disk
                    type='file'
                    device='disk'
                />
              </devices>
            </domain>
            """,
        ["with old Mac line ends in a comment"] = "<domain>\n  <name>mac</name>\n  <!-- a\rb\r\nc -->\n  <devices>\n    <emulator>/x</emulator>\n  </devices>\n</domain>",
        ["with blank lines between sections"] =
            "<domain type='kvm'>\n\n  <name>blank</name>\n\n  <memory>1048576</memory>\n\n  <devices>\n\n    <disk type='file'/>\n\n    <disk type='block'/>\n\n  </devices>\n\n</domain>\n",
        ["mixed tabs and blanks"] = "<domain>\n  <name>mix</name>\n\t<memory>1</memory>\n  <devices>\n\t  <disk/>\n  \t</devices>\n</domain>",
        ["a container"] = "<domain type='lxc'>\n  <name>box</name>\n  <memory>500000</memory>\n  <os>\n    <type>exe</type>\n    <init>/bin/sh</init>\n  </os>\n  <devices>\n    <filesystem type='mount'>\n      <source dir='/root'/>\n      <target dir='/'/>\n    </filesystem>\n    <filesystem type='ram'>\n      <source usage='1024' units='KiB'/>\n      <target dir='/tmp'/>\n    </filesystem>\n  </devices>\n</domain>\n",
    };

    /// <summary>The handwritten domains and valid ones made from combinations of settings and styles.</summary>
    public static IEnumerable<string> All() => Handwritten.Values.Concat(Generated());

    /// <summary>Domains that libvirt's schema accepts.</summary>
    public static IEnumerable<string> Generated()
    {
        string[] machines = ["x86_64|pc-q35-7.2", "x86_64|pc-i440fx-7.2", "aarch64|virt", "s390x|s390-ccw-virtio"];
        string[] backings =
        [
            "",
            "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
            "<memoryBacking><hugepages><page size='2' unit='M'/></hugepages><access mode='shared'/></memoryBacking>",
            "<memoryBacking><access mode='private'/><locked/></memoryBacking>",
        ];
        string[] fileSystems =
        [
            "",
            "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/><source dir='/path/on/host'/><target dir='mount_tag'/></filesystem>",
            "<filesystem type='mount'><driver type='virtiofs' queue='1024'/><source socket='/var/virtiofsd.sock'/><target dir='tag'/></filesystem>",
            "<filesystem type='mount'><source dir='/nine'/><target dir='nine'/><readonly/></filesystem>",
        ];
        int count = 0;
        foreach (string machine in machines)
        {
            foreach (string backing in backings)
            {
                foreach (string fileSystem in fileSystems)
                {
                    for (int style = 0; style < Styles.Length; style++)
                    {
                        yield return Styles[style](Make(++count, machine.Split('|'), backing, fileSystem));
                    }
                }
            }
        }
    }

    private static readonly Func<string, string>[] Styles =
    [
        xml => Indent(xml, "  ", "\n"),
        xml => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n" + Indent(xml, "\t", "\r\n").Replace('\'', '"'),
        xml => xml,
        xml => Indent(xml, "    ", "\n").Replace("/>", " />", StringComparison.Ordinal).Replace("<devices>", "<!-- devices -->\n<devices>", StringComparison.Ordinal),
    ];

    private static string Make(int number, string[] machine, string backing, string fileSystem) =>
        $"<domain type='kvm'><name>vm{number.ToString(CultureInfo.InvariantCulture)}</name><uuid>{Uuid}</uuid><memory unit='MiB'>{512 + number}</memory>" +
        $"{backing}<vcpu placement='static'>2</vcpu><os><type arch='{machine[0]}' machine='{machine[1]}'>hvm</type></os>" +
        "<devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a.img'/><target dev='vda' bus='virtio'/></disk>" +
        $"{fileSystem}<console type='pty'/></devices></domain>";

    private static string Indent(string xml, string unit, string newLine)
    {
        string text = System.Xml.Linq.XDocument.Parse(xml).Root!.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
        IEnumerable<string> lines = text.Split('\n').Select(line =>
        {
            string content = line.TrimStart(' ');
            return string.Concat(Enumerable.Repeat(unit, (line.Length - content.Length) / 2)) + content.Replace('"', '\'').Replace(" />", "/>", StringComparison.Ordinal);
        });
        return string.Join(newLine, lines) + newLine;
    }
}
