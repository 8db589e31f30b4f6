# The commands of the README, line by line in their order, on a stock domain of libvirt's test driver.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/State.ps1"
    $script:hasLibvirt = $true
    try { $null = Get-VMDomain test -Connection test:///default -ErrorAction Stop } catch { $script:hasLibvirt = $false }
}

Describe 'The tour of the README' {
    BeforeEach {
        if (-not $hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed' }
        # Whatever another test has left.
        Remove-World
        $former = $env:LIBVIRT_DEFAULT_URI, $env:XDG_RUNTIME_DIR
        $folder = New-TestFolder -Directory srv, srv/data, srv/more
        $env:LIBVIRT_DEFAULT_URI = 'test:///default'
        $env:XDG_RUNTIME_DIR = $folder
        # Names that no other run on this host has: root's sockets lie in a folder of the host's.
        $unique = [guid]::NewGuid().ToString('n').Substring(0, 6)
        "<domain type='test'><name>web01</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>" | Set-Content "$folder/web01.xml"
        $blocks = [regex]::Matches([IO.File]::ReadAllText("$PSScriptRoot/../../README.md"), '(?s)```powershell\n(.*?)```') | ForEach-Object { $_.Groups[1].Value.Trim() }
        Push-Location $folder
    }

    AfterEach {
        Pop-Location
        if ($hasLibvirt) { Remove-World }
        $env:LIBVIRT_DEFAULT_URI, $env:XDG_RUNTIME_DIR = $former
        if ($folder) { Remove-Item -LiteralPath $folder -Recurse -Force }
    }

    It 'runs' {
        $blocks.Count | Should -Be 2
        foreach ($line in $blocks -split "`n") {
            $line = $line.Replace('/tmp/vfs', "$folder/vfs").Replace('/srv', "$folder/srv") -replace '-Tag (data|more)\b', "-Tag `${1}$unique" -replace 'web01 more', "web01 more$unique"
            $ErrorActionPreference = 'Stop'
            $null = . ([scriptblock]::Create($line))
        }
        (Get-VirtioFsShare).Tag | Should -Be "data$unique", "more$unique"
        (Get-VMDomain web01).State | Should -Be Running
        (Get-VMFileSystem web01).Tag | Should -Be "data$unique"
    }
}
