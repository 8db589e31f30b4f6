BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:test = @{ Connection = 'test:///default' }
    $script:hasLibvirt = $true
    try { $null = Get-VMDomain test @test -ErrorAction Stop } catch { $script:hasLibvirt = $false }
}

Describe 'A share for a domain' {
    BeforeEach {
        if (-not $hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed' }
        $folder = New-TestFolder -Directory srv
        $place = @{ Path = "$folder/srv"; Socket = "$folder/vfs" }
        $name = "vfs-$([guid]::NewGuid().ToString('n').Substring(0, 8))"
        "<domain type='test'><name>$name</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>" |
            Get-VMDomain | Set-VMMemoryBacking -Shared | Set-VMDomain @test
    }

    AfterEach {
        Clear-Test $folder
        Remove-VMDomain $name @test -Confirm:$false -ErrorAction Ignore
    }

    It 'is a device of the domain, with queues as large as the share has' {
        $share = Start-VirtioFsShare @place -Tag data -Domain $name @test
        $device = Get-VMFileSystem $name data @test
        $device.Socket, $device.QueueSize | Should -Be $share.Socket, 1024
        $share.Domain, $share.Connection | Should -Be $name, test:///default
    }

    It 'has a device with queues of <expected> when the share has <size>' -ForEach @{ size = 256; expected = 256 }, @{ size = 4096; expected = 1024 } {
        $null = Start-VirtioFsShare @place -Tag data -QueueSize $size -Domain $name @test
        (Get-VMFileSystem $name data @test).QueueSize | Should -Be $expected
    }

    It 'is just served the next time, also without naming the socket' {
        $null = Start-VirtioFsShare @place -Tag data -Domain $name @test
        $before = (Get-VMDomain $name -Inactive @test).Xml
        Get-VirtioFsShare | Stop-VirtioFsShare
        (Start-VirtioFsShare $place.Path -Tag data -Domain $name @test -ErrorAction Stop).Socket | Should -Be $place.Socket
        (Get-VMDomain $name -Inactive @test).Xml | Should -BeExactly $before
        Get-VirtioFsShare | Stop-VirtioFsShare
        (Start-VirtioFsShare @place -Tag data -Domain $name @test -ErrorAction Stop).State | Should -Be Waiting
    }

    It 'is refused where the domain has that tag for something else, and says what to do' {
        Add-VMFileSystem $name data -Source /srv @test
        Start-VirtioFsShare @place -Tag data -Domain $name @test -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'DuplicateTag,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
        $failure[0].ToString() | Should -BeLike "*the directory '/srv'*Remove-VMFileSystem $name data*"
        Get-VirtioFsShare | Should -BeNullOrEmpty
    }

    It 'is refused when the device has larger queues than the share would' {
        $null = Start-VirtioFsShare @place -Tag data -Domain $name @test
        Get-VirtioFsShare | Stop-VirtioFsShare
        Start-VirtioFsShare @place -Tag data -QueueSize 256 -Domain $name @test -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'QueueSizeTooSmall,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
        $failure[0].ToString() | Should -BeLike '*1024*'
    }

    It 'comes from a table with a column Domain' {
        [pscustomobject] @{ Path = $place.Path; Socket = $place.Socket; Tag = 'data'; Domain = $name; Connection = 'test:///default' } |
            ConvertTo-Csv | ConvertFrom-Csv | Start-VirtioFsShare -ErrorAction Stop | Stop-VirtioFsShare -PassThru | ConvertTo-Json | ConvertFrom-Json |
            Start-VirtioFsShare -ErrorAction Stop | ForEach-Object Domain | Should -Be $name
        @(Get-VMFileSystem $name @test).Tag | Should -Be data
    }

    It 'is one of the domain''s when it is detached, and the same line the next day leaves it or serves it' {
        $line = $place + $test + @{ Tag = 'data'; Domain = $name; Detached = $true; ErrorAction = 'Stop' }
        $share = Start-VirtioFsShare @line
        $share.Detached, $share.Domain, $share.Connection | Should -Be $true, $name, test:///default
        $before = (Get-VMDomain $name -Inactive @test).Xml
        (Get-VMFileSystem $name data @test).Socket | Should -Be $share.Socket
        "$((Invoke-FreshPowerShell { $share = Get-VirtioFsShare data; $share.Domain, $share.Connection -join ' ' }).Output)" | Should -Be "$name test:///default"

        $again = Start-VirtioFsShare @line
        $again.ProcessId, $again.Id | Should -Be $share.ProcessId, $share.Id
        (Get-VMDomain $name -Inactive @test).Xml | Should -BeExactly $before
        Start-VirtioFsShare @line -WhatIf | ForEach-Object ProcessId | Should -Be $share.ProcessId
        { Start-VirtioFsShare @line -ReadOnly } | Should -Throw -ErrorId 'ShareConflict,*'

        Stop-VirtioFsShare data
        $again = Start-VirtioFsShare $place.Path -Tag data -Domain $name -Detached @test -ErrorAction Stop
        $again.Socket, $again.Domain | Should -Be $place.Socket, $name
        $again.ProcessId | Should -Not -Be $share.ProcessId
        (Get-VMDomain $name -Inactive @test).Xml | Should -BeExactly $before

        Remove-VMFileSystem $name data @test -Confirm:$false
        (Start-VirtioFsShare @line).ProcessId | Should -Be $again.ProcessId
        (Get-VMFileSystem $name data @test).Socket | Should -Be $share.Socket
        (Restart-VirtioFsShare data -PassThru).Domain | Should -Be $name
        Stop-VirtioFsShare data -Detach
        Get-VMFileSystem $name @test | Should -BeNullOrEmpty
        Get-VirtioFsShare | Should -BeNullOrEmpty
    }

    It 'of a detached process is not given to a second domain, nor is the note of the first one lost' {
        $other = "$name-other"
        "<domain type='test'><name>$other</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>" |
            Get-VMDomain | Set-VMMemoryBacking -Shared | Set-VMDomain @test
        try {
            $null = Start-VirtioFsShare @place -Tag data -Domain $name @test -Detached -ErrorAction Stop
            $before = (Get-VMDomain $other -Inactive @test).Xml
            { Start-VirtioFsShare @place -Tag data -Domain $other @test -Detached -ErrorAction Stop } | Should -Throw -ErrorId 'ShareConflict,*'
            (Get-VMDomain $other -Inactive @test).Xml | Should -BeExactly $before
            (Get-VirtioFsShare data).Domain | Should -Be $name
        } finally {
            Remove-VMDomain $other @test -Confirm:$false
        }
    }

    It 'is stopped again when it is detached and the domain does not take it' {
        Add-VMFileSystem $name data -Source /srv @test
        Start-VirtioFsShare @place -Tag data -Domain $name @test -Detached -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'DuplicateTag,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
        Get-VirtioFsShare | Should -BeNullOrEmpty
    }

    It 'is taken out of its domain with -Detach' {
        $null = Start-VirtioFsShare @place -Tag data -Domain $name @test
        (Stop-VirtioFsShare data -Detach -PassThru).State | Should -Be Stopped
        Get-VMFileSystem $name @test | Should -BeNullOrEmpty
    }

    It 'stays with -Detach -WhatIf, and when it was started for no domain' {
        $null = Start-VirtioFsShare @place -Tag data -Domain $name @test
        Stop-VirtioFsShare data -Detach -WhatIf
        @(Get-VMFileSystem $name @test).Tag | Should -Be data
        $null = Start-VirtioFsShare $place.Path -Tag other -Socket "$folder/other"
        Stop-VirtioFsShare other -Detach -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'DomainUnknown,VirtioFs.Cmdlets.StopVirtioFsShareCommand'
        (Get-VirtioFsShare).Tag | Should -Be data, other
    }

    It 'is named when its domain is to start without it, and the domain starts with it' {
        $null = Start-VirtioFsShare @place -Tag data -Domain $name @test
        Get-VirtioFsShare | Stop-VirtioFsShare
        Start-VMDomain $name @test -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'ShareNotRunning,VirtioFs.Cmdlets.StartVMDomainCommand'
        $failure[0].ToString() | Should -BeLike "*'data'*'$($place.Socket)'*Start-VirtioFsShare*-Tag 'data' -Domain '$name'*"
        $null = Start-VirtioFsShare $place.Path -Tag data -Domain $name @test
        (Start-VMDomain $name @test -PassThru).State | Should -Be Running
        Stop-VMDomain $name @test -Force -Confirm:$false
    }

    It 'that is given to Add-VMFileSystem, ConvertTo-QemuArgument or ConvertTo-CloudHypervisorArgument has its own queue size there' {
        $share = Start-VirtioFsShare @place -Tag data -QueueSize 256
        Add-VMFileSystem $name -Share $share @test
        (Get-VMFileSystem $name data @test).QueueSize | Should -Be 256
        $share | ConvertTo-QemuArgument -AsCommandLine | Should -BeLike '*queue-size=256*'
        $share | ConvertTo-CloudHypervisorArgument -AsCommandLine | Should -BeLike '*queue_size=256*'
        $share | ConvertTo-QemuArgument -QueueSize 128 -AsCommandLine | Should -BeLike '*queue-size=128*'
    }
}
