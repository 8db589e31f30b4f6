# What the objects of the VM cmdlets are to a person: sizes that reckon and sort, views that show all, words in any case.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $folder = New-TestFolder
    $test = @{ Connection = 'test:///default' }
    $script:hasLibvirt = $true
    try { $null = Get-VMDomain test @test -ErrorAction Stop } catch { $script:hasLibvirt = $false }
    function Get-Machine {
        param([string] $Name, [string] $Memory, [string] $More = '', [string] $Os = '<type>hvm</type>')
        "<domain type='test'><name>$Name</name><memory unit='b'>$($Memory / 1)</memory>$More<os>$Os</os></domain>" | Get-VMDomain
    }
}

AfterAll { Clear-Test $folder }

Describe 'A size' {
    It 'sorts, compares, adds up and divides as PowerShell''s own numbers do' {
        $machines = (Get-Machine b 1GB), (Get-Machine c 10GB), (Get-Machine a 512MB)
        ($machines | Sort-Object Memory).Name | Should -Be a, b, c
        ($machines | Sort-Object Memory -Descending).Name | Should -Be c, b, a
        ($machines | Where-Object Memory -GT 600MB).Name | Should -Be b, c
        ($machines | Where-Object Memory -LT 1.5GB).Name | Should -Be b, a
        ($machines | Where-Object { 10GB -le $_.Memory }).Name | Should -Be c
        ($machines | Where-Object Memory -EQ 1GB).Name | Should -Be b
        ($machines | Where-Object Memory -EQ '1G').Name | Should -Be b
        ($machines | Measure-Object Memory -Sum -Maximum | ForEach-Object { $_.Sum, $_.Maximum }) | Should -Be (11GB + 512MB), 10GB
        $machines[1].Memory / 1GB | Should -Be 10
        "$($machines[0].Memory + $machines[2].Memory)", "$($machines[0].Memory * 2)" | Should -Be 1536M, 2G
        [long] $machines[0].Memory, [ulong] $machines[0].Memory, [double] $machines[0].Memory | Should -Be 1GB, 1GB, 1GB
    }

    It 'is not made of what is none' {
        { [VirtioFs.LibvirtXml.ByteSize](-1) } | Should -Throw
        { [VirtioFs.LibvirtXml.ByteSize]'many' } | Should -Throw
        { (Get-Machine b 1GB).Memory.CompareTo([datetime]::Now) } | Should -Throw
    }
}

