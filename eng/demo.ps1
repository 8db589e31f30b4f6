# The demo's share, through the module's cmdlets.
param(
    [Parameter(Mandatory)][string] $Path,
    [Parameter(Mandatory)][string] $Socket
)
$ErrorActionPreference = 'Stop'
# Colours belong on a screen, not in a file or a pipe.
if ([Console]::IsOutputRedirected) { $PSStyle.OutputRendering = 'PlainText' }

Import-Module (Join-Path $PSScriptRoot '../out/VirtioFs/VirtioFs.psd1')
Start-VirtioFsShare -Path $Path -Tag demo -Socket $Socket | Out-Default
& (Join-Path $PSScriptRoot 'demo-guest.sh') $Socket
$status = $LASTEXITCODE
Get-VirtioFsShare | Stop-VirtioFsShare
exit $status
