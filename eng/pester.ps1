# Runs tests/Pester and writes "passed failed skipped" to a file, and then what failed, a line each. A file or block that breaks counts as
# one failure.
param([Parameter(Mandatory)][string] $Report)

$configuration = New-PesterConfiguration
$configuration.Run.Path = Join-Path $PSScriptRoot '../tests/Pester'
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
$configuration.Output.RenderMode = 'Plaintext'
$result = Invoke-Pester -Configuration $configuration

$broken = $result.FailedBlocksCount + $result.FailedContainersCount
$failed = $result.FailedCount + $(if ($result.FailedCount -eq 0) { $broken } else { 0 })
$skipped = $result.SkippedCount + $result.InconclusiveCount + $result.NotRunCount
$names = @($result.Failed.ExpandedPath) + @($result.FailedBlocks.ExpandedPath) + @($result.FailedContainers | ForEach-Object { "$_" })
Set-Content -LiteralPath $Report -Value (@("$($result.PassedCount) $failed $skipped") + @(@($names | Where-Object { $_ }) -replace '[\r\n]+', ' '))
exit [int]($failed -gt 0)
