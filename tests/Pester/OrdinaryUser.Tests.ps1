BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    # Runs a script in a PowerShell that is no root's. A copy of the module lies where everybody may read it.
    function Invoke-OrdinaryPowerShell {
        param([scriptblock] $Script, [string] $RuntimeFolder)
        $text = "`$ErrorActionPreference = 'Stop'; Import-Module '$folder/VirtioFs'`n$Script"
        $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))
        $variables = @("HOME=$folder/home")
        if ($RuntimeFolder) {
            $variables += "XDG_RUNTIME_DIR=$RuntimeFolder"
        }
        $become = if ([Environment]::IsPrivilegedProcess) { 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups' } else { @() }
        $command = @($become; 'env'; '--unset=XDG_RUNTIME_DIR'; $variables; (Get-Process -Id $PID).Path; '-NoProfile', '-NonInteractive', '-EncodedCommand', $encoded)
        & $command[0] $command[1..($command.Count - 1)] 2>&1
    }

    $folder = New-TestFolder -Directory home, run, srv
    Copy-Item (Split-Path $ModuleManifest) $folder -Recurse
    if ([Environment]::IsPrivilegedProcess) {
        chmod -R a+rX $folder
        chown -R 65534:65534 "$folder/home" "$folder/run" "$folder/srv"
    }
    $usable = "$(Invoke-OrdinaryPowerShell { 'usable' })" -eq 'usable'
}

AfterAll {
    Clear-Test $folder
}

Describe 'An ordinary user' {
    BeforeEach {
        if (-not $usable) {
            Set-ItResult -Skipped -Because 'this PowerShell cannot be started as another user here'
        }
        Remove-Item "$folder/run/*" -Recurse -Force
    }

    It 'shares a directory, on a socket in a folder that is for this user alone' {
        $output = Invoke-OrdinaryPowerShell -RuntimeFolder "$folder/run" ([scriptblock]::Create(
                "`$share = Start-VirtioFsShare '$folder/srv'; `$share.Socket, `$share.State, (stat -c %a (Split-Path `$share.Socket)), (stat -c %a `$share.Socket)"))
        $output | Should -Be "$folder/run/virtiofs/srv.sock", 'Waiting', '700', '600'
    }

    It 'is told to name a socket where no folder for it is known' {
        $output = Invoke-OrdinaryPowerShell ([scriptblock]::Create(
                "Start-VirtioFsShare '$folder/srv' -ErrorVariable failure -ErrorAction SilentlyContinue; `$failure.FullyQualifiedErrorId"))
        $output | Should -Be 'NoSocketFolder,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
    }

    It 'is kept from a folder for sockets that others can write to' {
        $null = [IO.Directory]::CreateDirectory("$folder/run/virtiofs")
        chmod 777 "$folder/run/virtiofs"
        $output = Invoke-OrdinaryPowerShell -RuntimeFolder "$folder/run" ([scriptblock]::Create(
                "Start-VirtioFsShare '$folder/srv' -ErrorVariable failure -ErrorAction SilentlyContinue; `$failure.FullyQualifiedErrorId"))
        $output | Should -Be 'SocketFolderUnsafe,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
    }

    It 'is told of missing rights as <id>: <case>' -ForEach @(
        @{ case = 'a socket where only root may make one'; arguments = "'<folder>/srv' -Socket /vfs-test.sock"; id = 'PermissionDenied' }
        @{ case = 'a group that the user is not in'; arguments = "'<folder>/srv' -Socket '<folder>/run/s' -SocketGroup root"; id = 'PermissionDenied' }
    ) {
        $code = "Start-VirtioFsShare $arguments -ErrorVariable failure -ErrorAction SilentlyContinue; `$failure.FullyQualifiedErrorId".Replace('<folder>', $folder)
        $output = Invoke-OrdinaryPowerShell ([scriptblock]::Create($code))
        $output | Should -Be "$id,VirtioFs.Cmdlets.StartVirtioFsShareCommand"
        "$folder/run/s" | Should -Not -Exist
    }
    It 'is warned that the guest will see nothing of a directory that the user cannot read' {
        if (-not [Environment]::IsPrivilegedProcess) {
            Set-ItResult -Skipped -Because 'only root can make a directory that another user cannot read'
        }
        $null = [IO.Directory]::CreateDirectory("$folder/closed")
        chmod 700 "$folder/closed"
        $output = Invoke-OrdinaryPowerShell ([scriptblock]::Create(
                "`$null = Start-VirtioFsShare '$folder/closed' -Socket '$folder/run/s' -WarningVariable warning -WarningAction SilentlyContinue; `$warning.Message"))
        $output | Should -BeLike "The guest cannot list '$folder/closed'*"
    }
}
