BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $guestScript = Join-Path $PSScriptRoot '../../eng/guest.sh' | Resolve-Path | Convert-Path
    $why = (& $guestScript check 2>&1 | Select-Object -Last 1) -as [string]
    $canBoot = $LASTEXITCODE -eq 0

    # Boots a guest that runs a shell script, with each share as a device.
    function Start-Guest {
        [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
        param([string] $Script, [object[]] $Share)
        Set-Content "$folder/script" $Script
        $start = [Diagnostics.ProcessStartInfo]::new($guestScript)
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        foreach ($argument in @('boot', '--script', "$folder/script"; $Share | ForEach-Object { '--share', "$($_.Tag)=$($_.Socket)" })) {
            $start.ArgumentList.Add($argument)
        }
        $process = [Diagnostics.Process]::Start($start)
        [pscustomobject]@{
            Process = $process
            Output = $process.StandardOutput.ReadToEndAsync()
            Console = $process.StandardError.ReadToEndAsync()
        }
    }

    # guest.sh ends its emulator when it is told to end.
    function Stop-Guest {
        [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
        param($Guest)
        if ($Guest -and -not $Guest.Process.HasExited) {
            kill -s TERM $Guest.Process.Id
            $Guest.Process.WaitForExit(10000) | Should -BeTrue
        }
    }
}

Describe 'A real guest' {
    BeforeEach {
        if (-not $canBoot) {
            Set-ItResult -Skipped -Because "no guest can be booted here: $why"
        }
        $folder = New-TestFolder -Directory shares/one, shares/two, fixed
        $guest = $null
    }

    AfterEach {
        Stop-Guest $guest
        Clear-Test $folder
    }

    It 'mounts the shares that a pipeline started, cannot change the one that is read-only, is seen while it runs, and leaves them for the next' {
        1..100 | ForEach-Object { Set-Content "$folder/shares/one/file $_" "Line $_." }
        $shares = Get-ChildItem "$folder/shares" | ForEach-Object { Start-VirtioFsShare $_ -Socket "$folder/$($_.Name)" }
        Set-Content "$folder/fixed/kept" 'kept'
        $fixed = Start-VirtioFsShare "$folder/fixed" -ReadOnly -Socket "$folder/3"

        $guest = Start-Guest -Share (@($shares) + $fixed) -Script @'
mkdir -p /one /two
mount -t virtiofs one /one
mount -t virtiofs two /two
cp /one/* /two/
mkdir -p /fixed
mount -t virtiofs fixed /fixed
cp /fixed/kept /two/
if rm /fixed/kept || touch /fixed/new; then exit 1; fi
echo ready >/two/ready
until [ -e /two/go ]; do sleep 0.1; done
rm /two/ready /two/go /two/kept
'@
        Wait-Until { Test-Path "$folder/shares/two/ready" } -Seconds 120

        $connected = Get-VirtioFsShare -State Connected
        $connected.Tag | Should -Be one, two, fixed
        $connected[0].Guest.ProcessName | Should -BeLike 'qemu-system*'
        $connected[0].Guest.MemorySize | Should -BeGreaterThan 100MB
        @($connected[0].Guest.Queues | Where-Object Enabled).Count | Should -BeGreaterOrEqual 2

        Set-Content "$folder/shares/two/go" 'go'
        $guest.Process.WaitForExit(60000) | Should -BeTrue
        $guest.Output.Result | Should -BeLike '*guest exit status 0*'
        Compare-Object (Get-ChildItem "$folder/shares/one" | Get-FileHash).Hash (Get-ChildItem "$folder/shares/two" | Get-FileHash).Hash | Should -BeNullOrEmpty
        (Get-ChildItem "$folder/shares/two").Count | Should -Be 100
        Wait-Until { (Get-VirtioFsShare -State Waiting).Count -eq 3 }
        Get-VirtioFsShare | Where-Object Reason | Should -BeNullOrEmpty
    }

    It 'loses its share at once when it is stopped with -Force, in the middle of its work' {
        $share = Start-VirtioFsShare "$folder/shares/one" -Socket "$folder/one"
        $guest = Start-Guest -Share $share -Script @'
mkdir -p /one
mount -t virtiofs one /one
while true; do
  dd if=/dev/zero of=/one/data bs=1M count=64 conv=fsync 2>/dev/null
  echo again >>/one/rounds
done
'@
        Wait-Until { Test-Path "$folder/shares/one/rounds" } -Seconds 120

        $time = Measure-Command { Stop-VirtioFsShare one -Force }

        $time.TotalSeconds | Should -BeLessThan 2
        Get-VirtioFsShare | Should -BeNullOrEmpty
        "$folder/one" | Should -Not -Exist
        { [IO.File]::Open("$folder/shares/one/data", 'Open', 'ReadWrite', 'None').Dispose() } | Should -Not -Throw
    }
}
