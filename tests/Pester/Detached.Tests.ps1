BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    function Get-ShareProcess {
        param([int] $Id)
        # One that has ended counts no more, also where nobody has asked for its exit status yet.
        $status = Get-Content "/proc/$Id/stat" -Raw -ErrorAction Ignore
        if ($status -and $status -notmatch '\) [ZX] ') {
            $status
        }
    }
}

Describe 'A detached share' {
    BeforeEach {
        $former = $env:VIRTIOFS_RUNTIME_DIRECTORY
        $folder = New-TestFolder -Directory srv, run
        $env:VIRTIOFS_RUNTIME_DIRECTORY = "$folder/run/detached"
        $client = $null
    }

    AfterEach {
        if ($client) {
            $client.Dispose()
        }
        Get-VirtioFsShare | Stop-VirtioFsShare -Force
        $env:VIRTIOFS_RUNTIME_DIRECTORY = $former
        Remove-Item -LiteralPath $folder -Recurse -Force
    }

    It 'is served by a process that leads a session of its own and holds nothing of this one' {
        $share = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -ReadOnly -Cache Always -Detached
        $share.Detached | Should -BeTrue
        $share.State | Should -Be Waiting
        $share.ProcessId | Should -Not -Be $PID
        $fields = (Get-Content "/proc/$($share.ProcessId)/stat" -Raw) -replace '^.*\) ' -split ' '
        $fields[3] | Should -Be $share.ProcessId -Because 'it leads its session'
        $fields[4] | Should -Be 0 -Because 'it has no terminal'
        (Get-Item "/proc/$($share.ProcessId)/fd/0").Target | Should -Be /dev/null
        (Get-Item "/proc/$($share.ProcessId)/fd/1").Target | Should -Be /dev/null
        (Get-Item "/proc/$($share.ProcessId)/cwd").Target | Should -Be /
        $found = Get-VirtioFsShare data
        $found.Id | Should -Be $share.Id
        $found.ReadOnly | Should -BeTrue
        $found.Cache | Should -Be Always
        $found.Path | Should -Be "$folder/srv"
    }

    It 'is found, looked into and stopped from another session' {
        $script = "(Start-VirtioFsShare '$folder/srv' -Tag data -Socket '$folder/s' -Detached).ProcessId"
        $started = Invoke-FreshPowerShell ([scriptblock]::Create($script))
        $started.ExitCode | Should -Be 0 -Because "$($started.Output)"
        $share = Get-VirtioFsShare data
        $share.ProcessId | Should -Be ([int]"$($started.Output)")
        $client = Connect-FrontEnd $share.Socket
        Wait-Until { (Get-VirtioFsShare data).State -eq 'Connected' } -Seconds 20
        (Get-VirtioFsSession data).ProcessId | Should -Be $PID
        (Get-VirtioFsShare data).Guest.ProcessId | Should -Be $PID
        Stop-VirtioFsShare data -Force
        Get-ShareProcess $share.ProcessId | Should -BeNullOrEmpty
        Get-VirtioFsShare | Should -BeNullOrEmpty
    }

    It 'goes on under a guest that does I/O when its shell is killed' {
        $text = "Import-Module '$ModuleManifest'; `$null = Start-VirtioFsShare '$folder/srv' -Tag data -Socket '$folder/s' -Detached; Start-Sleep -Seconds 600"
        $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))
        $shell = Start-Process (Get-Process -Id $PID).Path '-NoProfile', '-NonInteractive', '-EncodedCommand', $encoded -PassThru
        try {
            Wait-Until { $shell.HasExited -or (Get-VirtioFsShare) } -Seconds 60
            $client = Connect-Guest "$folder/s"
            $handle = $client.Create('file')
            $client.Write($handle, 'before') | Should -Be 6
            $shell.Kill()
            $shell.WaitForExit()
            $client.Write($handle, 'behind') | Should -Be 6
            $client.Read($handle, 100) | Should -Be 6
            [IO.File]::ReadAllText("$folder/srv/file") | Should -Be behind
            (Get-VirtioFsSession data).IsMounted | Should -BeTrue
            $file = Get-VirtioFsOpenFile data
            $file.Path | Should -Be "$folder/srv/file"
            $file | Close-VirtioFsOpenFile -Force
            Get-VirtioFsOpenFile data | Should -BeNullOrEmpty
            Disconnect-VirtioFsSession data -Force
            Wait-Until { (Get-VirtioFsShare data).State -eq 'Waiting' } -Seconds 20
        } finally {
            if (-not $shell.HasExited) {
                $shell.Kill()
            }
        }
    }

    It 'asks before it is stopped under a guest, and -WhatIf starts and stops nothing' {
        Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached -WhatIf
        Get-VirtioFsShare | Should -BeNullOrEmpty
        $share = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached
        $share | Stop-VirtioFsShare -WhatIf
        (Get-VirtioFsShare data).State | Should -Be Waiting
    }

    It 'does not start under a tag or on a socket that another one has' {
        $null = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached
        Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/t" -Detached -ErrorVariable failure -ErrorAction SilentlyContinue
        Start-VirtioFsShare "$folder/srv" -Tag other -Socket "$folder/s" -Detached -ErrorVariable +failure -ErrorAction SilentlyContinue
        Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/u" -ErrorVariable +failure -ErrorAction SilentlyContinue
        $failure.FullyQualifiedErrorId | Should -Be (@('ShareConflict,VirtioFs.Cmdlets.StartVirtioFsShareCommand') * 3)
        (Get-VirtioFsShare).Count | Should -Be 1
    }

    It 'is one, with one clear error, when two sessions start it at once' {
        $jobs = 1..2 | ForEach-Object {
            Start-Job {
                Import-Module $using:ModuleManifest
                (Start-VirtioFsShare "$using:folder/srv" -Tag data -Socket "$using:folder/s" -Detached -ErrorAction SilentlyContinue).Tag
                $Error.FullyQualifiedErrorId
            }
        }
        $output = $jobs | Receive-Job -Wait -AutoRemoveJob
        ($output | Sort-Object) -join ' ' | Should -Be 'data ShareConflict,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
        @(Get-VirtioFsShare).Count | Should -Be 1
    }

    It 'tells why it did not start, in the words of its process' {
        Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/none/s" -Detached -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].Exception.Message | Should -BeLike "*$folder/none/s*"
        Get-ChildItem "$folder/run/detached" | Should -BeNullOrEmpty
    }

    It 'leaves no process, socket or record after 20 starts and stops' {
        $processes = foreach ($round in 1..20) {
            $share = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached
            $share.ProcessId
            $share | Stop-VirtioFsShare
        }
        @($processes | Sort-Object -Unique).Count | Should -Be 20
        $processes | ForEach-Object { Get-ShareProcess $_ } | Should -BeNullOrEmpty
        Get-ChildItem "$folder/run/detached" -Force | Should -BeNullOrEmpty
        (Get-ChildItem $folder -Force).Name | Sort-Object | Should -Be run, srv
    }

    It 'is not listed when its process was killed, and starts anew' {
        $share = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached
        Stop-Process -Id $share.ProcessId -Force
        Wait-Until { -not (Get-VirtioFsShare) } -Seconds 20
        $share | Stop-VirtioFsShare -ErrorAction Stop
        (Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached).State | Should -Be Waiting
    }

    It 'is not believed in where others could have written its record' {
        $share = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached
        $record = (Get-ChildItem "$folder/run/detached" -Filter *.json).FullName
        $mode = [IO.File]::GetUnixFileMode($record)
        [IO.File]::SetUnixFileMode($record, 'UserRead, UserWrite, GroupRead, OtherRead, OtherWrite')
        Get-VirtioFsShare | Should -BeNullOrEmpty
        [IO.File]::SetUnixFileMode($record, $mode)
        [IO.File]::SetUnixFileMode("$folder/run/detached", 'UserRead, UserWrite, UserExecute, OtherRead, OtherExecute')
        Get-VirtioFsShare | Should -BeNullOrEmpty
        [IO.File]::SetUnixFileMode("$folder/run/detached", 'UserRead, UserWrite, UserExecute')
        # A process with the number of another: its time of start is not that of the record.
        $text = [IO.File]::ReadAllText($record)
        [IO.File]::WriteAllText($record, ($text -replace """ProcessId"":$($share.ProcessId)", """ProcessId"":$PID"))
        Get-VirtioFsShare | Should -BeNullOrEmpty
        [IO.File]::WriteAllText($record, $text)
        (Get-VirtioFsShare).ProcessId | Should -Be $share.ProcessId
    }

    It 'of another user is seen by root, and never meant by a tag' {
        if ([Environment]::UserName -ne 'root' -or -not (Get-Command setpriv -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'only root acts as others'; return }
        # An id that no account of the host has.
        $user = 60000 + (Get-Random 4000)
        $theirs = New-TestFolder -Directory srv
        $control = "/run/user/$user/virtiofs/detached"
        $env:VIRTIOFS_RUNTIME_DIRECTORY = $null
        $xml = "<domain type='kvm'><name>w</name><memory unit='MiB'>64</memory><memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking><devices>" +
            "<filesystem type='mount'><driver type='virtiofs'/><source dir='/srv'/><target dir='vfs-$user'/></filesystem></devices></domain>"
        try {
            $null = New-Item -ItemType Directory $control
            & chmod 0700 "/run/user/$user" "/run/user/$user/virtiofs" $control
            & chown -R "${user}:$user" "/run/user/$user" $theirs
            $program = Join-Path (Split-Path (Get-Module VirtioFs).Path) bin/vhost-user-fs
            $words = "--reuid=$user", "--regid=$user", '--clear-groups', $program, "--shared-dir=$theirs/srv", "--socket-path=$theirs/s", "--tag=vfs-$user", "--control-socket=$control/x.control"
            $process = Start-Process setpriv $words -PassThru -RedirectStandardError "$theirs/error"
            Wait-Until { Get-VirtioFsShare | Where-Object Tag -EQ "vfs-$user" } -Seconds 20
            $seen = Get-VirtioFsShare | Where-Object Tag -EQ "vfs-$user"
            $seen.Socket, $seen.ProcessId | Should -Be "$theirs/s", $process.Id
            (Get-VirtioFsShare -Id $seen.Id).Socket | Should -Be "$theirs/s"

            { Stop-VirtioFsShare "vfs-$user" -Force -ErrorAction Stop } | Should -Throw -ErrorId 'ShareNotFound,*'
            Stop-VirtioFsShare "vfs-$user*" -Force
            $process.HasExited | Should -BeFalse
            { Get-VMDomain -InputObject $xml | ConvertTo-QemuArgument -ErrorAction Stop } | Should -Throw
            # Root's own may have the same tag, and is the one that it names then.
            $own = Start-VirtioFsShare "$folder/srv" -Tag "vfs-$user" -Socket "$folder/own" -Detached -ErrorAction Stop
            (Get-VirtioFsShare "vfs-$user").Socket | Should -Be $own.Socket
            (Get-VMDomain -InputObject $xml | ConvertTo-QemuArgument) -join ' ' | Should -BeLike "*path=$folder/own*"
            Stop-VirtioFsShare "vfs-$user"
            $process.HasExited | Should -BeFalse

            # A record that names a process of somebody else counts for nothing.
            $record = Get-Content "$control/x.control.json" -Raw | ConvertFrom-Json
            $record.ProcessId = $PID
            $record.StartTicks = [long]((Get-Content "/proc/$PID/stat" -Raw) -replace '^.*\) ' -split ' ')[19]
            $record | ConvertTo-Json | Set-Content "$control/y.control.json"
            & chown "${user}:$user" "$control/y.control.json"
            & chmod 0600 "$control/y.control.json"
            @(Get-VirtioFsShare | Where-Object ProcessId -EQ $PID).Count | Should -Be 0
            Get-VirtioFsShare | Where-Object Tag -EQ "vfs-$user" | Stop-VirtioFsShare
            Wait-Until { $process.HasExited } -Seconds 20
        } finally {
            if ($process -and -not $process.HasExited) { $process.Kill() }
            Get-VirtioFsShare | Where-Object Tag -EQ "vfs-$user" | Stop-VirtioFsShare -Force
            # What is stopped after each test must not be the host's own.
            $env:VIRTIOFS_RUNTIME_DIRECTORY = "$folder/run/detached"
            Remove-Item -LiteralPath "/run/user/$user", $theirs -Recurse -Force -ErrorAction Ignore
        }
    }

    It 'is started again by Restart-VirtioFsShare, in another process with the same options' {
        $share = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -ReadOnly -Detached
        $next = $share | Restart-VirtioFsShare -PassThru
        $next.Detached | Should -BeTrue
        $next.ReadOnly | Should -BeTrue
        $next.ProcessId | Should -Not -Be $share.ProcessId
    }

    It 'comes back from CSV as a detached share' {
        Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/s" -Detached | Export-Csv "$folder/t.csv"
        Get-VirtioFsShare | Stop-VirtioFsShare
        (Import-Csv "$folder/t.csv" | Start-VirtioFsShare).Detached | Should -BeTrue
        Remove-Item "$folder/t.csv"
    }
}
