# What comes down a pipeline is what is worked on, or the pipeline is refused: every type of object that the module emits, into every
# cmdlet that takes pipeline input. A type or a cmdlet that is new fails here until the table says what holds for it.
BeforeDiscovery {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Pipelines.Table.ps1"
    $why = try { $null = Get-VMDomain test -Connection test:///default -ErrorAction Stop } catch { 'libvirt''s library is not installed' }
    $pairs = foreach ($kind in $PipedKinds.Keys) {
        foreach ($command in $PipelineCommands.Keys) {
            @{ Kind = $kind; Command = $command; Expected = ($PipelineTable[$kind] ?? @{})[$command] }
        }
    }
    $takers = Get-Command -Module VirtioFs | Where-Object {
        $_.ParameterSets.Parameters | Where-Object { $_.ValueFromPipeline -or $_.ValueFromPipelineByPropertyName }
    }
}

Describe 'The table of pipelines' -ForEach @{ takers = $takers } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        . "$PSScriptRoot/Pipelines.Table.ps1"
    }

    It 'has every cmdlet that takes pipeline input' {
        $takers.Name | Sort-Object | Should -Be ($PipelineCommands.Keys | Sort-Object)
    }

    It 'has every type that the module emits' {
        $emitted = (Get-Command -Module VirtioFs).OutputType.Type | Select-Object -Unique
        $emitted.Name | Sort-Object -Unique | Should -Be ($PipedKinds.Values.Type | Sort-Object -Unique)
    }
}

Describe 'A pipeline' -ForEach @{ why = $why } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        . "$PSScriptRoot/State.ps1"
        . "$PSScriptRoot/Pipelines.Table.ps1"
        $folder = New-TestFolder -Directory srv
        $test = @{ Connection = 'test:///default' }
        # What would go to the wrong place by default goes to a libvirt that is watched.
        $formerUri = $env:LIBVIRT_DEFAULT_URI
        $env:LIBVIRT_DEFAULT_URI = 'test:///default'
        if (-not $why) { New-World $folder }
    }

    AfterAll {
        if (-not $why) { Remove-World }
        if ($script:guest) { $script:guest.Dispose() }
        $env:LIBVIRT_DEFAULT_URI = $formerUri
        Clear-Test $folder
    }

    It '<Kind> | <Command>' -ForEach $pairs {
        if ($why) { Set-ItResult -Skipped -Because $why; return }
        Reset-World $folder
        $object = & $PipedKinds[$Kind].Make
        $before = Get-World $folder
        $problems = @()
        $output = @(try {
            & $PipelineCommands[$Command] $object 3>$null
        } catch {
            $problems += $_
        })
        $problems += @($output | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
        $output = @($output | Where-Object { $_ -isnot [Management.Automation.ErrorRecord] })
        $changed = Compare-World $before (Get-World $folder)
        if ($Expected -is [string] -or -not $Expected) {
            $problems.Count | Should -BeGreaterThan 0 -Because "nothing is said of $Kind | $Command, so it is refused"
            ($problems[0].FullyQualifiedErrorId -split ',')[0] | Should -Match "^(InputObjectNotBound|AmbiguousParameterSet|InputObjectMissingMandatory|$Expected)$" -Because "$($problems[0])"
            $changed | Should -BeNullOrEmpty
            $output | Should -BeNullOrEmpty
        } else {
            $problems | Should -BeNullOrEmpty
            $changed | Should -Be @($Expected.Changes | Where-Object { $_ })
            if ($Expected.Check) {
                $Expected.Check.InvokeWithContext($null, @([psvariable]::new('_', $output), [psvariable]::new('object', $object)))
            }
        }
    }
}

