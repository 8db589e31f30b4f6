# Whoever asks for no change gets none, in each form that PowerShell has for it, held against recorded state: libvirt's XML, files with
# their owner, mode and times, shares, sockets, the host's hugepages in sysfs. A cmdlet that is new fails here until the table has it.
BeforeDiscovery {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/ShouldProcess.Table.ps1"
    $changing = Get-Command -Module VirtioFs | Where-Object {
        $_.Parameters.ContainsKey('WhatIf') -or $_.Verb -notin 'Get', 'Test', 'Measure', 'ConvertTo', 'ConvertFrom', 'Watch', 'Wait'
    }
    $forms = '-WhatIf', 'a preference', 'a function that was called so', 'a module''s function that was called so',
        '-Confirm that is answered with no', '-Confirm where nobody can answer', 'a threshold of confirmation where nobody can answer', 'a preference over a pipeline'
    $cases = foreach ($command in $ChangingCommands.Keys) {
        foreach ($line in $ChangingCommands[$command]) {
            foreach ($form in $forms) { @{ line = $line; form = $form } }
        }
    }
    # Hugepages are the whole host's, a monitor would have to answer, and the test driver knows no saved state that -Force removes.
    $inEarnest = foreach ($command in $ChangingCommands.Keys | Where-Object { $_ -notin 'Set-HugePagePool', 'Add-CloudHypervisorFileSystem' }) {
        foreach ($line in $ChangingCommands[$command] | Where-Object { $_ -ne 'Remove-VMDomain data -Force' }) { @{ line = $line } }
    }
    $why = try { $null = Get-VMDomain test -Connection test:///default -ErrorAction Stop } catch { 'libvirt''s library is not installed' }
}

Describe 'The table of changing cmdlets' -ForEach @{ changing = $changing } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        . "$PSScriptRoot/ShouldProcess.Table.ps1"
    }

    It 'has every cmdlet that changes something' {
        $changing.Name | Sort-Object | Should -Be (@($ChangingCommands.Keys) + $ChangesNothing | Sort-Object)
    }
}

Describe 'A change that nobody wants' -ForEach @{ why = $why } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        . "$PSScriptRoot/State.ps1"
        if (-not ('VirtioFsTest.AnsweringHost' -as [type])) { Add-Type -Path "$PSScriptRoot/AnsweringHost.cs" }
        $folder = New-TestFolder -Directory srv
        $formerUri = $env:LIBVIRT_DEFAULT_URI
        $env:LIBVIRT_DEFAULT_URI = 'test:///default'

        # What the lines of the table need to find.
        function Reset-Scene {
            [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
            param()
            Reset-World $folder
            Set-Content "$folder/qemu.conf" '#memory_backing_dir = "/x"'
            Set-Content "$folder/there.xml" '<domain><name>data</name></domain>'
            Set-Content "$folder/there.sh" 'old'
            Get-WorldXml new '00000000-0000-4000-8000-000000000099' | Set-Content "$folder/new.xml"
            $null = Start-VirtioFsShare "$folder/srv" -Tag served -Socket "$folder/served.sock"
            if ($script:guest) { $script:guest.Dispose() }
            Remove-Item "$folder/srv/*"
            $used = Start-VirtioFsShare "$folder/srv" -Tag used -Socket "$folder/used.sock"
            $script:guest = Connect-Guest $used.Socket
            $null = $script:guest.Create('file')
        }

        # Runs a text in a runspace whose host answers each question with no, or cannot ask at all.
        function Invoke-Elsewhere {
            param([string] $Text, [switch] $AnswersNo)
            $elsewhere = $AnswersNo ? [runspacefactory]::CreateRunspace([VirtioFsTest.AnsweringHost]::new(2)) : [runspacefactory]::CreateRunspace()
            $elsewhere.Open()
            $shell = [powershell]::Create($elsewhere)
            try {
                $null = $shell.AddScript("Import-Module '$ModuleManifest'; `$folder = '$folder'; $Text").Invoke()
                $shell.Streams.Error
            } finally {
                $shell.Dispose()
                $elsewhere.Dispose()
            }
        }

        if (-not $why) {
            New-World $folder
            Reset-Scene
            $monitor = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            $monitor.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/api.sock"))
            $monitor.Listen()
        }
    }

    AfterAll {
        if (-not $why) {
            Remove-World
            $monitor.Dispose()
        }
        if ($guest) { $guest.Dispose() }
        $env:LIBVIRT_DEFAULT_URI = $formerUri
        Clear-Test $folder
    }

    It 'is not made by <form>: <line>' -ForEach $cases {
        if ($why) { Set-ItResult -Skipped -Because $why; return }
        $before = Get-World $folder
        $problems = switch ($form) {
            '-WhatIf' { Invoke-Expression "$line -WhatIf" 6>$null 3>$null 2>&1 }
            'a preference' { & { $WhatIfPreference = $true; Invoke-Expression $line } 6>$null 3>$null 2>&1 }
            'a preference over a pipeline' { & { $WhatIfPreference = $true; 1, 2 | ForEach-Object { Invoke-Expression $line } } 6>$null 3>$null 2>&1 }
            'a function that was called so' {
                function Invoke-Inner { [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSShouldProcess', '')] [CmdletBinding(SupportsShouldProcess)] param() Invoke-Expression $line }
                function Invoke-Outer { [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSShouldProcess', '')] [CmdletBinding(SupportsShouldProcess)] param() Invoke-Inner }
                Invoke-Outer -WhatIf 6>$null 3>$null 2>&1
            }
            'a module''s function that was called so' {
                $module = New-Module { function Invoke-OfModule { [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSShouldProcess', '')] [CmdletBinding(SupportsShouldProcess)] param($Line, $folder) $null = $folder; Invoke-Expression $Line } }
                & $module { param($line, $folder) Invoke-OfModule $line $folder -WhatIf } $line $folder 6>$null 3>$null 2>&1
            }
            '-Confirm that is answered with no' { Invoke-Elsewhere "$line -Confirm" -AnswersNo }
            '-Confirm where nobody can answer' { Invoke-Elsewhere "$line -Confirm" }
            'a threshold of confirmation where nobody can answer' { Invoke-Elsewhere "`$ConfirmPreference = 'Low'; $line" }
        }
        Compare-World $before (Get-World $folder) | Should -BeNullOrEmpty
        $monitor.Poll(0, 'SelectRead') | Should -BeFalse -Because 'nothing connects to the monitor'
        $errors = @($problems | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
        if ($form -match 'nobody') {
            $errors.FullyQualifiedErrorId | Should -Match '^(NobodyToAsk|HostFunctionNotImplemented),'
        } else {
            $errors | Should -BeNullOrEmpty
        }
    }

    It 'would be one: <line>' -ForEach $inEarnest {
        if ($why) { Set-ItResult -Skipped -Because $why; return }
        Reset-Scene
        $before = Get-World $folder
        Invoke-Expression "$line -Confirm:`$false" 3>$null > $null
        Compare-World $before (Get-World $folder) | Should -Not -BeNullOrEmpty
    }

    It 'leaves the object that was piped as it was' {
        if ($why) { Set-ItResult -Skipped -Because $why; return }
        $domain = Get-VMDomain web01
        $domain | Set-VMMemoryBacking -Discard -WhatIf
        $domain | Add-VMFileSystem more -Source /srv -WhatIf
        $domain | Remove-VMFileSystem share -WhatIf
        $domain.IsChanged | Should -BeFalse
    }
}
