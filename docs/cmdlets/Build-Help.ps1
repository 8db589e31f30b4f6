<#
.SYNOPSIS
    Builds the module's help, en-US/VirtioFs.Cmdlets.dll-Help.xml, from the markdown files beside this script.
.DESCRIPTION
    Run it after a change of these files, and commit what it builds: a machine without platyPS has help too.
    A new cmdlet's file is begun with New-MarkdownCommandHelp; Update-MarkdownCommandHelp adds new parameters.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
Import-Module Microsoft.PowerShell.PlatyPS -MinimumVersion 1.0.3

$target = Join-Path $PSScriptRoot '../../en-US'
$work = New-Item -ItemType Directory -Path ([IO.Path]::GetTempPath()) -Name ([guid]::NewGuid())
try {
    Get-ChildItem $PSScriptRoot -Filter *-*.md |
        Import-MarkdownCommandHelp |
        Export-MamlCommandHelp -OutputFolder $work -Force |
        ForEach-Object { Copy-Item -LiteralPath $_ -Destination $target }
} finally {
    Remove-Item -LiteralPath $work -Recurse
}