Describe 'A pipeline with arguments' -ForEach @{ why = $why } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        . "$PSScriptRoot/State.ps1"
        $folder = New-TestFolder -Directory srv
        $test = @{ Connection = 'test:///default' }
        if (-not $why) { New-World $folder }
    }

    AfterAll {
        if (-not $why) { Remove-World }
        Clear-Test $folder
    }

    BeforeEach {
        if ($why) { Set-ItResult -Skipped -Because $why; return }
        Reset-World $folder
        $before = Get-World $folder
    }

    It 'refuses -Name beside a piped domain: <line>' -ForEach @(
        @{ line = 'Set-VMMemoryBacking data -Shared' }
        @{ line = 'Set-VMMemoryBacking -Name data -Shared' }
        @{ line = 'Get-VMMemoryBacking data' }
        @{ line = 'Add-VMFileSystem data x -Source /srv' }
        @{ line = 'Add-VMFileSystem -Name data -Tag x -Source /srv' }
        @{ line = 'Get-VMFileSystem -Name data' }
        @{ line = 'Remove-VMFileSystem data share' }
        @{ line = 'Stop-VMDomain data -Force' }
        @{ line = 'Remove-VMDomain -Name data -Confirm:$false' }
        @{ line = 'Start-VMDomain data' }
        @{ line = 'Export-VMDomain data ./out.xml' }
        @{ line = 'ConvertTo-QemuArgument data' }
        @{ line = 'Measure-HugePagePool data' }
        @{ line = 'Set-VMDomain -InputObject "<domain/>"' }
    ) {
        { Invoke-Expression "Get-VMDomain web01 @test | $line -ErrorAction Stop" } | Should -Throw
        { Invoke-Expression "Get-VMDomain -LiteralPath '$folder/web01.xml' | $line -ErrorAction Stop" } | Should -Throw
        Compare-World $before (Get-World $folder) | Should -BeNullOrEmpty
    }

    It 'gives the first position to the tag, the path, the count and the mount point' {
        (Get-VMDomain web01 @test | Add-VMFileSystem new -Source /srv -WarningAction Ignore).FileSystems.Tag | Should -Be share, new
        (Get-VMDomain web01 @test | Get-VMFileSystem sh*).Tag | Should -Be share
        (Get-VMDomain web01 @test | Remove-VMFileSystem share -WarningAction Ignore).FileSystems | Should -BeNullOrEmpty
        Get-VMDomain web01 @test | Export-VMDomain "$folder/out.xml"
        (Get-VMDomain -Path "$folder/out.xml").Name | Should -Be web01
        (Get-VMFileSystem web01 @test | New-VirtioFsMount /data).MountPoint | Should -Be /data
        Compare-World $before (Get-World $folder) | Should -Be @("file:out.xml")
    }

    It 'takes a literal name: of web1 and web[1] the one that was piped' {
        Get-VMDomain 'web`[1`]' @test | Remove-VMDomain -Confirm:$false
        Compare-World $before (Get-World $folder) | Should -Be @('domain:web[1]')
        (Get-VMDomain web1 @test).Name | Should -Be web1
    }

    It 'finds a domain again that was renamed, and not another that has its name now' {
        $domain = Get-VMDomain spare @test
        Remove-VMDomain spare @test -Confirm:$false
        "<domain type='test'><name>spare</name><memory>1024</memory><os><type>hvm</type></os></domain>" | Set-VMDomain @test
        { $domain | Remove-VMDomain -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'DomainNotFound,*'
        (Get-VMDomain spare @test).Name | Should -Be spare
    }

    It 'takes rows of a table that name domains, by their very names' {
        [pscustomobject]@{ Name = 'web[1]'; Connection = 'test:///default' } | Start-VMDomain
        (Get-VMDomain -Connection test:///default | Where-Object State -EQ Running).Name | Should -Be running, test, 'web[1]'
        { [pscustomobject]@{ Name = 'web*'; Connection = 'test:///default' } | Stop-VMDomain -Force -ErrorAction Stop } | Should -Throw -ErrorId 'DomainNotFound,*'
        { Get-Process -Id $PID | Stop-VMDomain -Force -ErrorAction Stop } | Should -Throw -ErrorId 'InputObjectNotBound,*'
    }

    It 'takes no row that says which domain in a way that nobody understands, or that is of something else' {
        { [pscustomobject]@{ Name = 'running'; Uuid = 'no uuid'; Connection = 'test:///default' } | Stop-VMDomain -Force -ErrorAction Stop } | Should -Throw -ErrorId 'InputObjectNotBound,*'
        { '#TYPE System.Diagnostics.Process', 'Name', 'running' | ConvertFrom-Csv | Stop-VMDomain -Force @test -ErrorAction Stop } | Should -Throw -ErrorId 'InputObjectNotBound,*'
        Compare-World $before (Get-World $folder) | Should -BeNullOrEmpty
        '#TYPE VirtioFs.Cmdlets.VMDomain', 'Name,Uuid', 'running,' | ConvertFrom-Csv | Stop-VMDomain -Force @test
        (Get-VMDomain running @test).State | Should -Be Off
    }

    It 'takes the very device that was piped, and not another that has its tag' {
        $two = '<domain><name>two</name><devices><filesystem type="mount"><driver type="virtiofs"/><source dir="/a"/><target dir="t"/></filesystem>' +
            '<filesystem type="mount"><driver type="virtiofs"/><source dir="/b"/><target dir="t"/></filesystem><filesystem type="mount"><driver type="virtiofs"/><source dir="/c"/></filesystem></devices></domain>'
        Set-Content "$folder/two.xml" $two
        (Get-VMFileSystem -Path "$folder/two.xml" t).Source | Should -Be /a, /b
        Get-VMFileSystem -Path "$folder/two.xml" | Where-Object Source -EQ /b | Set-VMFileSystem -NewTag u
        Get-VMFileSystem -Path "$folder/two.xml" | Where-Object Source -EQ /c | New-VirtioFsWrapper "$folder/two.sh" /bin/true -ErrorAction Ignore
        (Get-VMFileSystem -Path "$folder/two.xml").Binary | Where-Object { $_ } | Should -BeNullOrEmpty
        Set-Content "$folder/two.xml" $two
        Get-VMFileSystem -Path "$folder/two.xml" | Where-Object Source -EQ /b | Remove-VMFileSystem
        (Get-VMFileSystem -Path "$folder/two.xml").Source | Should -Be /a, /c
        Set-Content "$folder/two.xml" $two
        Remove-VMFileSystem -Path "$folder/two.xml" t
        (Get-VMFileSystem -Path "$folder/two.xml").Source | Should -Be /c
    }

    It 'leaves a device alone that somebody has put in the place of the one that was read' {
        $device = Get-VMFileSystem web01 share @test
        Remove-VMFileSystem web01 share @test
        Add-VMFileSystem web01 share -Source /other @test
        { $device | Remove-VMFileSystem -ErrorAction Stop } | Should -Throw -ErrorId 'DomainChanged,*'
        { $device | Set-VMFileSystem -Xattr -ErrorAction Stop } | Should -Throw -ErrorId 'DomainChanged,*'
        { $device | New-VirtioFsWrapper "$folder/w.sh" /bin/true -ErrorAction Stop } | Should -Throw -ErrorId 'DomainChanged,*'
        (Get-VMFileSystem web01 @test).Source | Should -Be /other
    }

    It 'changes a domain that was tested, at once' {
        Test-VMMemoryBacking web01 @test | Where-Object IsShared | Set-VMMemoryBacking -Shared:$false
        (Get-VMDomain web01 @test).IsMemoryShared | Should -BeFalse
    }

    It 'points the file systems of every domain that matches at one script' {
        $null = New-VirtioFsWrapper "$folder/w.sh" /bin/echo -DomainName 'web*' -Tag share @test
        Compare-World $before (Get-World $folder) | Should -Be @('domain:web[1]', 'domain:web01', 'domain:web1', 'file:w.sh')
        { New-VirtioFsWrapper "$folder/v.sh" /bin/echo -DomainName 'nothing*' @test -ErrorAction Stop } | Should -Throw -ErrorId 'DomainNotFound,*' -ExpectedMessage '*nothing**'
        Test-Path "$folder/v.sh" | Should -BeFalse
    }

    It 'binds a share to a domain that is given as an object' {
        $share = Start-VirtioFsShare "$folder/srv" -Tag one -Socket "$folder/one.sock"
        ($share | Add-VMFileSystem -InputObject (Get-VMDomain data @test) -WarningAction Ignore).FileSystems.Tag | Should -Be share, one
        $share | Add-VMFileSystem data @test
        (Get-VMFileSystem data one @test).Socket | Should -Be "$folder/one.sock"
        { $share | Add-VMFileSystem -Name data -Tag two -Source /srv @test -ErrorAction Stop } | Should -Throw -ErrorId 'TwoSources,*'
    }

    It 'leaves nothing of a change that was declined in the object that was piped' {
        $device = Get-VMFileSystem web01 share @test
        $device | Set-VMFileSystem -QueueSize 512 -WhatIf
        $device | Set-VMFileSystem -ReadOnly
        (Get-VMFileSystem web01 share @test | Select-Object ReadOnly, QueueSize).PSObject.Properties.Value | Should -Be $true, $null
    }

    It 'says that an object was changed, and what it came from was not' {
        $null = Get-VMDomain web01 @test | Set-VMMemoryBacking -Discard -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -BeLike '*object*web01*test:///default is not*Set-VMDomain*'
        Compare-World $before (Get-World $folder) | Should -BeNullOrEmpty
    }
}

Describe 'A domain''s XML' {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        $folder = New-TestFolder
        $xml = "<?xml version=`"1.0`"?>`n<!-- kept -->`n<domain type='test'>`n  <name>x</name>`n`n  <description>a text`nof two lines</description>`n  <memory unit='GiB'>1</memory>`n  <os><type>hvm</type></os>`n</domain>"
        Set-Content "$folder/x.xml" $xml
        Set-Content "$folder/bad.xml" '<domain><cpu/><cpu/></domain>'
    }

    AfterAll { Clear-Test $folder }

    It 'is taken as <form>' -ForEach @(
        @{ form = 'one text'; make = { , $xml } }
        @{ form = 'lines'; make = { $xml -split "`n" } }
        @{ form = 'lines of two domains'; make = { $xml -split "`n"; '<domain><name>x</name>'; '<memory unit="GiB">1</memory></domain>' }; count = 2 }
        @{ form = 'what a program prints'; make = { & cat "$folder/x.xml" } }
        @{ form = 'an XmlDocument'; make = { [xml]$xml } }
        @{ form = 'an XmlElement'; make = { ([xml]$xml).DocumentElement } }
        @{ form = 'an XDocument'; make = { [Xml.Linq.XDocument]::Parse($xml) } }
        @{ form = 'an XElement'; make = { [Xml.Linq.XDocument]::Parse($xml).Root } }
        @{ form = 'a path'; make = { "$folder/x.xml" } }
        @{ form = 'a path of the session'; make = { Set-Location $folder; './x.xml' } }
        @{ form = 'a file'; make = { Get-Item "$folder/x.xml" } }
    ) {
        Push-Location
        try {
            $domains = @(& $make | Get-VMDomain -ErrorAction Stop)
            $domains.Count | Should -Be ($count ?? 1)
            $domains.Name | Should -Be (@('x') * ($count ?? 1))
            (& $make | Test-VMMemoryBacking -ErrorAction Stop).IsShared | Should -Be (@($false) * ($count ?? 1))
            & $make | Export-VMDomain "$folder/copy.xml" -Force -ErrorAction SilentlyContinue
            (Get-VMDomain -Path "$folder/copy.xml").Memory.Bytes | Should -Be 1GB
        } finally { Pop-Location }
    }

    It 'that comes back over remoting or from a file of Export-Clixml is a domain again' {
        Get-VMDomain -Path "$folder/x.xml" | Export-Clixml "$folder/x.clixml"
        $again = Import-Clixml "$folder/x.clixml" | Set-VMMemoryBacking -Shared
        $again.Name, $again.IsMemoryShared | Should -Be x, $true
    }

    It 'that is wrong has the same error id in every cmdlet, which names the file' {
        foreach ($command in { $input | Get-VMDomain -ErrorAction Stop }, { $input | Set-VMMemoryBacking -Shared -ErrorAction Stop },
            { $input | Set-VMDomain -ErrorAction Stop }, { $input | Export-VMDomain "$folder/no.xml" -ErrorAction Stop }) {
            { '<domain><cpu/><cpu/></domain>' | & $command } | Should -Throw -ErrorId 'DuplicateElement,*'
            { '<domain>' | & $command } | Should -Throw -ErrorId 'MalformedXml,*'
            { Get-Item "$folder/bad.xml" | & $command } | Should -Throw -ErrorId 'DuplicateElement,*' -ExpectedMessage "*$folder/bad.xml*"
        }
        { Get-VMDomain -Path "$folder/*.xml" -ErrorAction Stop } | Should -Throw -ErrorId 'DuplicateElement,*' -ExpectedMessage "*$folder/bad.xml*"
        { 'nothing.xml' | Set-VMMemoryBacking -Shared -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
        { Get-VMDomain -Path $folder -ErrorAction Stop } | Should -Throw -ErrorId 'NotAFile,*'
        Test-Path "$folder/no.xml" | Should -BeFalse
    }
}
