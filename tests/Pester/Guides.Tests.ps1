# Each XML fragment of libvirt's virtiofs guide, of IBM's KVM guide for s390, of QEMU's announcement and of the virtiofsd wrapper
# guide, beside the one command that writes it.
BeforeDiscovery {
    $fragments = @(
        @{
            guide = 'libvirt: optional parameters'
            command = { Add-VMFileSystem -Path $file -Tag mount_tag -Source /path -AccessMode Passthrough -QueueSize 1024 -Binary /usr/libexec/virtiofsd -Xattr -Cache Always -PosixLock -Flock }
            xml = "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs' queue='1024'/><binary path='/usr/libexec/virtiofsd' xattr='on'><cache mode='always'/><lock posix='on' flock='on'/></binary><source dir='/path'/><target dir='mount_tag'/></filesystem>"
        }
        @{
            guide = 'libvirt: externally-launched virtiofsd'
            command = { Add-VMFileSystem -Path $file -Tag tag -Socket /var/virtiofsd.sock -QueueSize 1024 }
            xml = "<filesystem type='mount'><driver type='virtiofs' queue='1024'/><source socket='/var/virtiofsd.sock'/><target dir='tag'/></filesystem>"
        }
        @{
            guide = 'libvirt: memfd memory'
            command = { Set-VMMemoryBacking -Path $file -Shared }
            xml = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
        }
        @{
            guide = 'libvirt: file-backed memory'
            command = { Set-VMMemoryBacking -Path $file -Shared -Source Default }
            xml = "<memoryBacking><access mode='shared'/></memoryBacking>"
        }
        @{
            guide = 'libvirt: hugepage-backed memory'
            command = { Set-VMMemoryBacking -Path $file -Shared -Hugepages 2M -Source Default }
            xml = "<memoryBacking><hugepages><page size='2' unit='M'/></hugepages><access mode='shared'/></memoryBacking>"
        }
        @{
            guide = 'libvirt: NUMA topology'
            command = { Set-VMMemoryBacking -Path $file -NumaCell 'id=0,cpus=0-7,memory=2G,memAccess=shared' }
            xml = "<cpu><numa><cell id='0' cpus='0-7' memory='2' unit='GiB' memAccess='shared'/></numa></cpu>"
        }
        @{
            guide = 'IBM: file-backed memory'
            command = { Set-VMMemoryBacking -Path $file -Shared -Source File }
            xml = "<memoryBacking><source type='file'/><access mode='shared'/></memoryBacking>"
        }
        @{
            guide = 'IBM: hugepage-backed memory'
            command = { Set-VMMemoryBacking -Path $file -Shared -Hugepages default -Source Default }
            xml = "<memoryBacking><hugepages/><access mode='shared'/></memoryBacking>"
        }
        @{
            guide = 'IBM: file system with a device bus-ID'
            machine = "<type arch='s390x' machine='s390-ccw-virtio'>hvm</type>"
            command = { Add-VMFileSystem -Path $file -Tag tag -Source /path -AccessMode Passthrough -DeviceNumber fe.0.1a12 }
            xml = "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/><source dir='/path'/><target dir='tag'/><address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1a12'/></filesystem>"
        }
        @{
            guide = 'QEMU: announcement of 5.0'
            command = { Add-VMFileSystem -Path $file -Tag mount_tag -Source /path/on/host -AccessMode Passthrough -Xattr -PosixLock -Flock }
            xml = "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/><binary xattr='on'><lock posix='on' flock='on'/></binary><source dir='/path/on/host'/><target dir='mount_tag'/></filesystem>"
        }
        @{
            guide = 'virtiofsd wrapper'
            command = { Add-VMFileSystem -Path $file -Tag share -Source /mnt/share/ -AccessMode Passthrough -Ats -Binary /opt/virtiofsd-rust/virtiofsd.sh }
            xml = "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs' ats='on'/><binary path='/opt/virtiofsd-rust/virtiofsd.sh'/><source dir='/mnt/share/'/><target dir='share'/></filesystem>"
        }
    )
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $folder = New-TestFolder
    $file = Join-Path $folder d.xml
}

AfterAll { Clear-Test $folder }

Describe 'Guides' {
    It '<guide>' -ForEach $fragments {
        $type = $machine ?? "<type arch='x86_64'>hvm</type>"
        $before = "<domain type='kvm'>`n  <name>guide</name>`n  <memory unit='GiB'>2</memory>`n  <vcpu>8</vcpu>`n  <os>`n    $type`n  </os>`n  <devices>`n    <emulator>/usr/bin/qemu</emulator>`n  </devices>`n</domain>`n"
        [IO.File]::WriteAllText($file, $before)

        & $command -WarningAction SilentlyContinue 3> $null

        $after = [IO.File]::ReadAllText($file)
        $compact = $after -replace '>\s+<', '><'
        $compact.Contains($xml) | Should -BeTrue -Because $after
        $compact.Replace($xml, '') | Should -BeExactly ($before -replace '>\s+<', '><')
        (Get-VMDomain -Path $file).Xml | Should -BeExactly $after
    }

    It 'libvirt: allocpages 2M 1024' {
        $answer = pwsh -NoProfile -NonInteractive -Command "Import-Module '$ModuleManifest'; Set-HugePagePool -Size 2M -Count 1024 -WhatIf" 2>&1 | Out-String
        if ($answer -match 'no pool|no hugepages') { Set-ItResult -Skipped -Because 'this kernel has no 2M pages' }
        $answer -replace '\s+', ' ' | Should -Match 'pool of 2M pages of this host: \d+ -> 1024 pages'
    }

    It 'libvirt: memory_backing_dir = "/dev/shm/"' {
        Set-VMHostMemorySetting -Path "$folder/qemu.conf" -MemoryBackingDirectory /dev/shm/ -WarningAction SilentlyContinue
        [IO.File]::ReadAllText("$folder/qemu.conf") | Should -BeExactly "memory_backing_dir = `"/dev/shm/`"`n"
    }

    It 'virtiofsd wrapper: the script' {
        $null = New-VirtioFsWrapper "$folder/w.sh" /opt/virtiofsd-rust/virtiofsd.sh -InodeFileHandles mandatory -AnnounceSubmounts
        Get-Content "$folder/w.sh" | Select-Object -Last 1 | Should -BeExactly 'exec /opt/virtiofsd-rust/virtiofsd.sh --inode-file-handles=mandatory --announce-submounts "$@"'
    }

    It 'Cloud Hypervisor: the command line, and the mount in the guest' {
        "<domain><name>ch</name><memory unit='GiB'>1</memory></domain>" | Set-VMMemoryBacking -Shared | Add-VMFileSystem -Tag myfs -Socket /tmp/virtiofs -QueueSize 512 |
            ConvertTo-CloudHypervisorArgument -AsCommandLine | Should -BeExactly '--memory size=1G,shared=on --fs tag=myfs,socket=/tmp/virtiofs,num_queues=1,queue_size=512'
        (New-VirtioFsMount myfs /mount_dir/).Command | Should -BeExactly 'mount -t virtiofs myfs /mount_dir/'
    }
}
