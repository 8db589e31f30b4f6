BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Get-VirtioFsShare' {
    BeforeAll {
        $folder = New-TestFolder -Directory srv, data
        $web1 = Start-VirtioFsShare "$folder/srv" -Tag web1 -Socket "$folder/1"
        $web2 = Start-VirtioFsShare "$folder/srv" -Tag web2 -Socket "$folder/2"
        $odd = Start-VirtioFsShare "$folder/data" -Tag 'Odd [x]' -Socket "$folder/3"
    }

    AfterAll {
        Clear-Test $folder
    }

    It 'gets all shares, oldest first' {
        (Get-VirtioFsShare).Tag | Should -Be web1, web2, 'Odd [x]'
    }

    It 'gets a share by its tag' {
        (Get-VirtioFsShare web1).Id | Should -Be $web1.Id
        (Get-VirtioFsShare -Tag web2).Id | Should -Be $web2.Id
    }

    It 'gets shares by wildcards, whatever the case' {
        (Get-VirtioFsShare WEB*).Tag | Should -Be web1, web2
        (Get-VirtioFsShare 'web[2-9]', 'odd*').Tag | Should -Be web2, 'Odd [x]'
    }

    It 'gets a share once though two patterns match it' {
        (Get-VirtioFsShare web*, web1).Tag | Should -Be web1, web2
    }

    It 'gets a tag that has wildcard characters by its escaped form' {
        (Get-VirtioFsShare 'Odd `[x`]').Id | Should -Be $odd.Id
    }

    It 'takes tags from the pipeline' {
        ('web2', 'web1' | Get-VirtioFsShare).Tag | Should -Be web2, web1
    }

    It 'gets shares by their ids' {
        (Get-VirtioFsShare -Id $odd.Id, $web1.Id).Tag | Should -Be 'Odd [x]', web1
    }

    It 'finds the share of an earlier object' {
        $again = $web1 | Get-VirtioFsShare
        $again.Id | Should -Be $web1.Id
        [object]::ReferenceEquals($again, $web1) | Should -BeFalse
    }

    It 'selects by state' {
        (Get-VirtioFsShare -State Waiting).Count | Should -Be 3
        Get-VirtioFsShare -State Connected, Faulted | Should -BeNullOrEmpty
    }

    It 'selects by path, with wildcards' {
        (Get-VirtioFsShare -Path "$folder/data").Tag | Should -Be 'Odd [x]'
        (Get-VirtioFsShare -Path "$folder/s*/").Tag | Should -Be web1, web2
        (Get-VirtioFsShare web1 -Path "$folder/*").Tag | Should -Be web1
    }

    It 'selects by a path relative to the location of the session' {
        Push-Location $folder
        try {
            (Get-VirtioFsShare -Path ./data).Tag | Should -Be 'Odd [x]'
        } finally {
            Pop-Location
        }
    }

    It 'gets nothing for a pattern that no tag matches, without an error' {
        Get-VirtioFsShare none* -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'reports a tag or id that no share has' -ForEach @(
        @{ arguments = @{ Tag = 'none' } }
        @{ arguments = @{ Tag = 'WEB1' } }
        @{ arguments = @{ Id = 999999 } }
    ) {
        Get-VirtioFsShare @arguments -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failure[0].FullyQualifiedErrorId | Should -Be 'ShareNotFound,VirtioFs.Cmdlets.GetVirtioFsShareCommand'
        $failure[0].CategoryInfo.Category | Should -Be ObjectNotFound
    }

    It 'shows who is connected' {
        $client = Connect-FrontEnd $web1.Socket
        try {
            Wait-Until { (Get-VirtioFsShare web1).State -eq 'Connected' }
            $share = Get-VirtioFsShare -State Connected
            $share.Tag | Should -Be web1
            $share.Guest.ProcessId | Should -Be $PID
            "$($share.Guest)" | Should -Be "$($share.Guest.ProcessName) ($PID)"
            $share.Guest.Connected | Should -BeGreaterOrEqual $share.Started
        } finally {
            $client.Dispose()
        }
        Wait-Until { (Get-VirtioFsShare web1).State -eq 'Waiting' }
        (Get-VirtioFsShare web1).Guest | Should -BeNullOrEmpty
    }

    It 'emits snapshots: an object stays as it was' {
        $before = Get-VirtioFsShare web2
        $client = Connect-FrontEnd $before.Socket
        try {
            Wait-Until { (Get-VirtioFsShare web2).State -eq 'Connected' }
            $before.State | Should -Be Waiting
        } finally {
            $client.Dispose()
        }
        Wait-Until { (Get-VirtioFsShare web2).State -eq 'Waiting' }
    }

    It 'says why a front end that broke the protocol was sent away, and waits for the next' {
        $client = Connect-FrontEnd $odd.Socket
        try {
            $null = $client.Send([byte[]] (, 255 * 64))
            Wait-Until { (Get-VirtioFsShare -Id $odd.Id).Reason }
            Wait-Until { (Get-VirtioFsShare -Id $odd.Id).State -eq 'Waiting' }
        } finally {
            $client.Dispose()
        }
        (Get-VirtioFsShare -Id $odd.Id).Reason | Should -Match '\.$'
    }
}
