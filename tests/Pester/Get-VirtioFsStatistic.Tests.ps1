BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Get-VirtioFsStatistic' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $share = Start-VirtioFsShare "$folder/srv" -Tag share -Socket "$folder/1"
        $guest = Connect-Guest $share.Socket
        $handle = $guest.Create('file')
        $null = $guest.Write($handle, 'twelve bytes')
        $null = $guest.Read($handle, 5)
        $null = $guest.Look('missing')
    }

    AfterEach {
        $guest.Dispose()
        Clear-Test $folder
    }

    It 'counts operations, errors, bytes and times since the share''s start' {
        $statistic = Get-VirtioFsStatistic share
        $statistic.Requests, $statistic.Errors, $statistic.BytesRead, $statistic.BytesWritten | Should -Be 5, 1, 5, 12
        $statistic.Operations.Operation | Sort-Object | Should -Be Create, Initialize, Lookup, Read, Write
        $statistic.Median | Should -BeGreaterThan ([TimeSpan]::Zero)
        $statistic.P99 | Should -BeGreaterOrEqual $statistic.Median
        $statistic.Longest | Should -BeGreaterOrEqual $statistic.P99
        $statistic.InodeCount, $statistic.OpenFileCount | Should -Be 2, 1
        $statistic.DescriptorCount | Should -BeGreaterOrEqual 2
        ($statistic.Queues | Measure-Object Requests -Sum).Sum | Should -Be 5
        $statistic.ProcessorTime | Should -BeGreaterOrEqual ([TimeSpan]::Zero)
    }

    It 'tells operations as objects of their own, by wildcards' {
        $operations = Get-VirtioFsStatistic share -Operation re*, lookup
        $operations.Operation | Should -Be Lookup, Read
        $operations[0].Count, $operations[0].Errors | Should -Be 1, 1
        $operations[1].Bytes, $operations[1].Count | Should -Be 5, 1
    }

    It 'streams what came in each interval' {
        $samples = Get-VirtioFsStatistic share -Interval 0.2 -MaxSamples 3 | ForEach-Object {
            $_
            $null = $guest.Read($handle, 5)
        }
        $samples.Count | Should -Be 3
        $samples.Requests | Should -Be 0, 1, 1
        $samples[2].BytesRead, $samples[2].Operations.Operation | Should -Be 5, Read
        $samples[2].Elapsed.TotalSeconds | Should -BeGreaterThan 0.05
    }

    It 'ends its stream when the user stops it, and when the share is stopped' {
        $shell = [powershell]::Create().AddScript("Import-Module '$ModuleManifest'; Get-VirtioFsStatistic share -Interval 60")
        try {
            $running = $shell.BeginInvoke()
            Wait-Until { $shell.InvocationStateInfo.State -eq 'Running' }
            (Measure-Command { $shell.Stop() }).TotalSeconds | Should -BeLessThan 5
            $running.IsCompleted | Should -BeTrue
        } finally {
            $shell.Dispose()
        }
        Get-VirtioFsStatistic share -Interval 0.05 | ForEach-Object { Stop-VirtioFsShare share -Force } | Should -BeNullOrEmpty
    }

    It 'refuses an interval that is none: <interval>' -ForEach @(
        @{ interval = 0; id = 'IntervalOutOfRange' }
        @{ interval = 100000; id = 'IntervalOutOfRange' }
        @{ interval = -1; id = 'ParameterArgumentTransformationError' }
        @{ interval = 'soon'; id = 'ParameterArgumentTransformationError' }
    ) {
        { Get-VirtioFsStatistic share -Interval $interval -ErrorAction Stop } | Should -Throw -ErrorId "$id,VirtioFs.Cmdlets.GetVirtioFsStatisticCommand"
    }

    It 'fits a window of <columns> columns' -ForEach @{ columns = 80 }, @{ columns = 120 } {
        foreach ($text in (Get-VirtioFsStatistic | Out-String -Width $columns), (Get-VirtioFsStatistic -Operation * | Out-String -Width $columns)) {
            $text -split "`n" | ForEach-Object { ($_ -replace '\e\[[\d;]*m', '').Length | Should -BeLessOrEqual $columns }
            $text | Should -Match 'share'
            $text | Should -Match 'P99'
        }
    }

    It 'completes operations' {
        (Get-Completion 'Get-VirtioFsStatistic -Operation Loo').CompletionText | Should -Be Lookup
    }

    It 'is a meter that listeners of .NET hear' {
        $heard = [Collections.Concurrent.ConcurrentDictionary[string, object]]::new()
        if (-not ('VirtioFsTest.MeterEar' -as [type])) {
            Add-Type -TypeDefinition @'
using System.Collections.Concurrent; using System.Diagnostics.Metrics;
namespace VirtioFsTest { public static class MeterEar { public static void Listen(ConcurrentDictionary<string, object> heard) {
  using var listener = new MeterListener();
  listener.InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == "VirtioFs") l.EnableMeasurementEvents(instrument); };
  listener.SetMeasurementEventCallback<long>((instrument, value, tags, state) => heard[instrument.Name + Text(tags)] = value);
  listener.SetMeasurementEventCallback<double>((instrument, value, tags, state) => heard[instrument.Name + Text(tags)] = value);
  listener.Start(); listener.RecordObservableInstruments(); }
  static string Text(System.ReadOnlySpan<System.Collections.Generic.KeyValuePair<string, object>> tags) { string text = ""; foreach (var tag in tags) text += " " + tag.Value; return text; } } }
'@
        }
        [VirtioFsTest.MeterEar]::Listen($heard)
        $heard['virtiofs.operations share Read'] | Should -Be 1
        $heard['virtiofs.operation.errors share Lookup'] | Should -Be 1
        $heard['virtiofs.io share write'] | Should -Be 12
        $heard['virtiofs.open_files share'] | Should -Be 1
        $heard['virtiofs.sessions share'] | Should -Be 1
        $heard['virtiofs.operation.duration share Read 0.99'] | Should -BeGreaterThan 0
    }
}
