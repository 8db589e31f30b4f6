#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Builds, tests and shows VirtioFs: the tasks of build.sh, for people who are in PowerShell already.
.EXAMPLE
    ./build.ps1 -Task Test
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [ValidateSet('Build', 'Test', 'Demo', 'Bench', 'Package')]
    [string] $Task,

    # Handed to the task; Bench takes the load generator's options.
    [Parameter(ValueFromRemainingArguments)]
    [string[]] $Arguments
)

# The tasks use the PowerShell that runs this script.
$env:PATH = "${PSHOME}:$env:PATH"
& (Join-Path $PSScriptRoot 'build.sh') $Task.ToLowerInvariant() @Arguments
exit $LASTEXITCODE
