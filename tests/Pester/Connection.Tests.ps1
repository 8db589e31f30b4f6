# Nothing waits for ever, and one dead daemon, monitor or file system is nobody else's problem.
BeforeDiscovery {
    $isRoot = [Environment]::UserName -eq 'root'
    $python = (Get-Command python3 -ErrorAction Ignore) ? '' : 'python3 is not installed'
    $noLibvirt = try { Import-Module "$PSScriptRoot/../../out/VirtioFs/VirtioFs.psd1"; $null = Get-VMDomain test -Connection test:///default -ErrorAction Stop; '' } catch { 'libvirt''s library is not installed' }
    $noFuse = if (-not $isRoot -or -not (Test-Path /dev/fuse)) { 'mounting a FUSE file system takes root and /dev/fuse' } else { $python }
    $noDaemon = if (-not $isRoot) { 'only root can start a libvirtd of its own' } elseif (-not (Get-Command libvirtd -ErrorAction Ignore)) { 'libvirtd is not installed' } else { $noLibvirt }
    $waits = @(
        @{ what = 'a connection'; line = 'Get-VMDomain -Connection $dead'; why = $noLibvirt }
        @{ what = 'a connection'; line = '"<domain type=''test''><name>x</name><memory>4096</memory></domain>" | Set-VMDomain -Connection $dead'; why = $noLibvirt }
        @{ what = 'a monitor'; line = 'Add-CloudHypervisorFileSystem $monitor t "$folder/socket"'; why = '' }
        @{ what = 'a daemon that stopped answering'; line = 'Get-VMDomain test -Connection $frozen'; why = $noDaemon }
        @{ what = 'a daemon that stopped answering'; line = 'Set-VMMemoryBacking test -Shared -Connection $frozen'; why = $noDaemon }
        @{ what = 'another who changes the domain'; line = 'Set-VMMemoryBacking test -Shared -Discard -Connection test:///default'; why = $isRoot ? $noLibvirt : 'the lock is taken where root''s is' }
        @{ what = 'another who replaces the file'; line = 'Set-VMMemoryBacking -Path "$folder/locked.xml" -Shared'; why = '' }
        @{ what = 'another who replaces the file'; line = 'Set-VMHostMemorySetting -Path "$folder/locked.conf" -MemoryBackingDirectory /x'; why = '' }
        foreach ($line in @(
            'Get-VMDomain -Path "$hung/x.xml"', 'Get-VMDomain -LiteralPath "$hung/x.xml"', '"$hung/x.xml" | Get-VMDomain', 'Set-VMMemoryBacking -Path "$hung/x.xml" -Shared'
            'Import-VMDomain "$hung/x.xml" -Connection test:///default', 'Export-VMDomain test "$hung/x.xml" -Connection test:///default'
            'Get-VMHostMemorySetting "$hung/qemu.conf"', 'Set-VMHostMemorySetting -Path "$hung/qemu.conf" -MemoryBackingDirectory /x', 'New-VirtioFsWrapper "$hung/w" /bin/true'
        )) { @{ what = 'a file system'; line = $line; why = $noFuse ? $noFuse : ($line -match 'test:' ? $noLibvirt : '') } }
    )
}

Describe 'What does not answer' -ForEach @{ noLibvirt = $noLibvirt; noFuse = $noFuse; noDaemon = $noDaemon } {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        $folder = New-TestFolder -Directory hung
        $hung = "$folder/hung"

        # A daemon that takes connections and never answers: the kernel accepts for a socket that listens.
        function New-Silent {
            [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
            param([string] $Path)
            $silent = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            $silent.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new($Path))
            $silent.Listen(100)
            $silent
        }

        # A job of this process, when its line has been waiting for a second and shows it.
        function Start-Hanging {
            [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
            param([string] $Line)
            $values = @{ module = $ModuleManifest; dead = $dead; monitor = "$folder/monitor"; frozen = $frozen; folder = $folder; hung = $hung; line = $Line }
            $job = Start-ThreadJob -ThrottleLimit 20 {
                $values = $using:values
                $values.GetEnumerator() | ForEach-Object { Set-Variable $_.Key $_.Value }
                Import-Module $values.module
                Invoke-Expression $values.line
            }
            Wait-Until { $job.Progress.Count -gt 0 -or $job.State -notin 'NotStarted', 'Running' } -Seconds 60
            $job
        }

        function Measure-Second {
            param([scriptblock] $Script)
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $null = & $Script
            $clock.Elapsed.TotalSeconds
        }

        # The libvirtd among what eng/libvirtd.sh has started.
        function Get-Daemon {
            param([int] $Id)
            foreach ($child in & pgrep -P $Id) {
                if ((Get-Content "/proc/$child/comm" -ErrorAction Ignore) -eq 'libvirtd') { $child } else { Get-Daemon $child }
            }
        }

        $silent = New-Silent "$folder/silent"
        $silentMonitor = New-Silent "$folder/monitor"
        $listening = New-Silent "$folder/socket"
        $dead = "qemu+unix:///system?socket=$folder/silent"
        Set-Content "$folder/locked.xml" '<domain><name>locked</name><devices/></domain>'
        Set-Content "$folder/locked.conf" '# nothing'

        # POSIX locks belong to a process, so another one holds them.
        $holder = Start-Job {
            $folder = $using:folder
            $files = foreach ($name in 'locked.xml', 'locked.conf') {
                $file = [IO.File]::Open("$folder/$name", 'Open', 'ReadWrite', 'ReadWrite')
                $file.Lock(0, 1)
                $file
            }
            Set-Content "$folder/held" ''
            while ($files -and (Test-Path "$folder/held")) { Start-Sleep -Milliseconds 200 }
        }
        if (-not $noFuse) {
            # Nobody reads the requests of this file system.
            Set-Content "$folder/hang.py" @'
import ctypes, os, sys, time
device = os.open('/dev/fuse', os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b'hanging', sys.argv[1].encode(), b'fuse', 0, f'fd={device},rootmode=40000,user_id=0,group_id=0'.encode()) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
open(sys.argv[1] + '.mounted', 'w').close()
while os.path.exists(sys.argv[1] + '.mounted'):
    time.sleep(0.1)
'@
            $fuse = Start-Process python3 "$folder/hang.py", $hung -PassThru
            Wait-Until { $fuse.HasExited -or (Test-Path "$hung.mounted") } -Seconds 60
        }
        if (-not $noDaemon) {
            $libvirt = Start-TestLibvirt "$folder/libvirt"
            $frozen = $libvirt.Uri -replace '^qemu(.*)/system', 'test$1/default'
            $null = Get-VMDomain test -Connection $frozen
            $daemon = Get-Daemon $libvirt.Process.Id
            & kill -STOP $daemon
        }
        Wait-Until { Test-Path "$folder/held" } -Seconds 60

        # What the machine takes for it when nothing hangs.
        $sleeping = Start-ThreadJob { Start-Sleep 1000 }
        Wait-Until { $sleeping.State -eq 'Running' } -Seconds 60
        $usual = Measure-Second { $sleeping | Stop-Job; $sleeping | Wait-Job }
    }

    AfterAll {
        Remove-Item "$folder/held", "$hung.mounted" -ErrorAction Ignore
        if ($fuse) {
            $fuse.WaitForExit()
            & umount --lazy $hung 2>$null
        }
        if ($libvirt) {
            & kill -CONT $daemon
            Stop-TestLibvirt $libvirt
        }
        $holder | Wait-Job | Remove-Job
        $silent, $silentMonitor, $listening | ForEach-Object Dispose
        Clear-Test $folder
    }

    It 'ends within two seconds of Stop-Job: <what>: <line>' -ForEach $waits {
        if ($why) { Set-ItResult -Skipped -Because $why; return }
        $taken = if ($what -like '*domain') {
            $locks = [IO.Directory]::CreateDirectory('/run/virtiofs-locks', 'UserRead, UserWrite, UserExecute')
            [IO.File]::Open("$locks/$((Get-VMDomain test -Connection test:///default).Uuid).lock", 'OpenOrCreate', 'ReadWrite', 'None')
        }
        try {
            $job = Start-Hanging $line
            $job.State | Should -Be Running -Because "$(Receive-Job $job 2>&1)"
            Measure-Second { $job | Stop-Job; $job | Wait-Job } | Should -BeLessThan (2 + 5 * $usual)
            $job.State | Should -Be Stopped
            $job | Remove-Job
        } finally {
            if ($taken) { $taken.Dispose() }
        }
    }

    It 'holds up nobody in another runspace, and no completion' {
        if ($noLibvirt) { Set-ItResult -Skipped -Because $noLibvirt; return }
        $ask = { foreach ($time in 1..5) { Measure-Second { Get-VMDomain test -Connection test:///default } } }
        $null = & $ask
        $alone = & $ask | Sort-Object
        $hanging = 1..3 | ForEach-Object { Start-Hanging 'Get-VMDomain -Connection $dead' }
        try {
            $hanging.State | Should -Be Running, Running, Running
            $beside = & $ask | Sort-Object
            # In the middle of five, on a machine that does other things too.
            $beside[2] | Should -BeLessThan (1 + 5 * $alone[2])
            (Get-Completion 'Get-VMDomain -Connection test:///default te').CompletionText | Should -Contain test
            Measure-Second { Get-Completion "Get-VMDomain -Connection '$dead' te" } | Should -BeLessThan 10
            $hanging[0].Progress[0].Activity | Should -BeLike "*$dead*"
        } finally {
            $hanging | Stop-Job -PassThru | Remove-Job
        }
    }

    It 'is an error when the limit is reached' {
        if ($noLibvirt) { Set-ItResult -Skipped -Because $noLibvirt; return }
        $env:VIRTIOFS_LIBVIRT_TIMEOUT = '0.5'
        try {
            { Get-VMDomain -Connection $dead -ErrorAction Stop } | Should -Throw -ErrorId 'LibvirtTimeout,*' -ExpectedMessage '*0.5 seconds*VIRTIOFS_LIBVIRT_TIMEOUT*'
        } finally {
            Remove-Item env:VIRTIOFS_LIBVIRT_TIMEOUT
        }
    }
}
