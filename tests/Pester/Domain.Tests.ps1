BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $folder = New-TestFolder
    $file = Join-Path $folder d.xml
    $xml = @'
<domain type='test'>
  <name>pester01</name>
  <memory unit='GiB'>2</memory>
  <vcpu>4</vcpu>
  <os>
    <type>hvm</type>
  </os>
  <!-- stays -->
  <devices>
    <disk type='file'>
      <source file='/a.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>
'@
    $script:test = @{ Connection = 'test:///default' }
    $script:hasLibvirt = $true
    try { $null = Get-VMDomain test @test -ErrorAction Stop } catch { $script:hasLibvirt = $false }

    function Skip-WithoutLibvirt {
        if (-not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed' }
    }
}

AfterAll { Clear-Test $folder }

Describe 'Domains from files and texts' {
    BeforeEach { [IO.File]::WriteAllText($file, $xml) }

    It 'are read by path, by literal path from the pipeline, and as text' {
        (Get-VMDomain -Path "$folder/*.xml").Name | Should -Be pester01
        (Get-Item $file | Get-VMDomain).Path | Should -Be $file
        ($file | Get-VMDomain).Name | Should -Be pester01
        (Get-Item $file | Get-VMMemoryBacking).DomainName | Should -Be pester01
        Get-Item $file | Set-VMMemoryBacking -Shared
        (Get-VMDomain -Path $file).IsMemoryShared | Should -BeTrue
        $domain = $xml | Get-VMDomain
        $domain.Name, $domain.VirtualCpus, "$($domain.Memory)" | Should -Be pester01, 4, 2G
        $domain.Xml | Should -BeExactly $xml
        $domain.State | Should -BeNullOrEmpty
    }

    It 'are edited in place and only where they change' {
        Set-VMMemoryBacking -Path $file -Shared -Hugepages 2M
        $expected = $xml.Replace("</memory>`n", "</memory>`n  <memoryBacking>`n    <hugepages>`n      <page size='2' unit='M'/>`n    </hugepages>`n    <source type='memfd'/>`n    <access mode='shared'/>`n  </memoryBacking>`n")
        [IO.File]::ReadAllText($file) | Should -BeExactly $expected
        Test-VMMemoryBacking -Path $file -Quiet | Should -BeTrue
    }

    It 'stay as they are with -WhatIf, which says before and after' {
        $output = pwsh -NoProfile -NonInteractive -Command "Import-Module '$ModuleManifest'; Set-VMMemoryBacking -Path '$file' -Shared -WhatIf" | Out-String
        $output -replace '\s+', ' ' | Should -Match 'source: \(none\) -> memfd; access: \(none\) -> shared'
        [IO.File]::ReadAllText($file) | Should -BeExactly $xml
    }

    It 'take sizes as PowerShell writes them' {
        Set-VMMemoryBacking -Path $file -Shared -Hugepages 2MB
        "$((Get-VMMemoryBacking -Path $file).Hugepages)" | Should -Be 2M
    }

    It 'take NUMA cells as texts and as hashtables' {
        Set-VMMemoryBacking -Path $file -NumaCell 'cpus=0-1,memory=1G,memAccess=shared', @{ cpus = '2-3'; memory = '1G'; memAccess = 'shared' }
        $cells = (Get-VMMemoryBacking -Path $file).NumaCells
        $cells.Id | Should -Be 0, 1
        (Test-VMMemoryBacking -Path $file).IsShared | Should -BeTrue
    }

    It 'go through a pipeline as objects' {
        $domain = $xml | Set-VMMemoryBacking -Shared | Add-VMFileSystem -Tag share -Source /srv -QueueSize 1024 -Xattr -Cache Always
        $domain.IsChanged, $domain.IsMemoryShared, $domain.FileSystems.Tag | Should -Be $true, $true, share
        $found = $domain | Get-VMFileSystem
        $found.QueueSize, $found.Cache, $found.Source | Should -Be 1024, Always, /srv
        $again = $found | Set-VMFileSystem -QueueSize 512 -Clear Cache
        ($again | Get-VMFileSystem).QueueSize | Should -Be 512
        ($again | Remove-VMFileSystem -Tag share).FileSystems | Should -BeNullOrEmpty
    }

    It 'show the number that an s390x guest sees' {
        $fileSystem = "<domain><name>z</name><os><type arch='s390x'>hvm</type></os></domain>" |
            Add-VMFileSystem -Tag t -Source /p -DeviceNumber fe.0.1a12 -WarningAction Ignore | Get-VMFileSystem
        "$($fileSystem.DeviceNumber)", $fileSystem.GuestDeviceNumber | Should -Be fe.0.1a12, 0.0.1a12
    }

    It 'are exported, not over a file without -Force' {
        $target = Join-Path $folder out.xml
        $xml | Export-VMDomain -Path $target
        [IO.File]::ReadAllText($target) | Should -BeExactly $xml
        { $xml | Export-VMDomain -Path $target -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*'
        $xml | Export-VMDomain -Path $target -Force
    }
}

Describe 'What VMMs refuse' {
    BeforeEach { [IO.File]::WriteAllText($file, $xml) }

    It '<id>' -ForEach @(
        @{ id = 'TagTooLong'; arguments = @{ Tag = 'x' * 37; Source = '/srv' }; words = 'tag property must be 36 bytes or less' }
        @{ id = 'QueueSizeNotPowerOfTwo'; arguments = @{ Tag = 't'; Source = '/srv'; QueueSize = 1000 }; words = 'queue-size property must be a power of 2' }
        @{ id = 'QueueSizeTooLarge'; arguments = @{ Tag = 't'; Source = '/srv'; QueueSize = 2048 }; words = 'queue-size property must be 1024 or smaller' }
        @{ id = 'OnlyPassthrough'; arguments = @{ Tag = 't'; Source = '/srv'; AccessMode = 'Mapped' }; words = 'virtiofs only supports passthrough accessmode' }
        @{ id = 'SourceMissing'; arguments = @{ Tag = 't' }; words = 'no source' }
        @{ id = 'TwoAddresses'; arguments = @{ Tag = 't'; Source = '/srv'; DeviceNumber = 'fe.0.0001'; PciAddress = '07:00.0' }; words = 'one address' }
    ) {
        { Add-VMFileSystem -Path $file @arguments -ErrorAction Stop } | Should -Throw -ErrorId "$id,*" -ExpectedMessage "*$words*"
        [IO.File]::ReadAllText($file) | Should -BeExactly $xml
    }
}

Describe 'Bad XML' {
    It 'is one clear error with its place' {
        { '<domain><cpu/><cpu/></domain>' | Get-VMDomain -ErrorAction Stop } | Should -Throw -ErrorId 'DuplicateElement,*' -ExpectedMessage '*2 <cpu> elements*line 1, column 15*'
        { "<domain>`n<a></b>" | Get-VMDomain -ErrorAction Stop } | Should -Throw -ErrorId 'MalformedXml,*' -ExpectedMessage '*line 2*'
        { '<network/>' | Get-VMDomain -ErrorAction Stop } | Should -Throw -ErrorId 'NotADomain,*'
    }

    It 'of one file does not keep the others from being read' {
        [IO.File]::WriteAllText("$folder/a-bad.xml", '<domain>')
        [IO.File]::WriteAllText($file, $xml)
        $domains = Get-VMDomain -Path "$folder/a-bad.xml", $file -ErrorVariable problems -ErrorAction SilentlyContinue
        $domains.Name | Should -Be pester01
        $problems.Count | Should -Be 1
        Remove-Item "$folder/a-bad.xml"
    }
}

Describe 'libvirt' {
    It 'has a domain defined, shared, started, changed and removed' {
        Skip-WithoutLibvirt
        $xml | Set-VMMemoryBacking -Shared | Add-VMFileSystem -Tag share -Source /srv | Set-VMDomain @test
        (Start-VMDomain pester01 @test -PassThru).State | Should -Be Running
        (Get-VMFileSystem pester01 @test).Tag | Should -Be share
        Add-VMFileSystem pester01 two -Source /opt @test -Live -WarningAction SilentlyContinue
        (Get-VMDomain pester01 @test -Inactive).FileSystems.Tag | Should -Be share, two
        Get-VMFileSystem pester01 two @test | Remove-VMFileSystem -Live -WarningAction SilentlyContinue
        (Get-VMDomain pester01 @test -Inactive).FileSystems.Tag | Should -Be share
        Stop-VMDomain pester01 @test -Force
        (Get-VMDomain pester01 @test).State | Should -Be Off
        Remove-VMDomain pester01 @test -Confirm:$false
        { Get-VMDomain pester01 @test -ErrorAction Stop } | Should -Throw -ErrorId 'DomainNotFound,*' -ExpectedMessage '*pester01*'
    }

    It 'gives shares to a domain in one step' {
        Skip-WithoutLibvirt
        $xml | Set-VMMemoryBacking -Shared | Set-VMDomain @test
        $null = [IO.Directory]::CreateDirectory("$folder/served")
        Start-VirtioFsShare "$folder/served" -Tag one -Socket "$folder/one.sock" | Add-VMFileSystem -Domain pester01 @test
        (Get-VMFileSystem pester01 one @test).Socket | Should -Be "$folder/one.sock"
        $null = Start-VirtioFsShare "$folder/served" -Tag two -Socket "$folder/two.sock" -Domain pester01 @test
        (Get-VMFileSystem pester01 @test).Tag | Should -Be one, two
        Remove-VMDomain pester01 @test -Confirm:$false
        Get-VirtioFsShare | Stop-VirtioFsShare -Force
    }

    It 'leaves no share behind when the domain cannot take it' {
        Skip-WithoutLibvirt
        $xml | Set-VMDomain @test
        { Start-VirtioFsShare $folder -Tag x -Socket "$folder/x.sock" -Domain pester01 @test -ErrorAction Stop } |
            Should -Throw -ErrorId 'SharedMemoryRequired,*' -ExpectedMessage '*requires shared memory*Set-VMMemoryBacking -Shared*'
        Get-VirtioFsShare | Should -BeNullOrEmpty
        Remove-VMDomain pester01 @test -Confirm:$false
    }

    It 'takes a file without a UUID for the domain that it has' {
        Skip-WithoutLibvirt
        [IO.File]::WriteAllText($file, $xml)
        $first = Import-VMDomain $file @test
        { Import-VMDomain $file @test -ErrorAction Stop } | Should -Throw -ErrorId 'DomainExists,*'
        (Import-VMDomain $file @test -Force).Uuid | Should -Be $first.Uuid
        ($xml | Set-VMMemoryBacking -Shared | Set-VMDomain @test -PassThru).Uuid | Should -Be $first.Uuid
        (Remove-VMDomain pester01 @test -Confirm:$false -PassThru).Uuid | Should -Be $first.Uuid
    }

    It 'says why nothing is written on a connection for reading' {
        Skip-WithoutLibvirt
        (Get-VMDomain test @test -ReadOnly).Name | Should -Be test
    }

    It 'that does not answer is one clear error' {
        Skip-WithoutLibvirt
        { Get-VMDomain -Connection 'qemu+unix:///system?socket=/nowhere' -ErrorAction Stop } | Should -Throw -ErrorId 'ConnectionFailed,*'
    }
}

Describe 'Host, monitors and guests' {
    BeforeEach { [IO.File]::WriteAllText($file, $xml) }

    It 'qemu.conf is changed with a backup' {
        $conf = "$folder/qemu.conf"
        Set-Content $conf '#memory_backing_dir = "/x"'
        Set-VMHostMemorySetting -Path $conf -MemoryBackingDirectory /dev/shm -WhatIf
        (Get-VMHostMemorySetting $conf).IsMemoryBackingDirectorySet | Should -BeFalse
        $after = Set-VMHostMemorySetting -Path $conf -MemoryBackingDirectory /dev/shm -PassThru -WarningAction Ignore
        $after.MemoryBackingDirectory | Should -Be /dev/shm
        Get-Content $after.Backup | Should -Be '#memory_backing_dir = "/x"'
    }

    It 'arguments of QEMU and Cloud Hypervisor come from a domain' {
        $domain = $xml | Set-VMMemoryBacking -Shared | Add-VMFileSystem -Tag T -Socket /run/s.sock
        $domain | ConvertTo-QemuArgument -RequestQueues 2 -AsCommandLine |
            Should -Be '-m 2G -object memory-backend-memfd,id=mem,size=2G,share=on -machine memory-backend=mem -chardev socket,id=char-vfs0,path=/run/s.sock -device vhost-user-fs-pci,chardev=char-vfs0,tag=T,id=vfs0,num-request-queues=2'
        $domain | ConvertTo-CloudHypervisorArgument | Should -Be '--memory', 'size=2G,shared=on', '--fs', 'tag=T,socket=/run/s.sock,num_queues=1,queue_size=1024'
        { $domain | ConvertTo-CloudHypervisorArgument -RequestQueues 5 -ErrorAction Stop } | Should -Throw -ErrorId 'TooManyQueues,*'
    }

    It 'a Cloud Hypervisor that does not answer is one clear error' {
        { Add-CloudHypervisorFileSystem "$folder/none.sock" t /s -ErrorAction Stop } | Should -Throw -ErrorId 'CloudHypervisorUnreachable,*'
    }

    It 'a mount is written for every reader' {
        $mount = New-VirtioFsMount 'my share' '/mnt/my share' -ReadOnly
        $mount.Command | Should -BeExactly "mount -t virtiofs -o ro 'my share' '/mnt/my share'"
        $mount.FstabLine | Should -BeExactly 'my\040share /mnt/my\040share virtiofs ro 0 0'
        $mount.SystemdUnitName | Should -BeExactly 'mnt-my\x20share.mount'
        ($mount.Ignition | ConvertFrom-Json).systemd.units[0].name | Should -BeExactly $mount.SystemdUnitName
    }

    It 'a wrapper is written and runs' {
        $wrapper = New-VirtioFsWrapper "$folder/w.sh" /bin/echo -InodeFileHandles mandatory -AnnounceSubmounts
        & $wrapper.FullName --fd=3 | Should -Be '--inode-file-handles=mandatory --announce-submounts --fd=3'
        { New-VirtioFsWrapper "$folder/w.sh" /bin/echo -ErrorAction Stop } | Should -Throw -ErrorId 'WrapperExists,*'
        { New-VirtioFsWrapper "$folder/v.sh" /bin/echo -Option --fd=1 -ErrorAction Stop } | Should -Throw -ErrorId 'ReservedWrapperOption,*'
    }

    It 'pages are counted and missing ones named' {
        if (-not (Test-Path /sys/kernel/mm/hugepages/hugepages-2048kB)) { Set-ItResult -Skipped -Because 'this kernel has no 2M pages' }
        $advice = Measure-HugePagePool -Path $file -Size 2M
        $advice.Needed | Should -Be 1024
        (Get-HugePagePool 2M).Size.Bytes | Should -Be 2MB
        { Get-HugePagePool 3M -ErrorAction Stop } | Should -Throw -ErrorId 'HugePagePoolNotFound,*'
    }
}
