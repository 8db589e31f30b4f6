# The host's own pool of 2M pages: some are taken, and given back.
BeforeDiscovery {
    $pool = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'
    $why = if (-not (Test-Path $pool)) { 'this host has no 2M pages' } elseif ([Environment]::UserName -ne 'root') { 'only root sizes a pool' } else {
        try { [IO.File]::OpenWrite($pool).Dispose(); '' } catch { 'sysfs is read-only here' }
    }
}

Describe 'Set-HugePagePool' -ForEach @{ why = $why } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        Add-Type -Path "$PSScriptRoot/AnsweringHost.cs"
        $before = if ($why) { 0 } else { (Get-HugePagePool 2M).Total }

        # With a host that answers no, or one that cannot ask; the errors come out too.
        function Invoke-With {
            param([string] $Line, [switch] $AnswersNo)
            $answering = [VirtioFsTest.AnsweringHost]::new(2)
            $space = if ($AnswersNo) { [runspacefactory]::CreateRunspace($answering) } else { [runspacefactory]::CreateRunspace() }
            $space.Open()
            $shell = [powershell]::Create($space).AddScript("Import-Module '$ModuleManifest'; $Line")
            $null = $shell.Invoke()
            [pscustomobject]@{ Errors = @($shell.Streams.Error); Question = $answering.Question }
            $shell.Dispose()
            $space.Dispose()
        }
    }

    BeforeEach { if ($why) { Set-ItResult -Skipped -Because $why } }

    AfterAll { if (-not $why) { Set-HugePagePool 2M $before -Confirm:$false -Force } }

    It 'grows, adds and shrinks' {
        (Set-HugePagePool 2M ($before + 8) -PassThru -Confirm:$false).Total | Should -Be ($before + 8)
        (Set-HugePagePool 2M 4 -Add -PassThru -Confirm:$false).Total | Should -Be ($before + 12)
        Get-HugePagePool 2M | Set-HugePagePool -Count ($before + 2) -Confirm:$false
        (Get-HugePagePool 2M).Total, (Get-Content /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages) | Should -Be ($before + 2), "$($before + 2)"
    }

    It 'asks before it takes what the host needs, also with -Confirm:$false, and obeys no' {
        $total = (Get-HugePagePool 2M).Total
        $asked = Invoke-With "Set-HugePagePool 2M ([long]::MaxValue) -Confirm:`$false" -AnswersNo
        $asked.Question | Should -BeLike '*that the host needs itself*'
        $asked.Errors | Should -BeNullOrEmpty
        (Get-HugePagePool 2M).Total | Should -Be $total
    }

    It 'refuses to where nobody can be asked' {
        $total = (Get-HugePagePool 2M).Total
        (Invoke-With "Set-HugePagePool 2M ([long]::MaxValue) -Confirm:`$false").Errors.FullyQualifiedErrorId | Should -BeLike 'HostMemoryNeeded,*'
        (Get-HugePagePool 2M).Total | Should -Be $total
    }

    It 'takes nothing with -WhatIf, not even with -Force' {
        $total = (Get-HugePagePool 2M).Total
        Set-HugePagePool 2M ([long]::MaxValue) -Force -WhatIf
        Set-HugePagePool 2M ($total + 4) -WhatIf -Confirm:$false
        (Get-HugePagePool 2M).Total | Should -Be $total
    }
}
