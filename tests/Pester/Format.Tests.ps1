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

    It 'shows why a share does not work, in a window of <_> columns' -ForEach 80, 120 {
        $lost = Start-VirtioFsShare "$folder/srv" -Tag lost -Socket "$folder/2"
        Remove-Item $lost.Socket
        $lost = Get-VirtioFsShare lost
        $lost.Reason | Should -BeLike "*$folder/2*vanished*"
        $text = $lost | Out-String -Width $_
        ($text -replace '\s+', '') | Should -BeLike ('*' + ($lost.Reason -replace '\s+', '') + '*')
        $text -split "`n" | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
        Stop-VirtioFsShare lost
    }

    It 'shows no names of the compiler, and no nothing in braces' {
        $client = Connect-FrontEnd $share.Socket
        try {
            Wait-Until { (Get-VirtioFsShare share).State -eq 'Connected' }
            $now = Get-VirtioFsShare share
            foreach ($value in $now, $now.Guest) {
                $text = $value, ($value | Format-List *), ($value | ConvertTo-Csv) | Out-String -Width 500
                $text | Should -Not -Match '<>|\{\$null\}|`\d\['
            }
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