Describe 'A memory test' {
    It 'shows the definition and the running guest, and whether a restart is what is missing' {
        if (-not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed'; return }
        Get-Machine tested 1GB | Set-VMDomain @test
        Start-VMDomain tested @test
        try {
            (Test-VMMemoryBacking tested @test | ForEach-Object { $_.IsShared, $_.Stored, $_.Running, $_.RestartRequired }) | Should -Be $false, $false, $false, $false
            Set-VMMemoryBacking tested -Shared @test -WarningAction Ignore
            foreach ($result in (Test-VMMemoryBacking tested @test), (Get-VMDomain tested @test | Test-VMMemoryBacking)) {
                $result.IsShared, $result.Stored, $result.Running, $result.RestartRequired | Should -Be $false, $true, $false, $true
                $result.Message | Should -BeLike '*Stop-VMDomain*Start-VMDomain*'
            }
            Stop-VMDomain tested -Force @test
            (Test-VMMemoryBacking tested @test | ForEach-Object { $_.IsShared, $_.Stored, $_.Running, $_.RestartRequired }) | Should -Be $true, $true, $null, $false
        } finally {
            Stop-VMDomain tested -Force @test
            Remove-VMDomain tested @test -Confirm:$false
        }
    }
}

Describe 'A view' {
    It 'of <name> is not cut at <width> columns, and shows no type or placeholder' -ForEach @(
        foreach ($width in 80, 120) {
            @{ width = $width; name = 'a memory test'; make = { Get-Machine web01 1GB | Test-VMMemoryBacking } }
            @{ width = $width; name = 'advice on pages'; make = { Get-Machine web01 1GB | Measure-HugePagePool -Size 2M -ErrorAction Stop } }
            @{ width = $width; name = 'memory backing'; make = { Get-Machine web01 1GB | Set-VMMemoryBacking -Shared -HugePages Default | Get-VMMemoryBacking } }
            @{ width = $width; name = 'a file system'; make = { Get-Machine web01 1GB | Add-VMFileSystem t -Source /srv -UserIdMap 0:1000:1 -GroupIdMap 0:1000:1 | Get-VMFileSystem } }
            @{ width = $width; name = 'a domain'; make = { Get-Machine web01 1GB | Add-VMFileSystem t -Source /srv } }
        }
    ) {
        $object = try { & $make } catch { Set-ItResult -Skipped -Because "$_"; return }
        $object | Should -Not -BeNullOrEmpty
        $table = $object | Out-String -Width $width
        $list = $object | Format-List * | Out-String -Width $width
        foreach ($text in $table, $list) {
            $text | Should -Not -Match '<>|\$null|ReadOnlyList|\u2026'
        }
        if ($object.PSObject.Properties['Message']) {
            $table -replace '\s+', '' | Should -BeLike "*$(($object.Message -replace '\s+', '').Substring(0, 40) -replace '[[\]]', '?')*"
            ($table -replace '\s+', '').EndsWith(($object.Message -replace '\s+', '')[-1]) | Should -BeTrue
        }
    }

    It 'of hugepages of the default size says so' {
        Get-Machine web01 1GB | Set-VMMemoryBacking -HugePages default | Get-VMMemoryBacking | Out-String | Should -Match '\bdefault\b'
    }

    It 'of a file that was written is PowerShell''s own, with mode and owner' {
        Get-Machine web01 1GB | Export-VMDomain "$folder/view.xml" -PassThru | Out-String -Width 120 | Should -Match 'UnixMode.*User.*Group(.|\n)*-rw-'
        (New-VirtioFsWrapper "$folder/view.sh" /bin/echo).UnixMode | Should -BeLike '-rwx*'
    }
}

Describe 'Types' {
    It 'of properties have names: <name>' -ForEach @(
        @{ name = 'domain'; make = { Get-Machine web01 1GB | Set-VMMemoryBacking -Shared -HugePages 2M -NumaCell 'memory=1G' | Add-VMFileSystem t -Source /srv -UidMap 0:1000:1 -GidMap 0:1000:1 } }
        @{ name = 'memory'; make = { Get-Machine web01 1GB | Set-VMMemoryBacking -Shared -HugePages 2M -NumaCell 'memory=1G' | Get-VMMemoryBacking } }
        @{ name = 'test'; make = { Get-Machine web01 1GB | Test-VMMemoryBacking } }
        @{ name = 'file system'; make = { (Get-Machine web01 1GB | Add-VMFileSystem t -Source /srv -UidMap 0:1000:1 -GidMap 0:1000:1).FileSystems[0] } }
    ) {
        $object = & $make
        $object | Should -Not -BeNullOrEmpty
        foreach ($property in $object.PSObject.Properties) {
            if ($null -ne $property.Value) { $property.Value.GetType().FullName | Should -Not -Match '<' -Because $property.Name }
        }
    }
}

Describe 'Words' {
    It 'are taken in any case' {
        (Get-Machine a 1GB | Set-VMMemoryBacking -HugePages DEFAULT).MemoryBacking.UsesHugePages | Should -BeTrue
        (Get-Machine a 1GB | Set-VMMemoryBacking -HugePages 2M | Set-VMMemoryBacking -HugePages None).MemoryBacking.UsesHugePages | Should -BeFalse
        $cell = (Get-Machine a 1GB | Set-VMMemoryBacking -NumaCell 'CPUS=0,Memory=1g,MEMACCESS=Shared,Discard=YES').MemoryBacking.NumaCells[0]
        "$($cell.MemAccess)", $cell.Discard | Should -Be Shared, $true
        (Get-Machine a 1GB | Set-VMMemoryBacking -NumaCell @{ memory = '1G'; discard = $true }).MemoryBacking.NumaCells[0].Discard | Should -BeTrue
    }

    It 'are the same in all cmdlets: <_>' -ForEach 'UidMap', 'UserIdMap', 'GidMap', 'GroupIdMap' {
        foreach ($command in 'Add-VMFileSystem', 'Set-VMFileSystem') {
            $parameters = (Get-Command $command).Parameters
            @($parameters.Keys) + @($parameters.Values.Aliases) | Should -Contain $_
        }
    }
}

Describe 'What goes wrong later' {
    It 'is said at once: id maps behind a daemon that root starts' {
        $domain = Get-Machine a 1GB
        $domain.GetType().GetField('<Connection>k__BackingField', 'NonPublic,Instance').SetValue($domain, 'qemu:///system')
        $null = $domain | Add-VMFileSystem t -Source /srv -UidMap 0:1000:1 -GidMap 0:1000:1 -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -BeLike '*root*-UidMap*ordinary user*'
    }

    It 'is prevented by a free port for the next device that is plugged in' {
        $domain = Get-Machine a 1GB -Os "<type arch='x86_64' machine='pc-q35-7.2'>hvm</type>" | Add-VMFileSystem t -Source /srv -AddPciePort
        ([xml] $domain.Xml).domain.devices.controller.model | Should -Be pcie-root-port
        { Get-Machine a 1GB -Os "<type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>" | Add-VMFileSystem t -Source /srv -AddPciePort -ErrorAction Stop } |
            Should -Throw -ErrorId 'NoPciExpress,*'
    }
}

Describe 'Errors' {
    It 'have one id and a recommendation: <id>' -ForEach @(
        @{ id = 'DomainNotFound'; make = { Get-VMDomain nobody -Connection test:///default } }
        @{ id = 'FileNotFound'; make = { Get-VMDomain -Path ./none.xml } }
        @{ id = 'FileNotFound'; make = { Get-VMDomain -Path ./none*.xml } }
        @{ id = 'FileSystemNotFound'; make = { Get-Machine a 1GB | Set-VMFileSystem none -ReadOnly } }
        @{ id = 'QueueSizeTooLarge'; make = { Get-Machine a 1GB | Add-VMFileSystem t -Source /srv -QueueSize 2048 } }
        @{ id = 'NodeSetCount'; make = { Get-Machine a 1GB | Set-VMMemoryBacking -HugePages 2M -NodeSet 0, 1 } }
        @{ id = 'MalformedXml'; make = { '<domain>' | Get-VMDomain } }
        @{ id = 'HugePagePoolNotFound'; make = { Get-HugePagePool 3M } }
        @{ id = 'ConnectionFailed'; make = { Get-VMDomain -Connection 'qemu+unix:///system?socket=/nowhere' } }
        @{ id = 'NotFromLibvirt'; make = { Get-Machine a 1GB | Start-VMDomain } }
    ) {
        if ("$make" -match 'Connection' -and -not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed'; return }
        & $make -ErrorVariable problems 2>&1 | ForEach-Object { $problem = $_ }
        $problem.FullyQualifiedErrorId | Should -BeLike "$id,*"
        $problem.ErrorDetails.RecommendedAction | Should -Match '\.$'
    }

    It 'of a question that nobody can answer say so: no input, no host' {
        if (-not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed'; return }
        $pwsh = (Get-Process -Id $PID).Path
        $text = & bash -c "'$pwsh' -NoProfile -c `"Import-Module '$ModuleManifest'; Stop-VMDomain test -Connection test:///default; (Get-VMDomain test -Connection test:///default).State`" < /dev/null 2>&1"
        "$text" | Should -Match 'nobody can be asked'
        "$text" | Should -Not -Match 'NullReference|Object reference'
        "$text" | Should -Match 'Running'
    }

    It 'take the session''s default connection, as virsh does' {
        if (-not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed'; return }
        $former = $env:LIBVIRT_DEFAULT_URI
        try {
            $env:LIBVIRT_DEFAULT_URI = 'test:///default'
            (Get-VMDomain test).Connection | Should -Be test:///default
        } finally { $env:LIBVIRT_DEFAULT_URI = $former }
    }
}
