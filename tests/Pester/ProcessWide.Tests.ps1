BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Shares belong to the process' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $share = Start-VirtioFsShare "$folder/srv" -Tag share -Socket "$folder/1"
    }

    AfterEach {
        Clear-Test $folder
    }

    It 'are seen from parallel runspaces' {
        $seen = 1..4 | ForEach-Object -Parallel {
            Import-Module $using:ModuleManifest
            (Get-VirtioFsShare).Id
        }
        $seen | Should -Be (, $share.Id * 4)
    }

    It 'are seen, started and stopped from a thread job' {
        $job = Start-ThreadJob {
            Import-Module $using:ModuleManifest
            Stop-VirtioFsShare share -PassThru
            Start-VirtioFsShare "$using:folder/srv" -Tag from-job -Socket "$using:folder/2"
        }
        $output = $job | Receive-Job -Wait -AutoRemoveJob
        $output.Tag | Should -Be share, from-job
        (Get-VirtioFsShare).Tag | Should -Be from-job
    }

    It 'get ids and tags of their own when many runspaces start at once' {
        $results = 1..16 | ForEach-Object -ThrottleLimit 8 -Parallel {
            Import-Module $using:ModuleManifest
            Start-VirtioFsShare "$using:folder/srv" -Tag "tag-$($_ % 8)" -Socket "$using:folder/p$_" -ErrorAction SilentlyContinue
        }
        $results.Count | Should -Be 8
        ($results.Id | Select-Object -Unique).Count | Should -Be 8
    }

    It 'stay when one runspace of several removes the module' {
        1..2 | ForEach-Object -Parallel {
            Import-Module $using:ModuleManifest
            Remove-Module VirtioFs
        }
        (Get-VirtioFsShare).Id | Should -Be $share.Id
    }

    It 'are gone when the only runspace removes the module, and the module can be imported again' {
        $result = Invoke-FreshPowerShell {
            $folder = [IO.Directory]::CreateTempSubdirectory('vfs-').FullName
            $socket = (Start-VirtioFsShare $folder -Tag a -Socket "$folder/1").Socket
            $manifest = (Get-Module VirtioFs).Path
            1 | ForEach-Object -Parallel { Import-Module $using:manifest; Get-VirtioFsShare | Out-Null }
            Remove-Module VirtioFs
            Test-Path $socket
            Import-Module $manifest
            @(Get-VirtioFsShare).Count
            (Start-VirtioFsShare $folder -Tag a -Socket "$folder/1").State.ToString()
        }
        $result.Output | Should -Be 'False', '0', 'Waiting'
    }

    It 'are all kept when the module is loaded anew, with and without a guest' {
        $result = Invoke-FreshPowerShell {
            $folder = [IO.Directory]::CreateTempSubdirectory('vfs-').FullName
            $used, $idle = 'used', 'idle' | ForEach-Object { Start-VirtioFsShare $folder -Tag $_ -Socket "$folder/$_" }
            $guest = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            $guest.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new($used.Socket))
            while ((Get-VirtioFsShare used).State -ne 'Connected') { Start-Sleep -Milliseconds 10 }
            Import-Module (Get-Module VirtioFs).Path -Force
            (Get-VirtioFsShare).Tag -join ','
            (Get-VirtioFsShare).State -join ','
            (Get-VirtioFsShare).Id -join ',' | ForEach-Object { $_ -eq "$($used.Id),$($idle.Id)" }
            $guest.Blocking = $false
            try { $guest.Receive([byte[]]::new(1)) } catch { $_.Exception.InnerException.SocketErrorCode }
            Get-VirtioFsShare | Stop-VirtioFsShare -Force
        }
        $result.Output | Should -Be 'used,idle', 'Connected,Waiting', 'True', 'WouldBlock'
    }

    It 'are kept, with a warning, when the module is removed under a guest, and found by the next import' {
        Set-Content "$folder/script.ps1" @'
param($Manifest, $Folder)
Import-Module $Manifest
$used, $idle = 'used', 'idle' | ForEach-Object { Start-VirtioFsShare "$Folder/srv" -Tag $_ -Socket "$Folder/$_" }
$guest = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
$guest.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new($used.Socket))
while ((Get-VirtioFsShare used).State -ne 'Connected') { Start-Sleep -Milliseconds 10 }
Remove-Module VirtioFs
Test-Path $idle.Socket
Test-Path $used.Socket
Import-Module $Manifest
(Get-VirtioFsShare).Tag
"$((Get-VirtioFsShare).State)"
Stop-VirtioFsShare used -Force
'@
        $output = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -File "$folder/script.ps1" $ModuleManifest $folder
        $output[0] | Should -BeLike "*WARNING: *'used'*"
        $output[1..4] | Should -Be 'False', 'True', 'used', 'Connected'
    }

    It 'leave no socket when the process ends' {
        $result = Invoke-FreshPowerShell ([scriptblock]::Create("Start-VirtioFsShare '$folder/srv' -Tag end -Socket '$folder/end' | Out-Null; Test-Path '$folder/end'"))
        $result.Output | Should -Be 'True'
        $result.ExitCode | Should -Be 0
        "$folder/end" | Should -Not -Exist
    }

    It 'leave the shell as it was: location, umask, limits and threads' {
        $result = Invoke-FreshPowerShell {
            $folder = [IO.Directory]::CreateTempSubdirectory('vfs-').FullName
            function Get-Shell {
                (Get-Content /proc/self/status | Select-String '^(Umask|Uid|Gid|Groups|CapEff|Seccomp|NoNewPrivs):').Line
                Get-Content /proc/self/limits
                [Environment]::CurrentDirectory
                $PWD.Path
            }
            $before = Get-Shell
            Start-VirtioFsShare $folder -Tag a -Socket "$folder/1" | Out-Null
            $during = Get-Shell
            Get-VirtioFsShare | Stop-VirtioFsShare
            $after = Get-Shell
            @(Compare-Object $before $during).Count
            @(Compare-Object $before $after).Count
        }
        $result.Output | Should -Be '0', '0'
    }

    It 'lose no descriptor over many starts and stops' {
        function Measure-Descriptor { [IO.Directory]::GetFileSystemEntries('/proc/self/fd').Count }
        $cycle = {
            Start-VirtioFsShare "$folder/srv" -Tag cycle -Socket "$folder/cycle" | Stop-VirtioFsShare
        }
        & $cycle
        $before = Measure-Descriptor
        1..20 | ForEach-Object { & $cycle }
        Wait-Until { (Measure-Descriptor) -le $before }
    }
}
