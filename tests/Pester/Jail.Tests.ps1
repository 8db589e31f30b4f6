BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    # What the kernel says of the threads of this process that have a name.
    function Get-ThreadStatus {
        param([string] $Name)
        foreach ($task in Get-ChildItem /proc/self/task -Directory) {
            $status = Get-Content "$task/status" -ErrorAction Ignore
            if ($status -match "^Name:\s+$Name$") {
                [pscustomobject]@{
                    NoNewPrivileges = ($status -match '^NoNewPrivs:') -replace '\D'
                    Seccomp = ($status -match '^Seccomp:') -replace '\D'
                }
            }
        }
    }
}

Describe 'The jail of a share''s threads' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $srv = Join-Path $folder srv
        $socket = Join-Path $folder vfs
    }

    AfterEach {
        Clear-Test $folder
    }

    It 'is named by its layers' {
        $null = Start-VirtioFsShare $srv -Socket $socket
        (Get-VirtioFsShare | Select-Object Jail).Jail | Should -Match '^(Landlock \d+, )?(Seccomp, )?Capabilities, NoNewPrivileges$'
    }

    It 'is not there where none is wanted' {
        (Start-VirtioFsShare $srv -Socket $socket -Jail None).Jail | Should -Be 'None'
    }

    It 'can be required' {
        $share = Start-VirtioFsShare $srv -Socket $socket -Jail Required -ErrorAction SilentlyContinue -ErrorVariable failed
        if ($failed) {
            $failed[0].FullyQualifiedErrorId | Should -BeLike 'JailIncomplete,*'
        } else {
            $share.Jail | Should -Match '^Landlock \d+, Seccomp, Capabilities, NoNewPrivileges$'
        }
    }

    It 'is wanted again where a share is started again from its object, or from a text of it' {
        $none = Start-VirtioFsShare $srv -Socket $socket -Jail None
        $text = $none | ConvertTo-Csv
        $none | Stop-VirtioFsShare
        ($text | ConvertFrom-Csv | Start-VirtioFsShare).JailMode | Should -Be 'None'
        Get-VirtioFsShare | Stop-VirtioFsShare
        $any = Start-VirtioFsShare $srv -Socket $socket
        $text = $any | ConvertTo-Csv
        $any | Stop-VirtioFsShare
        ($text | ConvertFrom-Csv | Start-VirtioFsShare).Jail | Should -Be $any.Jail
    }

    It 'leaves the shell as it is, during and after' {
        $null = Start-VirtioFsShare $srv -Socket $socket
        Get-ThreadStatus 'vfs\d+-control' | ForEach-Object { $_.Seccomp, $_.NoNewPrivileges } | Select-Object -Unique | Should -Be '0'
        Get-VirtioFsShare | Stop-VirtioFsShare
        (Get-Content /proc/self/status) -match '^(NoNewPrivs|Seccomp):' -replace '\D' | Should -Be '0', '0'
        Get-Content /etc/passwd | Should -Not -BeNullOrEmpty
        /bin/true
        $LASTEXITCODE | Should -Be 0
    }
}
