# Nobody's change of a domain is lost without an error.
BeforeDiscovery {
    $lack = 'libvirtd', 'tini', 'unshare' | Where-Object { -not (Get-Command $_ -ErrorAction Ignore) }
    $why = if ($lack) { "$($lack -join ', ') is not installed" } elseif ([Environment]::UserName -ne 'root') { 'only root can start a libvirtd of its own' } else { '' }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:test = @{ Connection = 'test:///default' }
    $script:hasLibvirt = $true
    try { $null = Get-VMDomain test @test -ErrorAction Stop } catch { $script:hasLibvirt = $false }

    function Skip-WithoutLibvirt {
        if (-not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed' }
    }

    function Get-Xml {
        param([string] $Name)
        "<domain type='test'><name>$Name</name><memory unit='GiB'>1</memory><vcpu>1</vcpu><os><type>hvm</type></os><devices/></domain>"
    }

    function Get-Tag {
        param([string] $Name)
        (Get-VMDomain $Name @test -Inactive).FileSystems.Tag
    }
}

Describe 'A domain that others change too' {
    BeforeEach {
        if ($script:hasLibvirt) { Get-Xml changes01 | Set-VMDomain @test }
    }

    AfterEach {
        if ($script:hasLibvirt) {
            Stop-VMDomain changes01 @test -Force -ErrorAction Ignore
            Remove-VMDomain changes01 @test -Confirm:$false -ErrorAction Ignore
        }
    }

    It 'is not put back by a stale object, not even by one that is unchanged' {
        Skip-WithoutLibvirt
        $stale = Get-VMDomain changes01 @test
        Add-VMFileSystem changes01 theirs -Source /srv @test -WarningAction Ignore
        { $stale | Set-VMDomain -ErrorAction Stop } | Should -Throw -ErrorId 'DomainChanged,*' -ExpectedMessage "*'changes01'*"
        { $stale | Set-VMMemoryBacking -Shared | Set-VMDomain -ErrorAction Stop } | Should -Throw -ErrorId 'DomainChanged,*'
        { $stale | Set-VMDomain -WhatIf -ErrorAction Stop } | Should -Throw -ErrorId 'DomainChanged,*'
        Get-Tag changes01 | Should -Be theirs
        (Get-VMDomain changes01 @test -Inactive).IsMemoryShared | Should -BeFalse
    }

    It 'can be changed again and again through one object' {
        Skip-WithoutLibvirt
        $domain = Get-VMDomain changes01 @test
        $domain | Set-VMMemoryBacking -Shared | Set-VMDomain
        $domain | Add-VMFileSystem -Tag a -Source /srv | Set-VMDomain
        $domain | Set-VMDomain
        (Get-VMDomain changes01 @test).IsMemoryShared | Should -BeTrue
        Get-Tag changes01 | Should -Be a
    }

    It 'keeps what waits for its next start when the view of the running guest is changed' {
        Skip-WithoutLibvirt
        Set-VMMemoryBacking changes01 -Shared @test
        Start-VMDomain changes01 @test
        Add-VMFileSystem changes01 pending -Source /srv @test -WarningAction Ignore
        Get-VMDomain changes01 @test | Add-VMFileSystem -Tag more -Source /opt | Set-VMDomain -WarningAction Ignore
        Get-Tag changes01 | Should -Be pending, more
    }

    It 'does not come back when it was removed' {
        Skip-WithoutLibvirt
        $stale = Get-VMDomain changes01 @test
        $removed = Remove-VMDomain changes01 @test -Confirm:$false -PassThru
        { $stale | Set-VMDomain -ErrorAction Stop } | Should -Throw -ErrorId 'DomainChanged,*'
        $removed | Set-VMDomain
        (Get-VMDomain changes01 @test).Uuid | Should -Be $removed.Uuid
    }

    It 'stays transient' {
        Skip-WithoutLibvirt
        $connection = [VirtioFs.LibvirtXml.Connection.LibvirtConnection]::Open($test.Connection, $false, $null, [Threading.CancellationToken]::None)
        $null = $connection.StartTransient([VirtioFs.LibvirtXml.Domain]::Parse((Get-Xml changes02)), $true)
        { Add-VMFileSystem changes02 a -Source /srv @test -ErrorAction Stop -WarningAction Ignore } | Should -Throw -ErrorId 'DomainTransient,*'
        { Set-VMMemoryBacking changes02 -Shared @test -ErrorAction Stop } | Should -Throw -ErrorId 'DomainTransient,*'
        { Get-VMDomain changes02 @test | Set-VMDomain -ErrorAction Stop } | Should -Throw -ErrorId 'DomainTransient,*'
        { Get-Xml changes02 | Set-VMDomain @test -ErrorAction Stop } | Should -Throw -ErrorId 'DomainTransient,*'
        $domain = Get-VMDomain changes02 @test
        $domain.IsPersistent, @($domain.FileSystems).Count | Should -Be $false, 0
        Stop-VMDomain changes02 @test -Force
        { Get-VMDomain changes02 @test -ErrorAction Stop } | Should -Throw -ErrorId 'DomainNotFound,*'
        $connection.Dispose()
    }
}

Describe 'Two processes' -ForEach @{ why = $why } {
    BeforeAll {
        if (-not $why) {
            $folder = New-TestFolder
            $daemon = @{ Libvirt = Start-TestLibvirt "$folder/libvirt" }
            $shared = @{ Connection = $daemon.Libvirt.Uri -replace '^qemu(.*)/system', 'test$1/default' }
        }
    }

    AfterAll {
        if (-not $why) {
            Stop-TestLibvirt $daemon.Libvirt
            Clear-Test $folder
        }
    }

    # VIRTIOFS_TURNS=200 takes some minutes. A turn of a process is three changes: two by name, and a counter that both count up, which
    # needs what the other one has made of it.
    It 'change one domain by turns, and lose nothing' {
        if ($why) { Set-ItResult -Skipped -Because $why }
        $turns = [int]($env:VIRTIOFS_TURNS ?? 12)
        $system = @{ Connection = $daemon.Libvirt.Uri }
        (Get-Xml turns) -replace "'test'", "'qemu'" | Set-VMMemoryBacking -Shared | Add-VMFileSystem -Tag counter -Source /srv -ThreadPoolSize 1 |
            Set-VMDomain @system
        $work = {
            param($module, $connection, $me, $turns)
            $ErrorActionPreference = 'Stop'
            $WarningPreference = 'Ignore'
            Import-Module $module
            $conflicts = 0
            foreach ($turn in 1..$turns) {
                Add-VMFileSystem turns "$me-$turn" -Source /srv -Connection $connection
                if ($turn -gt 1) { Remove-VMFileSystem turns "$me-$($turn - 1)" -Connection $connection -Confirm:$false }
                do {
                    $domain = Get-VMDomain turns -Connection $connection
                    $next = ($domain.FileSystems | Where-Object Tag -EQ counter).ThreadPoolSize + 1
                    $last = $null
                    try {
                        $domain | Set-VMFileSystem counter -ThreadPoolSize $next | Set-VMDomain
                    } catch {
                        if ($_.FullyQualifiedErrorId -notlike 'DomainChanged,*') { throw }
                        $last = $_
                        $conflicts++
                    }
                } while ($last)
            }
            $conflicts
        }
        $jobs = foreach ($me in 'a', 'b') { Start-Job $work -ArgumentList $ModuleManifest, $system.Connection, $me, $turns }
        $conflicts = $jobs | Receive-Job -Wait -AutoRemoveJob -ErrorAction Stop
        Write-Verbose "$turns turns of two processes; conflicts that were told and repeated: $conflicts." -Verbose
        $after = (Get-VMDomain turns @system).FileSystems
        ($after | Where-Object Tag -EQ counter).ThreadPoolSize | Should -Be (1 + 2 * $turns)
        $after.Tag | Sort-Object | Should -Be "a-$turns", "b-$turns", counter
    }

    It 'read where the log of a daemon is that died' {
        if ($why) { Set-ItResult -Skipped -Because $why }
        $system = @{ Connection = $daemon.Libvirt.Uri }
        $guest = "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>"
        (Get-Xml died) -replace "'test'", "'qemu'" -replace '<os>.*<devices/>', $guest | Set-VMMemoryBacking -Shared -Source Memfd |
            Add-VMFileSystem -Tag a -Source /srv -Binary /bin/false | Set-VMDomain @system
        { Start-VMDomain died @system -ErrorAction Stop } | Should -Throw -ErrorId 'DaemonDied,*' -ExpectedMessage '*/var/log/libvirt/qemu/died-fs*'
    }

    It 'find a daemon again that was restarted' {
        if ($why) { Set-ItResult -Skipped -Because $why }
        $domain = Get-VMDomain test @shared
        Stop-TestLibvirt $daemon.Libvirt
        Remove-Item "$folder/libvirt" -Recurse
        $daemon.Libvirt = Start-TestLibvirt "$folder/libvirt"
        (Get-VMDomain test @shared -ErrorAction Stop).Uuid | Should -Be $domain.Uuid
    }
}

Describe 'An error of the library' {
    It 'ends with what the cmdlets can do about it: <id>' -ForEach @(
        @{ id = 'DomainNotFound'; advice = 'Get-VMDomain lists'; run = { Get-VMDomain no-such-domain -Connection test:///default -ErrorAction Stop } }
        @{ id = 'NotADomain'; advice = 'Export-VMDomain'; run = { '<network/>' | Get-VMDomain -ErrorAction Stop } }
    ) {
        Skip-WithoutLibvirt
        $run | Should -Throw -ErrorId "$id,*" -ExpectedMessage "*$advice*"
    }
}
