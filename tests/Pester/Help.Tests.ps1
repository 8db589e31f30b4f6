BeforeDiscovery {
    . "$PSScriptRoot/Common.ps1"
    $commands = Get-Command -Module VirtioFs
    $common = [Management.Automation.Cmdlet]::CommonParameters + 'WhatIf', 'Confirm'
    $parameters = foreach ($command in $commands) {
        foreach ($name in $command.Parameters.Keys | Where-Object { $_ -notin $common }) {
            @{ command = $command.Name; name = $name }
        }
    }

    $readme = Get-Content -Raw "$PSScriptRoot/../../README.md"
    $readmeCode = @(
        [regex]::Matches($readme, '(?s)```powershell\n(.*?)```') | ForEach-Object { $_.Groups[1].Value.Trim() -split "`n" }
        [regex]::Matches($readme, '(?m)^\|.*\| `(.*)` \|$') | ForEach-Object { $_.Groups[1].Value.Replace('\|', '|') }
    ) | Where-Object { $_ -match '-(VirtioFs|VM|HugePage)' }
    $examples = foreach ($command in $commands) {
        foreach ($example in (Get-Help $command.Name).examples.example) {
            @{ command = $command.Name; title = $example.title; code = $example.code }
        }
    }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    # Each use of one of our cmdlets in a piece of code, with the parameters that do not exist.
    function Find-WrongParameter {
        param([string] $Code)
        $tokens = $problems = $null
        $ast = [Management.Automation.Language.Parser]::ParseInput($Code, [ref] $tokens, [ref] $problems)
        $problems.Message
        foreach ($use in $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
            $command = Get-Command $use.GetCommandName() -ErrorAction Ignore
            if ($command.ModuleName -eq 'VirtioFs') {
                $use.CommandElements |
                    Where-Object { $_ -is [Management.Automation.Language.CommandParameterAst] -and $_.ParameterName -notin $command.Parameters.Keys + $command.Parameters.Values.Aliases } |
                    ForEach-Object { "$($command.Name) has no parameter $($_.ParameterName)." }
            }
        }
    }
}

Describe 'Help' {
    It 'of <_.Name> has a synopsis, a description and examples' -ForEach $commands {
        $help = Get-Help $_.Name -Full
        $help.Synopsis | Should -Match '\.$'
        ($help.description | Out-String).Trim() | Should -Not -BeNullOrEmpty
        $help.examples.example.Count | Should -BeGreaterOrEqual 2
        foreach ($example in $help.examples.example) {
            $example.code | Should -Not -BeNullOrEmpty
            ($example.remarks | Out-String).Trim() | Should -Not -BeNullOrEmpty -Because $example.title
        }
    }

    It 'of <_.Name> has just the parameters that the cmdlet has' -ForEach $commands {
        $documented = (Get-Help $_.Name -Full).parameters.parameter.name
        $existing = $_.Parameters.Keys | Where-Object { $_ -notin [Management.Automation.Cmdlet]::CommonParameters }
        $documented | Sort-Object | Should -Be ($existing | Sort-Object)
    }

    It 'of <command> -<name> says what it is, as the cmdlet has it' -ForEach $parameters {
        $documented = (Get-Help $command -Full).parameters.parameter | Where-Object name -EQ $name
        ($documented.description | Out-String).Trim() | Should -Match '\.$'
        $metadata = (Get-Command $command).Parameters[$name]
        $attributes = $metadata.Attributes.Where({ $_ -is [Management.Automation.ParameterAttribute] })
        $attribute = $attributes[0]
        $documented.required | Should -Be "$($attribute.Mandatory)".ToLowerInvariant()
        $documented.position | Should -Be $(if ($attribute.Position -ge 0) { "$($attribute.Position)" } else { 'Named' })
        [bool] ($documented.globbing -eq 'true') | Should -Be ($metadata.Attributes.TypeId -contains [Management.Automation.SupportsWildcardsAttribute])
        $fromPipeline = ($documented.pipelineInput -split '[ (,)]').Where({ $_ -like 'By*' }) | Sort-Object
        $expected = @(if ($attributes.ValueFromPipelineByPropertyName -contains $true) { 'ByPropertyName' }; if ($attributes.ValueFromPipeline -contains $true) { 'ByValue' })
        $fromPipeline -join ' ' | Should -Be ($expected -join ' ')
    }

    It 'of Start-VirtioFsShare tells the defaults of the table of options' {
        $documented = (Get-Help Start-VirtioFsShare -Full).parameters.parameter
        foreach ($option in [VirtioFs.DeviceEngine.Options.ShareOptionTable]::All | Where-Object { $_.Parameter -and $_.Kind -in 'Switch', 'Choice', 'Number' }) {
            $default = switch ($option.Kind) {
                'Switch' { 'False' }
                'Number' { if ($option.Default -match '^\d+$') { $option.Default } }
                'Choice' { $option.Default.Replace('auto', 'Auto') }
            }
            "$(($documented | Where-Object name -EQ $option.Parameter).defaultValue)" | Should -Be "$default" -Because $option.Parameter
        }
    }

    It 'has a topic about the module, which names each of its cmdlets' {
        $text = Get-Help about_VirtioFs | Out-String -Width 200
        foreach ($command in Get-Command -Module VirtioFs) {
            $text | Should -Match $command.Name
        }
        $text -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 80 }
    }

    It 'leads to no address that nobody has' {
        (Get-Command -Module VirtioFs).HelpUri | Where-Object { $_ } | Should -BeNullOrEmpty
        (Get-Module VirtioFs).HelpInfoUri, (Get-Module VirtioFs).ProjectUri | Where-Object { $_ } | Should -BeNullOrEmpty
    }

    It 'is what docs/cmdlets says' {
        if (-not (Get-Module -ListAvailable Microsoft.PowerShell.PlatyPS)) {
            Set-ItResult -Skipped -Because 'the module Microsoft.PowerShell.PlatyPS is not installed'
        }
        $folder = New-TestFolder
        try {
            & "$PSScriptRoot/../../docs/cmdlets/Build-Help.ps1" -OutputFolder $folder
            Get-Content -Raw "$folder/VirtioFs.Cmdlets.dll-Help.xml" |
                Should -Be (Get-Content -Raw "$PSScriptRoot/../../en-US/VirtioFs.Cmdlets.dll-Help.xml") -Because 'Build-Help.ps1 is run after each change'
        } finally {
            Remove-Item -LiteralPath $folder -Recurse
        }
    }

    It 'has an example for what the README shows: <_>' -ForEach $readmeCode {
        $code = (Get-Command -Module VirtioFs | ForEach-Object { (Get-Help $_.Name).examples.example.code }) -split "`n"
        $code | Should -Contain $_.Trim()
    }

    It 'uses parameters that there are, in <command>: <title>' -ForEach $examples {
        Find-WrongParameter $code | Should -BeNullOrEmpty
    }
}
