# What each test file begins with: the built module, and things that tests make and take away again.

$script:ModuleManifest = Join-Path $PSScriptRoot '../../out/VirtioFs/VirtioFs.psd1' | Resolve-Path | Convert-Path
Import-Module $ModuleManifest

# Detached shares are seen by all sessions of a user; those of this run keep to themselves.
if (-not $env:VIRTIOFS_RUNTIME_DIRECTORY) {
    $env:VIRTIOFS_RUNTIME_DIRECTORY = Join-Path ([IO.Directory]::CreateTempSubdirectory('vfs-run-').FullName) detached
}

# A short path: the path of a socket may have 107 bytes.
function New-TestFolder {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    param([string[]] $Directory = @())
    $folder = [IO.Directory]::CreateTempSubdirectory('vfs-').FullName
    foreach ($name in $Directory) {
        $null = [IO.Directory]::CreateDirectory((Join-Path $folder $name))
    }
    $folder
}

# Stops what a test started, and removes its folder.
function Clear-Test {
    param([string] $Folder)
    Get-VirtioFsShare | Stop-VirtioFsShare -Force
    if ($Folder) {
        Remove-Item -LiteralPath $Folder -Recurse -Force
    }
}

# A front end that connects and says nothing: enough for a share to be in use.
function Connect-FrontEnd {
    param([string] $Socket)
    $client = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
    $client.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new($Socket))
    $client
}

# A guest that is played by tests/Frontend: it mounts the share, and does what it is told.
function Connect-Guest {
    param([string] $Socket)
    if (-not ('VirtioFsTest.PlayedGuest' -as [type])) {
        $built = Get-ChildItem "$PSScriptRoot/../../artifacts/bin/VirtioFs.Frontend/*/VirtioFs.Frontend.dll" | Sort-Object LastWriteTime | Select-Object -Last 1
        $frontEnd = [Reflection.Assembly]::LoadFrom($built.FullName)
        Add-Type -Path "$PSScriptRoot/PlayedGuest.cs" -ReferencedAssemblies $frontEnd.Location, System.Runtime, System.Memory, System.Text.Encoding.Extensions
    }
    [VirtioFsTest.PlayedGuest]::new($Socket)
}

# Waits until the condition holds, and fails when it does not within the limit.
function Wait-Until {
    param([scriptblock] $Condition, [int] $Seconds = 10)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not (& $Condition)) {
        if ($clock.Elapsed.TotalSeconds -gt $Seconds) {
            throw "This did not become true within $Seconds seconds: $Condition"
        }
        Start-Sleep -Milliseconds 20
    }
}

# What the Tab key offers at the end of a line.
function Get-Completion {
    param([string] $Line)
    (TabExpansion2 -inputScript $Line -cursorColumn $Line.Length).CompletionMatches
}

# Runs a script in a PowerShell of its own that has imported the module; gives its output and exit code.
function Invoke-FreshPowerShell {
    param([scriptblock] $Script)
    $text = "`$ErrorActionPreference = 'Stop'; Import-Module '$ModuleManifest'`n$Script"
    $output = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -EncodedCommand ([Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))) 2>&1
    [pscustomobject]@{ Output = $output; ExitCode = $LASTEXITCODE }
}

# A libvirtd of the test's own, on sockets in this folder; `Uri` is what -Connection takes. Stop-TestLibvirt ends it, and its guests.
function Start-TestLibvirt {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    param([string] $Folder)
    $script = Join-Path $PSScriptRoot '../../eng/libvirtd.sh'
    $null = New-Item -ItemType Directory $Folder
    $process = Start-Process bash "`"$script`" `"$Folder`"" -PassThru -RedirectStandardOutput "$Folder/output" -RedirectStandardError "$Folder/errors"
    $socket = Join-Path $Folder libvirt-sock
    Wait-Until { $process.HasExited -or (Test-Path $socket) } -Seconds 60
    if ($process.HasExited) {
        throw "The test's libvirtd ended: $(Get-Content "$Folder/errors", "$Folder/libvirtd.log" -ErrorAction Ignore)"
    }

    [pscustomobject]@{ Uri = "qemu+unix:///system?socket=$socket"; Process = $process; Folder = $Folder }
}

function Stop-TestLibvirt {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    param($Libvirt)
    & kill -TERM $Libvirt.Process.Id
    $Libvirt.Process.WaitForExit()
}
