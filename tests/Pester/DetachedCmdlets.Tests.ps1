# What each cmdlet that takes a share does with a detached one: it works as on a share of this process. A process that does not answer is one error
# for its share, and the others go on.
BeforeDiscovery {
    . "$PSScriptRoot/Common.ps1"
    # How it is called by tag, and what must come of it. Asks: whether the process of the share is asked.
    $cmdlets = @(
        @{ cmdlet = 'Get-VirtioFsShare'; call = { Get-VirtioFsShare one, two }; expect = { $_.Tag | Should -Be one, two } }
        @{ cmdlet = 'Get-VirtioFsSession'; asks = $true; call = { Get-VirtioFsSession one, two }; expect = { $_.Tag | Should -Be one, two } }
        @{ cmdlet = 'Get-VirtioFsOpenFile'; asks = $true; call = { Get-VirtioFsOpenFile one, two }; expect = { $_.Path | Should -Be "$folder/srv/one", "$folder/srv/two" } }
        @{ cmdlet = 'Get-VirtioFsStatistic'; asks = $true; call = { Get-VirtioFsStatistic one, two }; expect = { $_.BytesWritten | Should -Be 3, 3 } }
        @{ cmdlet = 'Wait-VirtioFsShare'; asks = $true; call = { Wait-VirtioFsShare one, two -For Connected -Timeout 20 }; expect = { $_.Tag | Should -Be one, two } }
        @{ cmdlet = 'Watch-VirtioFsShare'; asks = $true; call = { Watch-VirtioFsShare one, two -Timeout 0 }; expect = { $_ | Should -BeNullOrEmpty } }
        @{ cmdlet = 'Close-VirtioFsOpenFile'; asks = $true; call = { $open | Close-VirtioFsOpenFile -Force -PassThru }; expect = { $_.Tag | Should -Be one, two } }
        @{ cmdlet = 'Disconnect-VirtioFsSession'; asks = $true; call = { Disconnect-VirtioFsSession one, two -Force -PassThru }; expect = { $_.Tag | Should -Be one, two } }
        @{ cmdlet = 'Restart-VirtioFsShare'; call = { Restart-VirtioFsShare one, two -Force -PassThru }; expect = { $_.Detached | Should -Be $true, $true } }
        @{ cmdlet = 'Stop-VirtioFsShare'; asks = $true; call = { Stop-VirtioFsShare one, two -Force -PassThru }; expect = { $_.State | Should -Be Stopped, Stopped } }
        @{ cmdlet = 'Start-VirtioFsShare'; call = { Start-VirtioFsShare "$folder/srv" -Tag one -Socket "$folder/x" }; expect = { $failure.FullyQualifiedErrorId | Should -BeLike 'ShareConflict,*' } }
        @{ cmdlet = 'Add-VMFileSystem'; call = { $xml | Get-VMDomain | Set-VMMemoryBacking -Shared | Add-VMFileSystem -Share (Get-VirtioFsShare one) | Get-VMFileSystem }; expect = { $_.Socket | Should -Be "$folder/1" } }
        @{ cmdlet = 'ConvertTo-QemuArgument'; call = { Get-VirtioFsShare one | ConvertTo-QemuArgument -AsCommandLine }; expect = { $_ | Should -BeLike "*$folder/1*" } }
        @{ cmdlet = 'ConvertTo-CloudHypervisorArgument'; call = { Get-VirtioFsShare one | ConvertTo-CloudHypervisorArgument -AsCommandLine }; expect = { $_ | Should -BeLike "*$folder/1*" } }
        # It works at the socket of a Cloud Hypervisor, which is there in tests of its own; what it takes of a share is the socket's path.
        @{ cmdlet = 'Add-CloudHypervisorFileSystem'; call = { Add-CloudHypervisorFileSystem "$folder/none" -Share (Get-VirtioFsShare one) -WhatIf }; expect = { $_ | Should -BeNullOrEmpty } }
        # It writes a line for the guest; it looks at no share.
        @{ cmdlet = 'New-VirtioFsMount'; call = { New-VirtioFsMount one /mnt }; expect = { $_.Command | Should -BeLike '*virtiofs one /mnt' } }
    )
    $taking = Get-Command -Module VirtioFs | Where-Object {
        $_.Name -like '*-VirtioFs*Share' -or ($_.Parameters.Values | Where-Object {
                $_.ParameterType.Name -match '^VirtioFs(ShareInfo|Session|OpenFile)\b' -or
                $_.Attributes.Where({ $_ -is [ArgumentCompleter] }).Type.Name -match '^Share(Tag|Id)Completer$' })
    } | ForEach-Object Name
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $xml = "<domain><name>web01</name><memory unit='GiB'>1</memory></domain>"
}

