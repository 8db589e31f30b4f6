# The whole way with a real libvirtd, QEMU and a Linux guest: software emulation is enough.
BeforeDiscovery {
    $why = ''
    $root = Join-Path $PSScriptRoot '../..' | Convert-Path
    $lack = 'libvirtd', 'tini', 'unshare' | Where-Object { -not (Get-Command $_ -ErrorAction Ignore) }
    if ($lack) {
        $why = "$($lack -join ', ') is not installed"
    } elseif ([Environment]::UserName -ne 'root') {
        $why = 'only root can start a libvirtd of its own'
    } elseif (-not (Get-Command cpio -ErrorAction Ignore)) {
        $why = 'cpio is not installed'
    } else {
        $lack = & bash "$root/eng/guest.sh" check 2>&1
        if ($LASTEXITCODE -ne 0) { $why = "there is no guest: $($lack | Select-Object -Last 1)" }
    }
}

Describe 'A guest of libvirt' -ForEach @{ why = $why; root = $root } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        $name = "vfs-pester-$PID"
        $folder = New-TestFolder -Directory data, more, ram/bin, ram/lib, ram/dev, ram/proc, ram/mnt, ram/more
        & chmod 755 $folder
        if (-not $why) {
            $libvirt = Start-TestLibvirt "$folder/libvirt"
            $system = @{ Connection = $libvirt.Uri }
        }

        # A guest that writes into the first share at once, into the second as soon as it is there, and lets that go when asked.
        function New-Guest {
            [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
            param()
            $suite = (Get-Content /etc/os-release | ConvertFrom-StringData).VERSION_CODENAME
            $kernel = "$root/.tools/guest/$suite"
            Copy-Item (Get-Command busybox).Source "$folder/ram/bin/busybox"
            Get-ChildItem "$kernel/modules" -Recurse -Include fuse.ko, virtiofs.ko, virtio*.ko | Where-Object Name -Match '^(fuse|virtiofs|virtio|virtio_ring|virtio_pci.*)\.ko$' |
                Copy-Item -Destination "$folder/ram/lib"
            Set-Content "$folder/ram/init" @'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs d /dev; mount -t proc p /proc
for m in virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci fuse virtiofs; do [ -e /lib/$m.ko ] && insmod /lib/$m.ko; done
mount -t virtiofs data /mnt && echo written > /mnt/from-guest
while sleep 0.2; do
  [ -e /plugged ] || { mount -t virtiofs more /more 2>/dev/null && echo written > /more/from-guest && touch /plugged; }
  [ -e /mnt/let-go ] && umount /more 2>/dev/null && mv /mnt/let-go /mnt/gone
done
'@
            & bash -c "chmod +x '$folder/ram/init' && cd '$folder/ram' && find . | cpio -o -H newc --quiet | gzip -1 > ../initrd && cp '$kernel/vmlinuz' .. && chmod 644 ../vmlinuz ../initrd"
            Set-Content "$folder/guest.xml" @"
<domain type='qemu'>
  <name>$name</name>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$folder/vmlinuz</kernel>
    <initrd>$folder/initrd</initrd>
    <cmdline>quiet panic=-1</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"@
        }
    }

    AfterAll {
        if ($libvirt) {
            Stop-VMDomain $name @system -Force -ErrorAction Ignore
            Remove-VMDomain $name @system -Confirm:$false -ErrorAction Ignore
            Stop-TestLibvirt $libvirt
        }
        if ($script:pool) { Set-HugePagePool 2M $script:pool.Total -WarningAction Ignore }
        Clear-Test $folder
    }

    It 'runs from hugepages with a share, takes a second one while it runs, and gives it back' {
        if ($why) { Set-ItResult -Skipped -Because $why }
        New-Guest
        $script:pool = Get-HugePagePool 2M -ErrorAction Ignore
        $hugepages = @{}
        if ($script:pool) {
            $grown = Set-HugePagePool 2M 64 -Add -PassThru -WarningAction Ignore
            if ($grown.Available -ge 64) { $hugepages.Hugepages = '2M' }
        }

        Get-VMDomain -Path "$folder/guest.xml" | Set-VMMemoryBacking -Shared @hugepages | Set-VMDomain @system
        $null = Start-VirtioFsShare "$folder/data" -Tag data -Domain $name @system
        (Start-VMDomain $name @system -PassThru).State | Should -Be Running
        Wait-Until { Test-Path "$folder/data/from-guest" } -Seconds 120
        if ($hugepages.Count) {
            (Get-HugePagePool 2M).Free | Should -BeLessOrEqual ($grown.Free - 64)
        }

        $null = Start-VirtioFsShare "$folder/more" -Tag more -Domain $name @system
        Wait-Until { Test-Path "$folder/more/from-guest" } -Seconds 60
        (Get-VMFileSystem $name @system).Tag | Should -Be data, more
        (Get-VMDomain $name -Inactive @system).FileSystems.Tag | Should -Be data, more

        { Add-VMFileSystem $name data -Source /srv -Live @system -ErrorAction Stop } | Should -Throw -ErrorId 'DuplicateTag,*'
        { Add-VMFileSystem $name none -Socket "$folder/none.sock" -Live @system -ErrorAction Stop } | Should -Throw -ErrorId 'SocketMissing,*'
        (Get-VMFileSystem $name @system).Tag | Should -Be data, more

        $null = New-Item "$folder/data/let-go"
        Wait-Until { Test-Path "$folder/data/gone" } -Seconds 30
        Get-VMFileSystem $name more @system | Remove-VMFileSystem -Live
        (Get-VMFileSystem $name @system).Tag | Should -Be data
        (Get-VMDomain $name -Inactive @system).FileSystems.Tag | Should -Be data

        Stop-VMDomain $name @system -Force
        if ($script:pool) {
            (Set-HugePagePool 2M $script:pool.Total -PassThru).Total | Should -Be $script:pool.Total
        }
    }
}
