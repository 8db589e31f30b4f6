BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Formats' {
    BeforeAll {
        $folder = New-TestFolder -Directory srv
        $share = Start-VirtioFsShare "$folder/srv" -Tag share -Socket "$folder/1"
    }

    AfterAll {
        Clear-Test $folder
    }

    It 'shows a share as a row of id, tag, state, path, socket and guest' {
        $lines = ($share | Out-String -Width 200) -split "`n" | Where-Object { $_.Trim() }
        $lines[0].Trim() -split '\s+' | Should -Be Id, Tag, State, Path, Socket, Guest
        $lines[2].Trim() -split '\s+' | Should -Be "$($share.Id)", share, Waiting, "$folder/srv", "$folder/1"
    }

    It 'shows the process of a guest that is connected' {
        $client = Connect-FrontEnd $share.Socket
        try {
            Wait-Until { (Get-VirtioFsShare share).State -eq 'Connected' }
            Get-VirtioFsShare share | Out-String -Width 200 | Should -BeLike "*Connected*($PID)*"
            (Get-VirtioFsShare share).Guest | Out-String -Width 200 | Should -BeLike "*Process*Connected*Memory*($PID)*"
        } finally {
            $client.Dispose()
        }
        Wait-Until { (Get-VirtioFsShare share).State -eq 'Waiting' }
    }

    It 'shows what matters in a list' {
        $text = $share | Format-List | Out-String -Width 200
        foreach ($name in 'Id', 'Tag', 'State', 'Path', 'Socket', 'Guest', 'ReadOnly', 'Cache', 'RequestQueues', 'QueueSize', 'Started') {
            $text | Should -Match "(?m)^$name\s+:"
        }
    }
}
