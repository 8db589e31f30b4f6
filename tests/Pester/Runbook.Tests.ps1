# docs/runbook.md, block by block, on libvirt's test driver and with guests that tests/Frontend plays. A second run changes nothing.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/State.ps1"
    $script:hasLibvirt = $true
    try { $null = Get-VMDomain test -Connection test:///default -ErrorAction Stop } catch { $script:hasLibvirt = $false }
}

Describe 'The runbook' {
    BeforeEach {
        if (-not $hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed' }
        # Whatever another test has left.
        Remove-World
        $former = $env:VIRTIOFS_RUNTIME_DIRECTORY, $env:XDG_RUNTIME_DIR
        $folder = New-TestFolder -Directory etc
        $run = New-TestFolder
        $env:VIRTIOFS_RUNTIME_DIRECTORY = "$run/detached"
        $env:XDG_RUNTIME_DIR = $run
        Set-Content "$folder/etc/qemu.conf" '#memory_backing_dir = "/x"'
        Set-Item function:cloud-localds { Copy-Item $args[1] $args[0] }
        # Root's sockets lie in a folder of the host's.
        $unique = [guid]::NewGuid().ToString('n').Substring(0, 6)
        $blocks = [regex]::Matches([IO.File]::ReadAllText("$PSScriptRoot/../../docs/runbook.md"), '(?s)```powershell\n(.*?)```') | ForEach-Object {
            $_.Groups[1].Value.Replace('qemu:///system', 'test:///default').Replace('/srv/guests', "$folder/guests").Replace('/etc/libvirt', "$folder/etc").
            Replace("type='kvm'", "type='test'") -replace '\b(web01|web02|db01)\b', "`${1}$unique"
        }
        $prepare, $verify, $remove = $blocks | ForEach-Object { [scriptblock]::Create($_) }
        $clients = @()
    }

    AfterEach {
        $clients | ForEach-Object Dispose
        if ($hasLibvirt) { Remove-World }
        $env:VIRTIOFS_RUNTIME_DIRECTORY, $env:XDG_RUNTIME_DIR = $former
        if ($folder) { Remove-Item -LiteralPath $folder, $run -Recurse -Force }
    }

    It 'has three blocks, and about fifty lines' {
        $blocks.Count | Should -Be 3
        ($blocks -split "`n" | Where-Object { $_.Trim() }).Count | Should -BeLessOrEqual 60
    }

    It 'makes what it says, changes nothing the second time, mends what is missing, and leaves nothing but the files' {
        . $prepare
        $shares = Get-VirtioFsShare
        $shares.Tag | Sort-Object | Should -Be "db01$unique-data", "web01$unique-site", "web02$unique-site"
        $shares.Detached | Should -Be $true, $true, $true
        ($shares | Where-Object Tag -Like web*).ReadOnly | Should -Be $true, $true
        foreach ($share in $shares) {
            (Get-VMDomain $share.Domain @libvirt).State | Should -Be Running
            (Get-VMFileSystem $share.Domain $share.Tag @libvirt).Socket | Should -Be $share.Socket
        }
        Get-Content "$folder/etc/qemu.conf" | Should -Contain 'memory_backing_dir = "/dev/shm"'
        Get-Content "$folder/guests/seed/db01$unique.iso" -Raw | Should -BeLike "*db01$unique-data*/srv/data*virtiofs*"
        $clients = @($shares | ForEach-Object { Connect-Guest $_.Socket })
        $shown = . $verify | Out-String
        $shares.Tag | ForEach-Object { $shown | Should -BeLike "*$_*" }

        $before = Get-World $folder
        . $prepare
        $null = . $verify
        Compare-World $before (Get-World $folder) | Should -BeNullOrEmpty

        $share = Get-VirtioFsShare "web01$unique-site"
        Stop-VirtioFsShare $share.Tag -Force
        . $prepare
        $after = Get-World $folder
        Compare-World $before $after | Where-Object { $_ -notlike "*web01$unique-site*" } | Should -BeNullOrEmpty
        (Get-VirtioFsShare $share.Tag).Socket | Should -Be $share.Socket

        . $remove
        Get-VirtioFsShare | Should -BeNullOrEmpty
        (Get-VMDomain @libvirt).Name | Should -Be test
        $shares.Socket | ForEach-Object { $_ | Should -Not -Exist }
        "$folder/guests/data" | Should -Exist
        "$folder/guests/seed" | Should -Not -Exist
        $gone = Get-World $folder
        . $remove
        Compare-World $gone (Get-World $folder) | Should -BeNullOrEmpty
    }
}
