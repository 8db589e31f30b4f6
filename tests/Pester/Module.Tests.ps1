BeforeDiscovery {
    $repository = Join-Path $PSScriptRoot '../..' | Convert-Path
    $scripts = @(
        Get-ChildItem $repository -File -Recurse -Include *.ps1, *.psm1 | Where-Object FullName -NotMatch '/(artifacts|out|\.tools|\.git)/'
        # The manifest is whole only where the module was put together.
        Get-Item (Join-Path $repository out/VirtioFs/VirtioFs.psd1)
    )
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $module = Get-Module VirtioFs
    $moduleFolder = Split-Path $ModuleManifest
}

Describe 'The module' {
    It 'has a valid manifest' {
        $manifest = Test-ModuleManifest $ModuleManifest
        $manifest.Name | Should -Be VirtioFs
        $manifest.PowerShellVersion | Should -Be '7.6'
        $manifest.CompatiblePSEditions | Should -Be Core
        $manifest.Description, $manifest.Author, $manifest.LicenseUri, $manifest.ReleaseNotes | ForEach-Object { $_ | Should -Not -BeNullOrEmpty }
        $manifest.Tags | Should -Contain Linux
        $manifest.ExportedFormatFiles | Should -Not -BeNullOrEmpty
    }

    It 'has the version of its assemblies' {
        $assembly = [Reflection.AssemblyName]::GetAssemblyName("$moduleFolder/VirtioFs.Cmdlets.dll").Version
        $module.Version.ToString(3) | Should -Be $assembly.ToString(3)
    }

    It 'exports just the cmdlets that it has' {
        $exported = (Import-PowerShellDataFile $ModuleManifest).CmdletsToExport
        $exported | Should -Not -Contain '*'
        $types = $module.ImplementingAssembly.GetExportedTypes() | Where-Object { $_.GetCustomAttributes([Management.Automation.CmdletAttribute], $false) }
        $names = foreach ($type in $types) {
            $cmdlet = $type.GetCustomAttributes([Management.Automation.CmdletAttribute], $false)[0]
            "$($cmdlet.VerbName)-$($cmdlet.NounName)"
        }
        $exported | Sort-Object | Should -Be ($names | Sort-Object)
        (Get-Command -Module VirtioFs).Name | Sort-Object | Should -Be ($names | Sort-Object)
    }

    It 'is loaded by itself when one of its cmdlets is used' {
        $parent = Split-Path $moduleFolder
        $output = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -Command "`$env:PSModulePath = '$parent'; @(Get-VirtioFsShare).Count; (Get-Module VirtioFs).Name"
        $output | Should -Be '0', 'VirtioFs'
    }

    It 'warns of nothing when it is imported' {
        $output = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -Command "Import-Module '$ModuleManifest' -ErrorAction Stop 3>&1"
        $output | Should -BeNullOrEmpty
    }

    It 'brings no assembly of PowerShell along' {
        Get-ChildItem $moduleFolder -Recurse -Include System.Management.Automation.dll, PowerShellStandard* | Should -BeNullOrEmpty
    }

    It 'needs nothing but the base library below the cmdlets' {
        foreach ($file in Get-ChildItem $moduleFolder -Filter 'VirtioFs.*.dll' | Where-Object Name -NE VirtioFs.Cmdlets.dll) {
            $assembly = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object Location -EQ $file.FullName
            if (-not $assembly) {
                $assembly = [Reflection.Assembly]::LoadFrom($file.FullName)
            }
            $assembly.GetReferencedAssemblies().Name | Should -Match '^(System|Microsoft\.Win32|VirtioFs)(\.|$)' -Because $file.Name
        }
    }

    It 'holds the executable' {
        "$moduleFolder/bin/vhost-user-fs" | Should -Exist
        & "$moduleFolder/bin/vhost-user-fs" --version | Should -BeLike "$($module.Version)*"
    }
}

Describe 'Each cmdlet' {
    BeforeDiscovery {
        . "$PSScriptRoot/Common.ps1"
        $commands = Get-Command -Module VirtioFs
    }

    It '<_.Name> has an approved verb' -ForEach $commands {
        $_.Verb | Should -BeIn (Get-Verb).Verb
    }

    It '<_.Name> says what it emits' -ForEach $commands {
        $_.OutputType | Should -Not -BeNullOrEmpty
    }

    It '<_.Name> has -WhatIf if it changes something' -ForEach $commands {
        # New-VirtioFsMount makes texts, and touches nothing.
        $_.Parameters.ContainsKey('WhatIf') | Should -Be ($_.Verb -notin 'Get', 'Test', 'Measure', 'ConvertTo', 'ConvertFrom', 'Watch', 'Wait' -and $_.Name -ne 'New-VirtioFsMount')
    }

    It '<_.Name> takes at most one parameter of a type by value from the pipeline in a set' -ForEach $commands {
        foreach ($set in $_.ParameterSets) {
            $types = @($set.Parameters | Where-Object ValueFromPipeline | ForEach-Object { $_.ParameterType.FullName })
            @($types | Select-Object -Unique).Count | Should -Be $types.Count -Because $set.Name
        }
    }
}

Describe 'Scripts' {
    It 'are clean: <_.Name>' -ForEach $scripts {
        if (-not (Get-Module -ListAvailable PSScriptAnalyzer)) {
            Set-ItResult -Skipped -Because 'the module PSScriptAnalyzer is not installed'
        }
        Import-Module PSScriptAnalyzer
        # Variables of a Pester block are used in its other blocks, which the analyzer does not follow.
        $arguments = @{}
        if ($_.Name -like '*.Tests.ps1') {
            $arguments.ExcludeRule = 'PSUseDeclaredVarsMoreThanAssignments', 'PSAvoidUsingInvokeExpression'
        }
        $findings = Invoke-ScriptAnalyzer -Path $_.FullName @arguments
        $findings | ForEach-Object { "$($_.ScriptName):$($_.Line) $($_.RuleName): $($_.Message)" } | Should -BeNullOrEmpty
    }
}
