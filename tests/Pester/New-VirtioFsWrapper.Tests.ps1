BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'New-VirtioFsWrapper' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
    }

    AfterEach {
        Remove-Item -LiteralPath $folder -Recurse
    }

    It 'writes what our own executable takes: all of its options at once' {
        $options = @{
            InodeFileHandles = 'mandatory'; AnnounceSubmounts = $true; AllowDirectIO = $true; PosixAcl = $true; SecurityLabel = $true
            Writeback = $true; XattrMap = ':map::user.virtiofs.:'; Option = '--thread-pool-size=16', '--log-level=warn', '-o', 'posix_lock,flock'
        }
        $wrapper = New-VirtioFsWrapper "$folder/w.sh" @options
        & $wrapper.FullName --print-capabilities | ConvertFrom-Json | ForEach-Object type | Should -Be fs
        $program = Start-Process $wrapper.FullName "--shared-dir $folder/srv --socket-path $folder/s" -PassThru -RedirectStandardError "$folder/errors"
        try {
            Wait-Until { (Test-Path "$folder/s") -or $program.HasExited } -Seconds 30
            $program.HasExited | Should -BeFalse -Because (Get-Content -Raw "$folder/errors")
        } finally {
            Stop-Process -InputObject $program
            $program.WaitForExit()
        }
    }

    It 'refuses for our own executable what that would refuse: <_>' -ForEach '--nonsense', '--cache=sometimes', '-onothing' {
        New-VirtioFsWrapper "$folder/w.sh" -Option $_ -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failure[0].FullyQualifiedErrorId | Should -Be 'InvalidValue,VirtioFs.Cmdlets.NewVirtioFsWrapperCommand'
        "$folder/w.sh" | Should -Not -Exist
    }

    It 'refuses options that exclude each other' {
        New-VirtioFsWrapper "$folder/w.sh" -Writeback -Option --cache=never -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].ToString() | Should -BeLike '*Writeback*'
    }

    It 'leaves another daemon its own options' {
        (New-VirtioFsWrapper "$folder/w.sh" /bin/echo -Option --theirs).FullName | Should -Exist
    }
}
