BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Options of a share' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $srv = Join-Path $folder srv
        $socket = Join-Path $folder vfs
    }

    AfterEach {
        Clear-Test $folder
    }

    It 'reach the share: -<name>' -ForEach @(
        @{ name = 'ReadOnly'; value = $true }
        @{ name = 'Cache'; value = 'Never' }
        @{ name = 'Cache'; value = 'Metadata' }
        @{ name = 'Cache'; value = 'Always' }
        @{ name = 'AttributeTimeout'; value = [timespan] '00:00:05' }
        @{ name = 'EntryTimeout'; value = [timespan] '00:01:00' }
        @{ name = 'NegativeTimeout'; value = [timespan] '00:00:02' }
        @{ name = 'Writeback'; value = $true }
        @{ name = 'AllowDirectIo'; value = $true }
        @{ name = 'AllowMmap'; value = $true; also = @{ Cache = 'Never' } }
        @{ name = 'ReadDirectoryPlus'; value = 'On' }
        @{ name = 'ReadDirectoryPlus'; value = 'Off' }
        @{ name = 'PosixLock'; value = 'Guest' }
        @{ name = 'Flock'; value = 'None' }
        @{ name = 'NoExtendedAttribute'; value = $true }
        @{ name = 'XattrMap'; value = ':map::user.virtiofs.:' }
        @{ name = 'PosixAcl'; value = $true }
        @{ name = 'SecurityLabel'; value = $true }
        @{ name = 'UserIdMap'; value = 'map:0:1000:1', 'forbid-guest:5:10' }
        @{ name = 'GroupIdMap'; value = 'squash-guest:0:100:4294967295' }
        @{ name = 'NoKillPrivilege'; value = $true }
        @{ name = 'NoDeviceNode'; value = $true }
        @{ name = 'NoSetId'; value = $true }
        @{ name = 'NoTrustedAttribute'; value = $true }
        @{ name = 'NoSecurityAttribute'; value = $true }
        @{ name = 'PreserveNoAccessTime'; value = $true }
        @{ name = 'NoSubmount'; value = $true }
        @{ name = 'FileHandle'; value = 'Never' }
        @{ name = 'JailMode'; value = 'None' }
        @{ name = 'InodeDescriptorLimit'; value = 100 }
        @{ name = 'OpenFileLimit'; value = 50 }
        @{ name = 'InodeLimit'; value = 1000 }
        @{ name = 'LockLimit'; value = 1000 }
    ) {
        $arguments = @{ $name = $value }
        if ($also) {
            $arguments += $also
        }
        (Start-VirtioFsShare $srv -Socket $socket).$name -join ' ' | Should -Not -Be ($value -join ' ') -Because 'it is not the default'
        Get-VirtioFsShare | Stop-VirtioFsShare

        $share = Start-VirtioFsShare $srv -Socket $socket @arguments

        $share.$name -join ' ' | Should -Be ($value -join ' ')
    }

    It 'are all properties of the share, under the same names' {
        $ours = (Get-Command Start-VirtioFsShare).Parameters.Keys | Where-Object {
            $_ -notin [Management.Automation.Cmdlet]::CommonParameters + [Management.Automation.Cmdlet]::OptionalCommonParameters + 'LiteralPath' + 'InputObject'
        }
        $properties = (Start-VirtioFsShare $srv -Socket $socket).psobject.Properties.Name
        $ours | Where-Object { $_ -notin $properties } | Should -BeNullOrEmpty
    }

    It 'are the same when what was stopped is started again' {
        $options = @{
            Tag = 'again'; Socket = $socket; SocketMode = '0666'; RequestQueues = 3; QueueSize = 256; ReadOnly = $true; Cache = 'Never'
            AttributeTimeout = 7; NegativeTimeout = 0.5; AllowMmap = $true; ReadDirectoryPlus = 'On'; PosixLock = 'Guest'
            XattrMap = ':ok:all:::'; UserIdMap = 'map:0:1000:1', 'forbid-guest:5:10'; NoSubmount = $true; OpenFileLimit = 50
        }
        $first = Start-VirtioFsShare $srv @options
        $second = $first | Stop-VirtioFsShare -PassThru | Start-VirtioFsShare
        $properties = $first.psobject.Properties.Name | Where-Object { $_ -notin 'Id', 'Started' }
        $compared = $properties | ForEach-Object { "$_ = $($first.$_ -join ' ')" }
        $properties | ForEach-Object { "$_ = $($second.$_ -join ' ')" } | Should -Be $compared
        $second.Id | Should -Not -Be $first.Id
    }

    It 'are refused together where they exclude each other, under -WhatIf too' {
        { Start-VirtioFsShare $srv -Socket $socket -PosixAcl -NoExtendedAttribute -WhatIf -ErrorAction Stop } | Should -Throw '*PosixAcl*ExtendedAttributes*'
        Get-VirtioFsShare | Should -BeNullOrEmpty
    }

    It 'can be the defaults of a share that is started again' {
        (Start-VirtioFsShare $srv -Socket $socket | Stop-VirtioFsShare -PassThru | Start-VirtioFsShare -ErrorAction Stop).State | Should -Be Waiting
    }

    It 'take <value> as a time of <seconds> seconds' -ForEach @(
        @{ value = 5; seconds = 5 }
        @{ value = 0.25; seconds = 0.25 }
        @{ value = '5'; seconds = 5 }
        @{ value = '00:01:30'; seconds = 90 }
        @{ value = [timespan]::FromMinutes(2); seconds = 120 }
        @{ value = 0; seconds = 0 }
    ) {
        (Start-VirtioFsShare $srv -Socket $socket -EntryTimeout $value).EntryTimeout.TotalSeconds | Should -Be $seconds
    }

    It 'refuse what has no sense: -<name> <value>' -ForEach @(
        @{ name = 'EntryTimeout'; value = 'soon'; says = '*seconds*' }
        @{ name = 'EntryTimeout'; value = -1; says = '*seconds*' }
        @{ name = 'UserIdMap'; value = 'all:0:1:1'; says = "*does not begin with a known type*" }
        @{ name = 'GroupIdMap'; value = 'map:0:1'; says = '*map:FIRST:TARGET:COUNT*' }
        @{ name = 'XattrMap'; value = ':pass:all:::'; says = "*not a rule of an attribute map*" }
    ) {
        $arguments = @{ $name = $value }
        { Start-VirtioFsShare $srv -Socket $socket @arguments } |
            Should -Throw $says -ErrorId 'ParameterArgumentTransformationError,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
    }

    It 'refuse what does not go together: <parameters.Keys>' -ForEach @(
        @{ parameters = @{ PosixAcl = $true; NoExtendedAttribute = $true } }
        @{ parameters = @{ PosixAcl = $true; UserIdMap = 'map:0:1000:1' } }
        @{ parameters = @{ AllowMmap = $true; Cache = 'Always' } }
        @{ parameters = @{ Writeback = $true; Cache = 'Never' } }
        @{ parameters = @{ Writeback = $true; ReadOnly = $true } }
        @{ parameters = @{ UserIdMap = 'map:0:1000:1', 'map:0:2000:1' } }
        @{ parameters = @{ OpenFileLimit = 0 } }
        @{ parameters = @{ InodeLimit = 0 } }
        @{ parameters = @{ LockLimit = -1 } }
    ) {
        Start-VirtioFsShare $srv -Socket $socket @parameters -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failure[0].FullyQualifiedErrorId | Should -Be 'InvalidShareOption,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
        $failure[0].ToString() | Should -Match '\.$'
        $socket | Should -Not -Exist
    }

    It 'are completed where there is a choice: -<_>' -ForEach 'Cache', 'ReadDirectoryPlus', 'PosixLock', 'Flock', 'FileHandle', 'JailMode' {
        $values = [enum]::GetNames((Get-Command Start-VirtioFsShare).Parameters[$_].ParameterType)
        (Get-Completion "Start-VirtioFsShare -$_ ").CompletionText | Should -Be ($values | Sort-Object)
    }

    It 'can be a single file' {
        Set-Content "$srv/file.txt" 'a line'
        $share = Start-VirtioFsShare "$srv/file.txt" -Socket $socket
        $share.Tag | Should -Be file.txt
    }

    It 'cannot be a device' {
        Start-VirtioFsShare /dev/null -Socket $socket -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'NotADirectory,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
    }
}