Describe 'The table of what cmdlets do with a detached share' {
    It 'has <name>' -ForEach ($taking | ForEach-Object { @{ name = $_; known = $cmdlets.cmdlet } }) {
        $name | Should -BeIn $known
    }
}

Describe 'A detached share' {
    BeforeEach {
        $former = $env:VIRTIOFS_RUNTIME_DIRECTORY
        $folder = New-TestFolder -Directory srv, run
        $env:VIRTIOFS_RUNTIME_DIRECTORY = "$folder/run/detached"
        $shares = foreach ($number in 1, 2) { Start-VirtioFsShare "$folder/srv" -Tag ('one', 'two')[$number - 1] -Socket "$folder/$number" -Detached }
        $guests = foreach ($share in $shares) { Connect-Guest $share.Socket }
        $handles = 0..1 | ForEach-Object { $guests[$_].Create(('one', 'two')[$_]) }
        $null = 0..1 | ForEach-Object { $guests[$_].Write($handles[$_], 'abc') }
        $open = @(Get-VirtioFsOpenFile one) + @(Get-VirtioFsOpenFile two)
    }

    AfterEach {
        $shares | ForEach-Object { & kill -CONT $_.ProcessId 2> $null }
        Get-EventSubscriber | Unregister-Event
        $guests | ForEach-Object Dispose
        Get-VirtioFsShare | Stop-VirtioFsShare -Force
        $env:VIRTIOFS_RUNTIME_DIRECTORY = $former
        Remove-Item -LiteralPath $folder -Recurse -Force
    }

    It 'is reached by <cmdlet>' -ForEach $cmdlets {
        $result = & $call 2>&1
        $failure = $result | Where-Object { $_ -is [Management.Automation.ErrorRecord] }
        ForEach-Object -InputObject @($result | Where-Object { $_ -isnot [Management.Automation.ErrorRecord] }) $expect
    }

    It 'that does not answer is one error of <cmdlet>, and the others go on' -ForEach ($cmdlets | Where-Object asks) {
        & kill -STOP $shares[0].ProcessId
        $result = & $call 2>&1
        $failures = @($result | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
        $failures.Count | Should -Be 1 -Because "$failures"
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'ShareNotAnswering,*'
        $failures[0].Exception.Message | Should -BeLike "*'one'*$($shares[0].ProcessId)*"
        $failures[0].ErrorDetails.RecommendedAction | Should -BeLike "*$($shares[0].ProcessId)*"
        if ($cmdlet -ne 'Watch-VirtioFsShare') {
            @($result | Where-Object { $_ -isnot [Management.Automation.ErrorRecord] }).Tag | Should -Be two
        }
    }

    It 'that does not answer is listed as faulted, with the reason, also when it was asked often' {
        & kill -STOP $shares[0].ProcessId
        # The queue of its control socket is full then.
        $null = 1..80 | ForEach-Object {
            $client = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            $client.Blocking = $false
            try { $client.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/run/detached/one.control")) } catch [Net.Sockets.SocketException] { 'full' }
            $client.Dispose()
        }
        $found = Get-VirtioFsShare one
        $found.State | Should -Be Faulted
        $found.Reason | Should -BeLike "*$($shares[0].ProcessId)*"
        & kill -CONT $shares[0].ProcessId
        Wait-Until { (Get-VirtioFsShare one).State -eq 'Connected' } -Seconds 30
    }

    It 'streams statistics of each interval, and ends with the share' {
        $samples = Get-VirtioFsStatistic one -Interval 0.2 -MaxSamples 3 | ForEach-Object { $_; $null = $guests[0].Write($handles[0], 'abcd') }
        $samples.BytesWritten | Should -Be 0, 4, 4
        $samples[1].Operations.Operation | Should -Be Write
        $samples[1].P99 | Should -BeGreaterThan ([TimeSpan]::Zero)
        $samples[1].Longest | Should -BeGreaterOrEqual $samples[1].Median
        (Get-VirtioFsStatistic one -Operation write).Count | Should -Be 4
        (Get-VirtioFsStatistic one).InodeCount | Should -Be 2
        Get-VirtioFsStatistic one -Interval 0.05 | ForEach-Object { Stop-VirtioFsShare one -Force } | Should -BeNullOrEmpty
    }

    It 'streams operations, those that were asked for, and ends with the share' {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript('param($guest, $handle) while ($true) { $null = $guest.Look("missing"); $null = $guest.Write($handle, "text"); Start-Sleep -Milliseconds 20 }').AddArgument($guests[0]).AddArgument($handles[0]).BeginInvoke()
            $seen = Watch-VirtioFsShare one | Select-Object -First 4
            $written = Watch-VirtioFsShare -Operation wri* | Select-Object -First 2
        } finally {
            $shell.Stop()
            $shell.Dispose()
        }
        $failed = $seen | Where-Object Operation -EQ Lookup | Select-Object -First 1
        $failed.Error, $failed.Path, $failed.Tag, $failed.ShareId | Should -Be ENOENT, "$folder/srv/missing", one, $shares[0].Id
        [Math]::Abs(([DateTimeOffset]::Now - $failed.Time).TotalSeconds) | Should -BeLessThan 60
        $written.Operation | Should -Be Write, Write
        $written.Bytes | Should -Be 4, 4
        $written.Path | Should -Be "$folder/srv/one", "$folder/srv/one"
        $watching = [powershell]::Create().AddScript("Import-Module '$ModuleManifest'; Watch-VirtioFsShare one")
        $running = $watching.BeginInvoke()
        Wait-Until { $watching.InvocationStateInfo.State -eq 'Running' }
        Stop-VirtioFsShare one -Force
        Wait-Until { $running.IsCompleted } -Seconds 20
        $watching.Dispose()
    }

    It 'is waited for' {
        Wait-VirtioFsShare one -For Idle -Timeout 1.5 -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failure[0].FullyQualifiedErrorId | Should -BeLike 'WaitTimedOut,*'
        $null = $guests[0].Release($handles[0])
        (Wait-VirtioFsShare one -For Idle -Timeout 20).Tag | Should -Be one
        $guests[0].Dispose()
        (Wait-VirtioFsShare one -For Disconnected -Timeout 20).State | Should -Be Waiting
        $shell = [powershell]::Create().AddScript("Import-Module '$ModuleManifest'; Wait-VirtioFsShare one -For Connected")
        $running = $shell.BeginInvoke()
        Wait-Until { $shell.InvocationStateInfo.State -eq 'Running' }
        Start-Sleep -Milliseconds 500
        & kill -KILL $shares[0].ProcessId
        Wait-Until { $running.IsCompleted } -Seconds 20
        $shell.Streams.Error[0].FullyQualifiedErrorId | Should -Match '^(ShareEnded|ShareNotFound),'
        $shell.Dispose()
    }

    It 'raises events when a guest comes and goes, and when its process is killed' {
        $null = Register-ObjectEvent $shares[0] Disconnected -SourceIdentifier went
        $null = Register-ObjectEvent $shares[0] Connected -SourceIdentifier came
        $null = Register-ObjectEvent $shares[0] Faulted -SourceIdentifier failed
        $guests[0].Dispose()
        (Wait-Event went -Timeout 20).SourceEventArgs.Share.Tag | Should -Be one
        $client = Connect-FrontEnd $shares[0].Socket
        (Wait-Event came -Timeout 20).SourceEventArgs.Share.State | Should -Be Connected
        Get-Event | Remove-Event
        & kill -KILL $shares[0].ProcessId
        (Wait-Event failed -Timeout 20).SourceEventArgs.Reason | Should -BeLike "*$($shares[0].ProcessId)*"
        (Wait-Event went -Timeout 20).SourceEventArgs.Share.Id | Should -Be $shares[0].Id
        Get-Event | Remove-Event
        $client.Dispose()
    }

    It 'is followed by no more than 16 sessions at once, and says so' {
        $one = [VirtioFs.DeviceEngine.Control.DetachedShares]::List() | Where-Object ProcessId -EQ $shares[0].ProcessId
        $watches = 1..16 | ForEach-Object { [VirtioFs.DeviceEngine.Control.ShareObservation]::Watch($one, 16, $null) }
        try {
            Watch-VirtioFsShare one -Timeout 0 -ErrorVariable failure -ErrorAction SilentlyContinue
            $failure[0].Exception.Message | Should -BeLike "*'one'*16 sessions*"
            (Get-VirtioFsShare one).State | Should -Be Connected
        } finally {
            $watches | ForEach-Object Dispose
        }
        Wait-Until { Watch-VirtioFsShare one -Timeout 0 -ErrorVariable failure -ErrorAction SilentlyContinue; -not $failure } -Seconds 20
    }
}
