BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    # Does something with the guest again and again in another thread, until the block has ended.
    function Invoke-Meanwhile {
        param([scriptblock] $Deed, [scriptblock] $Block)
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("param(`$guest, `$handle, `$socket); while (`$true) { $Deed; Start-Sleep -Milliseconds 20 }").AddArgument($guest).AddArgument($handle).AddArgument($share.Socket).BeginInvoke()
            & $Block
        } finally {
            $shell.Stop()
            $shell.Dispose()
        }
    }
}

Describe 'Waiting, watching and restarting' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $share = Start-VirtioFsShare "$folder/srv" -Tag share -Socket "$folder/1"
        $guest = $null
    }

    AfterEach {
        if ($guest) { $guest.Dispose() }
        Get-EventSubscriber | Unregister-Event
        Clear-Test $folder
    }

    Context 'Wait-VirtioFsShare' {
        It 'returns the share once a guest is connected, gone, or idle' {
            Wait-VirtioFsShare share -For Disconnected -Timeout 0 | ForEach-Object Tag | Should -Be share
            Wait-VirtioFsShare share -For Idle -Timeout 0 | ForEach-Object Tag | Should -Be share
            $guest = Connect-Guest $share.Socket
            ($share | Wait-VirtioFsShare -For Connected -Timeout 5).State | Should -Be Connected
            $handle = $guest.Create('file')
            Wait-VirtioFsShare share -For Idle -Timeout 1.5 -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $failure[0].FullyQualifiedErrorId | Should -Be 'WaitTimedOut,VirtioFs.Cmdlets.WaitVirtioFsShareCommand'
            $null = $guest.Release($handle)
            (Wait-VirtioFsShare share -For Idle -Timeout 10).State | Should -Be Connected
            $guest.Dispose()
            (Wait-VirtioFsShare share -For Disconnected -Timeout 5).State | Should -Be Waiting
        }

        It 'says after the time that it was not so, and what to do' {
            Wait-VirtioFsShare share -For Connected -Timeout 0.1 -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $failure[0].FullyQualifiedErrorId | Should -Be 'WaitTimedOut,VirtioFs.Cmdlets.WaitVirtioFsShareCommand'
            $failure[0].Exception.Message | Should -BeLike "*'share'*connected*0.1 seconds*waiting*"
            $failure[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        }

        It 'ends when the share is stopped, and when the user stops it' {
            $shells = 1..2 | ForEach-Object { [powershell]::Create().AddScript("Import-Module '$ModuleManifest'; Wait-VirtioFsShare share -For Connected") }
            $running = $shells | ForEach-Object BeginInvoke
            Wait-Until { $shells[0].InvocationStateInfo.State -eq 'Running' }
            Start-Sleep -Milliseconds 500
            (Measure-Command { $shells[0].Stop() }).TotalSeconds | Should -BeLessThan 5
            Stop-VirtioFsShare share
            Wait-Until { $running[1].IsCompleted }
            $shells[1].Streams.Error[0].FullyQualifiedErrorId | Should -Match '^(ShareEnded|ShareNotFound),'
            $shells | ForEach-Object Dispose
        }
    }

    Context 'Restart-VirtioFsShare' {
        It 'starts the share again with the options that it had' {
            $old = Start-VirtioFsShare "$folder/srv" -Tag other -Socket "$folder/2" -ReadOnly -Cache Never -UserIdMap map:0:1000:1 -SocketMode 0660
            $new = $old | Restart-VirtioFsShare -PassThru
            $new.Id | Should -BeGreaterThan $old.Id
            foreach ($name in 'Tag', 'Path', 'Socket', 'ReadOnly', 'Cache', 'UserIdMap', 'SocketMode', 'State') {
                "$($new.$name)" | Should -Be "$($old.$name)" -Because $name
            }
            Get-VirtioFsShare -Id $old.Id -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $new.Socket | Should -Exist
        }

        It 'mends a share whose socket has vanished' {
            Remove-Item $share.Socket
            Restart-VirtioFsShare share
            (Get-VirtioFsShare share).Reason | Should -BeNullOrEmpty
            $share.Socket | Should -Exist
        }

        It 'disconnects a guest with -Force alone where nobody can be asked' {
            $guest = Connect-Guest $share.Socket
            $null = Wait-VirtioFsShare share -For Connected -Timeout 5
            $shell = [powershell]::Create().AddScript("Import-Module '$ModuleManifest'; Restart-VirtioFsShare share")
            $null = $shell.Invoke()
            $shell.Streams.Error[0].FullyQualifiedErrorId | Should -Match '^NobodyToAsk,'
            $shell.Dispose()
            (Get-VirtioFsShare share).Id | Should -Be $share.Id
            (Restart-VirtioFsShare share -Force -PassThru).State | Should -Be Waiting
        }
    }

    Context 'Watch-VirtioFsShare' {
        It 'streams operations with who asked for what, and how it ended' {
            $guest = Connect-Guest $share.Socket
            $handle = $guest.Create('file')
            $seen = Invoke-Meanwhile { $null = $guest.Look('missing'); $null = $guest.Write($handle, 'text') } { Watch-VirtioFsShare share | Select-Object -First 4 }
            $failed = $seen | Where-Object Operation -EQ Lookup | Select-Object -First 1
            $failed.Error, $failed.ErrorNumber, $failed.Path | Should -Be ENOENT, 2, "$folder/srv/missing"
            $written = $seen | Where-Object Operation -EQ Write | Select-Object -First 1
            $written.Bytes, $written.Path, $written.Error | Should -Be 4, "$folder/srv/file", $null
            $written.Duration | Should -BeGreaterThan ([TimeSpan]::Zero)
            $written.ShareId | Should -Be $share.Id
            [Math]::Abs(([DateTimeOffset]::Now - $written.Time).TotalSeconds) | Should -BeLessThan 60
        }

        It 'streams only the operations that were asked for, and ends in time' {
            $guest = Connect-Guest $share.Socket
            $handle = $guest.Create('file')
            $seen = Invoke-Meanwhile { $null = $guest.Look('missing'); $null = $guest.Write($handle, 'text') } { Watch-VirtioFsShare share -Operation wri* -Timeout 1 }
            $seen.Operation | Select-Object -Unique | Should -Be Write
        }

        It 'drops what a slow pipeline does not take, and says how many' {
            $guest = Connect-Guest $share.Socket
            $handle = 0
            $seen = Invoke-Meanwhile { 1..40 | ForEach-Object { $null = $guest.Look('missing') } } {
                Watch-VirtioFsShare share -BufferSize 16 -Timeout 2 -WarningVariable warnings -WarningAction SilentlyContinue | ForEach-Object { Start-Sleep -Milliseconds 50; $_ }
                $script:warning = $warnings
            }
            $script:warning.Message | Should -BeLike '*operations came faster*-BufferSize*'
            ($seen | Select-Object -Last 1).Dropped | Should -BeGreaterThan 0
            (Get-VirtioFsShare share).State | Should -Be Connected
        }

        It 'ends with the share' {
            $running = [powershell]::Create().AddScript("Import-Module '$ModuleManifest'; Watch-VirtioFsShare share")
            $result = $running.BeginInvoke()
            Wait-Until { $running.InvocationStateInfo.State -eq 'Running' }
            Start-Sleep -Milliseconds 500
            Stop-VirtioFsShare share
            Wait-Until { $result.IsCompleted }
            $running.Dispose()
        }

        It 'shows a row for each, and no character that a guest could move the cursor by, in <columns> columns' -ForEach @{ columns = 80 }, @{ columns = 120 } {
            $guest = Connect-Guest $share.Socket
            $handle = 0
            $seen = Invoke-Meanwhile { $null = $guest.Look("a$([char]27)[2J") } { Watch-VirtioFsShare share | Select-Object -First 1 }
            $text = $seen | Out-String -Width $columns
            $text -split "`n" | ForEach-Object { ($_ -replace '\e\[[\d;]*m', '').Length | Should -BeLessOrEqual $columns }
            $text | Should -BeLike '*Lookup*ENOENT*'
            $text -replace '\e\[[\d;]*m', '' | Should -Not -Match '\e'
        }
    }

    Context 'Events' {
        It 'are raised when a guest comes and goes, on no thread of the share' {
            $null = Register-ObjectEvent $share Connected -SourceIdentifier came
            $null = Register-ObjectEvent $share Disconnected -SourceIdentifier went
            $guest = Connect-Guest $share.Socket
            $came = Wait-Event came -Timeout 10
            $came.SourceEventArgs.Share.Tag, $came.SourceEventArgs.Share.State | Should -Be share, Connected
            Get-Content /proc/$PID/task/*/comm | Should -Contain vfs-events
            $guest.Dispose()
            $went = Wait-Event went -Timeout 10
            $went.SourceEventArgs.Share.Id | Should -Be $share.Id
            Get-Event | Remove-Event
        }

        It 'tell what a front end did wrong' {
            $null = Register-ObjectEvent $share Disconnected -SourceIdentifier went
            $client = Connect-FrontEnd $share.Socket
            $null = Wait-VirtioFsShare share -For Connected -Timeout 5
            $null = $client.Send([byte[]]::new(64))
            (Wait-Event went -Timeout 10).SourceEventArgs.Reason | Should -Not -BeNullOrEmpty
            Get-Event | Remove-Event
            $client.Dispose()
        }
    }
}
