BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Start-VirtioFsShare' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv, other, 'a[1]'
        $srv = Join-Path $folder srv
        $socket = Join-Path $folder vfs
    }

    AfterEach {
        Clear-Test $folder
    }

    Context 'What is shared' {
        It 'shares a directory under a tag on a socket' {
            $share = Start-VirtioFsShare -Path $srv -Tag share -Socket $socket
            $share.Path | Should -Be $srv
            $share.Tag | Should -Be share
            $share.Socket | Should -Be $socket
            $share.State | Should -Be Waiting
            $share.Started | Should -BeGreaterThan ([DateTimeOffset]::Now.AddMinutes(-1))
            $socket | Should -Exist
        }

        It 'emits one share of the documented type' {
            $output = @(Start-VirtioFsShare $srv -Socket $socket)
            $output.Count | Should -Be 1
            $output[0] | Should -BeOfType VirtioFs.Cmdlets.VirtioFsShareInfo
        }

        It 'takes path, tag and socket by position' {
            $share = Start-VirtioFsShare $srv share $socket
            $share.Path, $share.Tag, $share.Socket | Should -Be $srv, share, $socket
        }

        It 'shares what Get-Item gives' {
            (Get-Item $srv | Start-VirtioFsShare -Tag x -Socket $socket).Path | Should -Be $srv
        }

        It 'shares what Get-ChildItem gives, each under its own name' {
            $env:XDG_RUNTIME_DIR, $before = $folder, $env:XDG_RUNTIME_DIR
            try {
                $shares = Get-ChildItem $folder -Directory | Where-Object Name -NE virtiofs | Start-VirtioFsShare
            } finally {
                $env:XDG_RUNTIME_DIR = $before
            }
            $shares.Tag | Sort-Object | Should -Be 'a[1]', other, srv
        }

        It 'takes a path as text from the pipeline' {
            ($srv | Start-VirtioFsShare -Socket $socket).Path | Should -Be $srv
        }

        It 'takes all that a record of a file has' {
            $record = [pscustomobject]@{ Path = $srv; Tag = 'csv'; Socket = $socket; SocketMode = '0666'; RequestQueues = '2'; QueueSize = '256' }
            $share = $record | Start-VirtioFsShare
            $share.Tag, $share.RequestQueues, $share.QueueSize | Should -Be csv, 2, 256
            [IO.File]::GetUnixFileMode($socket) | Should -Be ([IO.UnixFileMode] 'UserRead, UserWrite, GroupRead, GroupWrite, OtherRead, OtherWrite')
        }

        It 'names the share after its directory when it has no tag' {
            (Start-VirtioFsShare "$srv/" -Socket $socket).Tag | Should -Be srv
        }

        It 'starts a relative path and a relative socket at the location of the session, not of the process' {
            Push-Location $folder
            try {
                $share = Start-VirtioFsShare ./srv -Socket vfs
            } finally {
                Pop-Location
            }
            $share.Path, $share.Socket | Should -Be $srv, $socket
        }

        It 'resolves a drive of PowerShell' {
            $null = New-PSDrive -Name VfsTest -PSProvider FileSystem -Root $folder
            try {
                $share = Start-VirtioFsShare VfsTest:/srv -Socket VfsTest:/vfs
            } finally {
                Remove-PSDrive VfsTest
            }
            $share.Path, $share.Socket | Should -Be $srv, $socket
        }

        It 'expands wildcards to directories only' {
            Set-Content (Join-Path $folder srv.txt) 'a file'
            (Start-VirtioFsShare (Join-Path $folder 's*') -Socket $socket).Path | Should -Be $srv
        }

        It 'takes wildcard characters as they are with -LiteralPath' {
            (Start-VirtioFsShare -LiteralPath (Join-Path $folder 'a[1]') -Socket $socket).Tag | Should -Be 'a[1]'
        }

        It 'takes an escaped path' {
            (Start-VirtioFsShare -Path (Join-Path $folder 'a`[1`]') -Socket $socket).Tag | Should -Be 'a[1]'
        }

        It 'gives each share an id of its own' {
            $first = Start-VirtioFsShare $srv -Tag one -Socket $socket
            $second = Start-VirtioFsShare $srv -Tag two -Socket "${socket}2"
            $second.Id | Should -BeGreaterThan $first.Id
        }
    }

    Context 'The socket' {
        It 'lies in the standard folder, which only its owner can write to' {
            $env:XDG_RUNTIME_DIR, $before = $folder, $env:XDG_RUNTIME_DIR
            try {
                $share = Start-VirtioFsShare $srv -Tag standard-place
            } finally {
                $env:XDG_RUNTIME_DIR = $before
            }
            $standard = if ([Environment]::IsPrivilegedProcess) { '/run/virtiofs' } else { "$folder/virtiofs" }
            $share.Socket | Should -Be "$standard/standard-place.sock"
            $share.Socket | Should -Exist
            [IO.File]::GetUnixFileMode($standard) -band [IO.UnixFileMode] 'GroupWrite, OtherWrite' | Should -Be 'None'
        }

        It 'has a name of its own even when the tag has a slash' {
            $env:XDG_RUNTIME_DIR, $before = $folder, $env:XDG_RUNTIME_DIR
            try {
                $share = Start-VirtioFsShare $srv -Tag ../srv
            } finally {
                $env:XDG_RUNTIME_DIR = $before
            }
            Split-Path -Leaf $share.Socket | Should -Be '..%2Fsrv.sock'
        }

        It 'is for its owner only when nothing else is said' {
            $null = Start-VirtioFsShare $srv -Socket $socket
            [IO.File]::GetUnixFileMode($socket) | Should -Be ([IO.UnixFileMode] 'UserRead, UserWrite')
        }

        It 'has the mode <mode>, given as <kind>' -ForEach @(
            @{ kind = 'text'; mode = '0660' }
            @{ kind = 'text without the zero'; mode = '660' }
            @{ kind = 'a number'; mode = 660 }
            @{ kind = "UnixFileMode"; mode = [IO.UnixFileMode] 'UserRead, UserWrite, GroupRead, GroupWrite' }
        ) {
            $null = Start-VirtioFsShare $srv -Socket $socket -SocketMode $mode
            [IO.File]::GetUnixFileMode($socket) | Should -Be ([IO.UnixFileMode] 'UserRead, UserWrite, GroupRead, GroupWrite')
        }

        It 'has the mode 0660 written as a bare number' {
            $null = Start-VirtioFsShare $srv -Socket $socket -SocketMode 0660
            [IO.File]::GetUnixFileMode($socket) | Should -Be ([IO.UnixFileMode] 'UserRead, UserWrite, GroupRead, GroupWrite')
        }

        It 'refuses <mode> as a mode, <reason>' -ForEach @(
            @{ mode = 432; reason = 'which is 0660 in decimal' }
            @{ mode = '999'; reason = 'which has no octal digits' }
            @{ mode = '0060'; reason = 'which lets no owner in' }
            @{ mode = '01777'; reason = 'which is more than permissions' }
            @{ mode = 'rw-rw----'; reason = 'which is no number' }
        ) {
            { Start-VirtioFsShare $srv -Socket $socket -SocketMode $mode } |
                Should -Throw -ErrorId 'ParameterArgumentTransformationError,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
            $socket | Should -Not -Exist
        }

        It 'has no mode of its own when the mode is empty' {
            $null = Start-VirtioFsShare $srv -Socket $socket -SocketMode ''
            [IO.File]::GetUnixFileMode($socket) | Should -Be ([IO.UnixFileMode] 'UserRead, UserWrite')
        }

        It 'is given to a group by <kind>' -ForEach @(
            @{ kind = 'name'; group = 'daemon' }
            @{ kind = 'number'; group = '1' }
        ) {
            if (-not [Environment]::IsPrivilegedProcess) {
                Set-ItResult -Skipped -Because 'only root may give a socket to any group'
            }
            $null = Start-VirtioFsShare $srv -Socket $socket -SocketGroup $group
            stat -c '%G %a' $socket | Should -Be 'daemon 660'
            (Get-VirtioFsShare).SocketGroup | Should -Be daemon
        }

        It 'replaces a socket that nobody listens on any more' {
            # A process that is killed leaves its socket.
            $null = Invoke-FreshPowerShell ([scriptblock]::Create("Start-VirtioFsShare '$srv' -Socket '$socket' | Out-Null; kill -s KILL `$PID"))
            $socket | Should -Exist
            (Start-VirtioFsShare $srv -Socket $socket).State | Should -Be Waiting
        }
    }

    Context 'The queues' {
        It 'offers as many request queues and entries as asked for' {
            $share = Start-VirtioFsShare $srv -Socket $socket -RequestQueues 4 -QueueSize 512
            $share.RequestQueues, $share.QueueSize | Should -Be 4, 512
        }

        It 'offers a queue size of 1024 by default' {
            (Start-VirtioFsShare $srv -Socket $socket).QueueSize | Should -Be 1024
        }

        It 'refuses <count> request queues' -ForEach @{ count = 0 }, @{ count = 65 } {
            { Start-VirtioFsShare $srv -Socket $socket -RequestQueues $count } |
                Should -Throw -ErrorId 'ParameterArgumentValidationError,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
        }
    }

    Context 'WhatIf and Confirm' {
        It 'starts nothing with -WhatIf' {
            Start-VirtioFsShare $srv -Socket $socket -WhatIf | Should -BeNullOrEmpty
            Get-VirtioFsShare | Should -BeNullOrEmpty
            $socket | Should -Not -Exist
        }

        It 'says with -WhatIf what would be shared, how and where' {
            $result = Invoke-FreshPowerShell ([scriptblock]::Create("Start-VirtioFsShare '$srv' -Tag t -Socket '$socket' -WhatIf"))
            "$($result.Output)" | Should -BeLike "*Share '$srv' as 't' on the socket '$socket'*"
        }

        It 'checks options with -WhatIf too' {
            Start-VirtioFsShare $srv -Socket $socket -QueueSize 1000 -WhatIf -ErrorVariable failure -ErrorAction SilentlyContinue
            $failure.Count | Should -Be 1
        }
    }

    Context 'Errors' {
        It 'reports <case> as <id>' -ForEach @(
            @{ case = 'a directory that does not exist'; id = 'DirectoryNotFound'; category = 'ObjectNotFound'; parameters = @{ Path = '<folder>/none' } }
            @{ case = 'a literal path that does not exist'; id = 'DirectoryNotFound'; category = 'ObjectNotFound'; parameters = @{ LiteralPath = '<folder>/s*' } }
            @{ case = 'a pattern that no directory matches'; id = 'NoDirectoryMatches'; category = 'ObjectNotFound'; parameters = @{ Path = '<folder>/f*' } }
            @{ case = 'one tag for many directories'; id = 'ManyDirectoriesOneName'; category = 'InvalidArgument'; parameters = @{ Path = '<folder>/*'; Tag = 'x' } }
            @{ case = 'one socket for many directories'; id = 'ManyDirectoriesOneName'; category = 'InvalidArgument'; parameters = @{ Path = '<folder>/*' } }
            @{ case = 'a path of another provider'; id = 'PathNotInFileSystem'; category = 'InvalidArgument'; parameters = @{ Path = 'Env:PATH' } }
            @{ case = 'a drive that does not exist'; id = 'PathNotResolved'; category = 'InvalidArgument'; parameters = @{ Path = 'NoDrive:/x' } }
            @{ case = 'a pattern on a drive that does not exist'; id = 'PathNotResolved'; category = 'InvalidArgument'; parameters = @{ Path = 'NoDrive:/x*' } }
            @{ case = 'a tag of 37 bytes'; id = 'InvalidTag'; category = 'InvalidArgument'; parameters = @{ Tag = "`u{e4}" * 18 + 'x' } }
            @{ case = 'a tag with a control character'; id = 'InvalidTag'; category = 'InvalidArgument'; parameters = @{ Tag = "a`nb" } }
            @{ case = 'the root directory without a tag'; id = 'InvalidTag'; category = 'InvalidArgument'; parameters = @{ Path = '/' } }
            @{ case = 'a queue size that is no power of two'; id = 'InvalidQueueSize'; category = 'InvalidArgument'; parameters = @{ QueueSize = 1000 } }
            @{ case = 'a socket path of 108 bytes'; id = 'InvalidSocketPath'; category = 'InvalidArgument'; parameters = @{ Socket = '/' + 's' * 107 } }
            @{ case = 'a socket in a folder that does not exist'; id = 'SocketFolderNotFound'; category = 'ObjectNotFound'; parameters = @{ Socket = '<folder>/none/vfs' } }
            @{ case = 'a file where the socket would be'; id = 'SocketPathTaken'; category = 'ResourceExists'; parameters = @{ Socket = '<folder>/file' } }
            @{ case = 'a group that does not exist'; id = 'GroupNotFound'; category = 'ObjectNotFound'; parameters = @{ SocketGroup = 'no such group' } }
        ) {
            Set-Content (Join-Path $folder file) 'a file'
            $arguments = @{ Socket = $socket }
            foreach ($name in $parameters.Keys) {
                $value = $parameters[$name]
                $arguments[$name] = if ($value -is [string]) { $value.Replace('<folder>', $folder) } else { $value }
            }
            if (-not ($arguments.ContainsKey('Path') -or $arguments.ContainsKey('LiteralPath'))) {
                $arguments.Path = $srv
            }

            $output = Start-VirtioFsShare @arguments -ErrorVariable failure -ErrorAction SilentlyContinue

            $output | Should -BeNullOrEmpty
            $failure.Count | Should -Be 1
            $failure[0].FullyQualifiedErrorId | Should -Be "$id,VirtioFs.Cmdlets.StartVirtioFsShareCommand"
            $failure[0].CategoryInfo.Category | Should -Be $category
            $failure[0].ToString() | Should -Match '\.$' -Because 'a person reads a sentence'
            $failure[0].ToString() | Should -Not -Match 'Parameter '''
            $failure[0].ErrorDetails.RecommendedAction | Should -Match '^[A-Z].*\.$' -Because 'a person is told what to do'
            Get-VirtioFsShare | Should -BeNullOrEmpty
        }

        It 'reports a tag that another share has, and which share that is' {
            $first = Start-VirtioFsShare $srv -Tag share -Socket $socket
            Start-VirtioFsShare (Join-Path $folder other) -Tag share -Socket "${socket}2" -ErrorVariable failure -ErrorAction SilentlyContinue
            $failure[0].FullyQualifiedErrorId | Should -Be 'ShareConflict,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
            $failure[0].ErrorDetails.RecommendedAction | Should -BeLike "*Stop-VirtioFsShare -Id $($first.Id).*"
            "${socket}2" | Should -Not -Exist
        }

        It 'reports a socket that another share has' {
            $null = Start-VirtioFsShare $srv -Tag one -Socket $socket
            Start-VirtioFsShare $srv -Tag two -Socket $socket -ErrorVariable failure -ErrorAction SilentlyContinue
            $failure[0].FullyQualifiedErrorId | Should -Be 'ShareConflict,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
        }

        It 'reports a socket on which another program listens, and leaves it alone' {
            $other = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            try {
                $other.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new($socket))
                $other.Listen()
                Start-VirtioFsShare $srv -Socket $socket -ErrorVariable failure -ErrorAction SilentlyContinue
                $failure[0].FullyQualifiedErrorId | Should -Be 'SocketPathTaken,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
                $socket | Should -Exist
            } finally {
                $other.Dispose()
            }
        }

        It 'goes on with the next directory after one that fails' {
            Push-Location $folder
            try {
                $shares = 'none', 'srv' | Start-VirtioFsShare -Socket $socket -ErrorVariable failure -ErrorAction SilentlyContinue
            } finally {
                Pop-Location
            }
            $shares.Tag | Should -Be srv
            $failure.Count | Should -Be 1
        }
    }
}
