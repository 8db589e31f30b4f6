BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Sessions and open files' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $share = Start-VirtioFsShare "$folder/srv" -Tag share -Socket "$folder/1"
        $guest = Connect-Guest $share.Socket
        Wait-Until { Get-VirtioFsSession share | Where-Object IsMounted }
        $handle = $guest.Create('file')
    }

    AfterEach {
        $guest.Dispose()
        Clear-Test $folder
    }

    It 'shows who is connected, since when, and what was agreed on' {
        $null = Start-VirtioFsShare "$folder/srv" -Tag alone -Socket "$folder/2"
        $session = Get-VirtioFsSession
        $session.Tag, $session.ShareId, $session.Session | Should -Be share, $share.Id, 1
        $session.ProcessId | Should -Be $PID
        $session.Connected | Should -BeLessThan ([DateTimeOffset]::Now)
        $session.Features | Should -Contain PosixLocks
        $session.MemorySize | Should -BeGreaterThan 1MB
        $session.Queues[1].NextUsed | Should -Be 2
        $session.OpenFileCount, $session.InodeCount | Should -Be 1, 2
        $session.Path | Should -Be "$folder/srv"
    }

    It 'finds sessions by tag, wildcards, id, and the objects of the others' {
        (Get-VirtioFsSession sh*).Tag | Should -Be share
        (Get-VirtioFsSession -Id $share.Id).Tag | Should -Be share
        (Get-VirtioFsShare | Get-VirtioFsSession).Tag | Should -Be share
        (Get-VirtioFsOpenFile | Get-VirtioFsSession | Get-VirtioFsShare).Tag | Should -Be share
        Get-VirtioFsSession none -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'ShareNotFound,VirtioFs.Cmdlets.GetVirtioFsSessionCommand'
    }

    It 'shows what is open, and the locks that are held and waited for, by the guest''s processes' {
        $second = $guest.OpenAgain()
        $guest.Lock($handle, 1, 41) | Should -Be 0
        $guest.AwaitLock($second, 2, 42)
        Wait-Until { (Get-VirtioFsOpenFile share).Locks | Where-Object { -not $_.IsHeld } }
        $open = Get-VirtioFsOpenFile share | Where-Object Handle -EQ $handle
        $open.Path, $open.Access, $open.IsDirectory | Should -Be "$folder/srv/file", ReadWrite, $false
        ($open.Locks | Where-Object IsHeld).ProcessId | Should -Be 41
        ($open.Locks | Where-Object IsHeld -EQ $false).ProcessId | Should -Be 42
        (Get-VirtioFsOpenFile -Locked -Path "$folder/srv/f*").Handle | Should -Contain $handle
        Get-VirtioFsOpenFile -Path "$folder/other*" | Should -BeNullOrEmpty
    }

    It 'closes a file under its guest, which gets EBADF, and lets who waits for its lock go on' {
        $second = $guest.OpenAgain()
        $null = $guest.Lock($handle, 1, 41)
        $guest.AwaitLock($second, 2, 42)
        Wait-Until { (Get-VirtioFsOpenFile share).Locks | Where-Object { -not $_.IsHeld } }
        $closed = Get-VirtioFsOpenFile share | Where-Object Handle -EQ $handle | Close-VirtioFsOpenFile -Force -PassThru
        $closed.Handle | Should -Be $handle
        Wait-Until { (Get-VirtioFsOpenFile share).Locks | Where-Object { $_.IsHeld -and $_.ProcessId -eq 42 } }
        $guest.Read($handle, 1) | Should -Be -9
        $guest.Release($handle) | Should -Be -9
        $closed | Close-VirtioFsOpenFile -Force -PassThru -ErrorAction Stop | Should -BeNullOrEmpty
        Close-VirtioFsOpenFile -ShareId $share.Id -Handle $handle -Force -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'OpenFileNotFound,VirtioFs.Cmdlets.CloseVirtioFsOpenFileCommand'
        $failure[0].ErrorDetails.RecommendedAction | Should -BeLike '*Get-VirtioFsOpenFile*'
    }

    It 'closes what was written down and read again: <way>' -ForEach @(
        @{ way = 'CSV'; trip = { $args[0] | ConvertTo-Csv | ConvertFrom-Csv } }
        @{ way = 'JSON'; trip = { $args[0] | ConvertTo-Json -Depth 5 | ConvertFrom-Json } }
        @{ way = 'Clixml'; trip = { [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($args[0])) } }
    ) {
        $open = & $trip (Get-VirtioFsOpenFile share)
        $open | Close-VirtioFsOpenFile -Force -ErrorAction Stop
        Get-VirtioFsOpenFile share | Should -BeNullOrEmpty
        $session = & $trip (Get-VirtioFsSession share)
        $session | Get-VirtioFsOpenFile | Should -BeNullOrEmpty
        $session | Disconnect-VirtioFsSession -Force -ErrorAction Stop
        Get-VirtioFsSession | Should -BeNullOrEmpty
    }

    It 'disconnects a session, and no later one' {
        $session = Get-VirtioFsSession share
        $session | Disconnect-VirtioFsSession -Force -PassThru | ForEach-Object Session | Should -Be 1
        (Get-VirtioFsShare share).State | Should -Be Waiting
        $next = Connect-Guest $share.Socket
        try {
            Wait-Until { Get-VirtioFsSession share }
            $session | Disconnect-VirtioFsSession -Force -PassThru -ErrorAction Stop | Should -BeNullOrEmpty
            (Get-VirtioFsSession share).Session | Should -Be 2
        } finally {
            $next.Dispose()
        }
    }

    It 'fits a window of <columns> columns' -ForEach @{ columns = 80 }, @{ columns = 120 } {
        $null = $guest.Lock($handle, 1, 41)
        foreach ($text in (Get-VirtioFsSession | Out-String -Width $columns), (Get-VirtioFsOpenFile | Out-String -Width $columns)) {
            $text -split "`n" | ForEach-Object { ($_ -replace '\e\[[\d;]*m', '').Length | Should -BeLessOrEqual $columns }
            $text | Should -Match 'share'
            $text | Should -Not -Match '<>|\{|\.\.\.'
        }
    }

    It 'shows no character that a guest could move the cursor by' {
        $null = $guest.Create("a$([char]27)[2Jb")
        Get-VirtioFsOpenFile | Out-String -Width 200 | Should -BeLike '*a?`[2Jb*'
        Get-VirtioFsOpenFile -Path "$folder/srv/a*" | Should -Not -BeNullOrEmpty
    }

    It 'completes tags and ids' {
        (Get-Completion 'Get-VirtioFsOpenFile ').CompletionText | Should -Be share
        (Get-Completion 'Disconnect-VirtioFsSession -Id ').CompletionText | Should -Be "$($share.Id)"
    }
}
