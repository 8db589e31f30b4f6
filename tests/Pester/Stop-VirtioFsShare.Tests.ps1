BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Stop-VirtioFsShare' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $one = Start-VirtioFsShare "$folder/srv" -Tag one -Socket "$folder/1"
        $two = Start-VirtioFsShare "$folder/srv" -Tag two -Socket "$folder/2"
        $client = $null
    }

    AfterEach {
        if ($client) {
            $client.Dispose()
        }
        Clear-Test $folder
    }

    It 'stops what Get-VirtioFsShare gives, and emits nothing' {
        Get-VirtioFsShare | Stop-VirtioFsShare | Should -BeNullOrEmpty
        Get-VirtioFsShare | Should -BeNullOrEmpty
        $one.Socket | Should -Not -Exist
    }

    It 'stops by tag, by wildcards, by id and by object' {
        Stop-VirtioFsShare one
        (Get-VirtioFsShare).Tag | Should -Be two
        Stop-VirtioFsShare -Id $two.Id
        Get-VirtioFsShare | Should -BeNullOrEmpty
        $three = Start-VirtioFsShare "$folder/srv" -Tag three -Socket "$folder/3"
        Stop-VirtioFsShare -Tag THR*
        $three.Socket | Should -Not -Exist
        $four = Start-VirtioFsShare "$folder/srv" -Tag four -Socket "$folder/4"
        Stop-VirtioFsShare -InputObject $four
        Get-VirtioFsShare | Should -BeNullOrEmpty
    }

    It 'emits what it stopped with -PassThru' {
        $stopped = Get-VirtioFsShare | Stop-VirtioFsShare -PassThru
        $stopped.Tag | Should -Be one, two
        $stopped.State | Should -Be Stopped, Stopped
    }

    It 'stops nothing with -WhatIf, also when a guest is connected' {
        $client = Connect-FrontEnd $one.Socket
        Wait-Until { (Get-VirtioFsShare one).State -eq 'Connected' }
        Get-VirtioFsShare | Stop-VirtioFsShare -WhatIf
        (Get-VirtioFsShare).Count | Should -Be 2
    }

    It 'passes over an object whose share was stopped already' {
        Stop-VirtioFsShare one
        $one | Stop-VirtioFsShare -ErrorAction Stop -PassThru | Should -BeNullOrEmpty
    }

    It 'reports a tag or id that no share has, and stops the others' {
        Stop-VirtioFsShare none, one -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'ShareNotFound,VirtioFs.Cmdlets.StopVirtioFsShareCommand'
        (Get-VirtioFsShare).Tag | Should -Be two
        Stop-VirtioFsShare -Id 999999 -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'ShareNotFound,VirtioFs.Cmdlets.StopVirtioFsShareCommand'
    }

    Context 'A guest is connected' {
        BeforeEach {
            $client = Connect-FrontEnd $one.Socket
            Wait-Until { (Get-VirtioFsShare one).State -eq 'Connected' }
        }

        It 'stops with -Force, and disconnects the guest' {
            Stop-VirtioFsShare one -Force
            (Get-VirtioFsShare).Tag | Should -Be two
            $client.ReceiveTimeout = 5000
            $client.Receive([byte[]]::new(1)) | Should -Be 0
        }

        It 'stops with -Confirm:$false' {
            Stop-VirtioFsShare one -Confirm:$false
            (Get-VirtioFsShare).Tag | Should -Be two
        }

        It 'stops where the user has switched confirmation off' {
            $ConfirmPreference = 'None'
            Stop-VirtioFsShare one
            (Get-VirtioFsShare).Tag | Should -Be two
        }

        It 'is an error in a session that cannot ask, and stops the others' {
            $script = @'
$folder = [IO.Directory]::CreateTempSubdirectory('vfs-').FullName
$share = Start-VirtioFsShare $folder -Tag one -Socket "$folder/1"
$null = Start-VirtioFsShare $folder -Tag two -Socket "$folder/2"
$client = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
$client.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new($share.Socket))
while ((Get-VirtioFsShare one).State -ne 'Connected') { Start-Sleep -Milliseconds 20 }
Get-VirtioFsShare | Stop-VirtioFsShare -ErrorVariable failure -ErrorAction SilentlyContinue
$failure.FullyQualifiedErrorId
(Get-VirtioFsShare).Tag
'@
            (Invoke-FreshPowerShell ([scriptblock]::Create($script))).Output |
                Should -Be 'GuestConnected,VirtioFs.Cmdlets.StopVirtioFsShareCommand', 'one'
        }

        It 'asks where it can, and obeys <answer>' -ForEach @(
            @{ answer = 'yes'; choice = 0; left = @('two') }
            @{ answer = 'no'; choice = 2; left = @('one', 'two') }
        ) {
            # A host that always gives the same answer, in a runspace of its own.
            if (-not ('VirtioFsTest.AnsweringHost' -as [type])) {
                Add-Type -Path "$PSScriptRoot/AnsweringHost.cs"
            }
            $testHost = [VirtioFsTest.AnsweringHost]::new($choice)
            $runspace = [runspacefactory]::CreateRunspace($testHost)
            $runspace.Open()
            try {
                $shell = [powershell]::Create($runspace).AddScript("Import-Module '$ModuleManifest'; Stop-VirtioFsShare one")
                $null = $shell.Invoke()
                $shell.Streams.Error | Should -BeNullOrEmpty
                $testHost.Question | Should -BeLike '*connected*one*'
                (Get-VirtioFsShare).Tag | Should -Be $left
            } finally {
                $runspace.Dispose()
            }
        }
    }
}
