BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $folder = New-TestFolder
    $script:hasLibvirt = $true
    try { $null = Get-VMDomain test -Connection test:///default -ErrorAction Stop } catch { $script:hasLibvirt = $false }

    # A daemon that takes connections and never answers: the kernel accepts for a socket that listens.
    $silent = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
    $silent.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/silent"))
    $silent.Listen(100)
    $dead = "qemu+unix:///system?socket=$folder/silent"

    function Skip-WithoutLibvirt {
        if (-not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed' }
    }

    function Start-Hanging {
        [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
        param()
        $shell = [powershell]::Create().AddScript("Import-Module '$ModuleManifest'; Get-VMDomain -Connection '$dead'")
        $null = $shell.BeginInvoke()
        Wait-Until { $silent.Poll(0, 'SelectRead') } -Seconds 30
        $shell
    }
}

AfterAll {
    $silent.Dispose()
    Clear-Test $folder
}

Describe 'A daemon that does not answer' {
    It 'holds up nobody in another runspace and no completion, and the wait can be stopped' {
        Skip-WithoutLibvirt
        $hanging = Start-Hanging
        $clock = [Diagnostics.Stopwatch]::StartNew()
        (Get-VMDomain test -Connection test:///default).Name | Should -Be test
        (Get-Completion 'Get-VMDomain -Connection test:///default te').CompletionText | Should -Contain test
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 5
        $clock.Restart()
        Get-Completion "Get-VMDomain -Connection '$dead' te" | Out-Null
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 4
        Wait-Until { $hanging.Streams.Progress.Count -gt 0 }
        $hanging.Streams.Progress[0].Activity | Should -BeLike "*$dead*"
        $clock.Restart()
        $hanging.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 2
        $hanging.Dispose()
    }

    It 'is an error when the limit is reached' {
        Skip-WithoutLibvirt
        $env:VIRTIOFS_LIBVIRT_TIMEOUT = '0.5'
        try {
            { Get-VMDomain -Connection $dead -ErrorAction Stop } | Should -Throw -ErrorId 'LibvirtTimeout,*' -ExpectedMessage '*0.5 seconds*VIRTIOFS_LIBVIRT_TIMEOUT*'
        } finally {
            Remove-Item env:VIRTIOFS_LIBVIRT_TIMEOUT
        }
    }
}
