BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'Completion' {
    BeforeAll {
        $folder = New-TestFolder -Directory srv
        $web = Start-VirtioFsShare "$folder/srv" -Tag web -Socket "$folder/1"
        $odd = Start-VirtioFsShare "$folder/srv" -Tag "we're [x]" -Socket "$folder/2"
        $db = Start-VirtioFsShare "$folder/srv" -Tag db -Socket "$folder/3"
    }

    AfterAll {
        Clear-Test $folder
    }

    It 'offers the tags that there are, for <_>' -ForEach 'Get-VirtioFsShare ', 'Get-VirtioFsShare -Tag ', 'Stop-VirtioFsShare ', 'Stop-VirtioFsShare -Tag ' {
        (Get-Completion $_).ListItemText | Should -Be db, "we're [x]", web
    }

    It 'offers tags that begin as written, whatever the case' {
        (Get-Completion 'Get-VirtioFsShare D').CompletionText | Should -Be db
    }

    It 'offers tags that match a pattern' {
        (Get-Completion 'Get-VirtioFsShare *b').CompletionText | Should -Be db, web
    }

    It 'completes each tag of a list' {
        (Get-Completion 'Stop-VirtioFsShare db, w').ListItemText | Should -Be "we're [x]", web
    }

    It 'goes on with the quote that was begun' {
        (Get-Completion "Get-VirtioFsShare 'd").CompletionText | Should -Be "'db'"
        (Get-Completion 'Get-VirtioFsShare "d').CompletionText | Should -Be '"db"'
    }

    It 'quotes and escapes a tag so that it names its share: <_>' -ForEach 'Get-VirtioFsShare *x', "Get-VirtioFsShare '*x", 'Get-VirtioFsShare "*x' {
        $completed = (Get-Completion $_).CompletionText
        (Invoke-Expression "Get-VirtioFsShare $completed").Id | Should -Be $odd.Id
    }

    It 'says beside a tag which share it is' {
        (Get-Completion 'Get-VirtioFsShare d').ToolTip | Should -Be "Share $($db.Id): $folder/srv (Waiting)"
    }

    It 'offers the ids that there are, with their tags, for <_>' -ForEach 'Get-VirtioFsShare -Id ', 'Stop-VirtioFsShare -Id ' {
        $offered = Get-Completion $_
        $offered.CompletionText | Should -Be $web.Id, $odd.Id, $db.Id
        $offered[0].ToolTip | Should -Be "web: $folder/srv (Waiting)"
    }

    It 'offers states' {
        (Get-Completion 'Get-VirtioFsShare -State ').CompletionText | Should -Be Connected, Faulted, Stopped, Waiting
    }

    It 'offers modes for a socket, and says what they mean' {
        $offered = Get-Completion 'Start-VirtioFsShare -SocketMode '
        $offered.CompletionText | Should -Be 0600, 0660, 0666
        $offered[1].ToolTip | Should -BeLike '*group*'
    }

    It 'offers the groups of the host' {
        (Get-Completion 'Start-VirtioFsShare -SocketGroup roo').CompletionText | Should -Be root
    }

    It 'offers nothing when there is nothing' {
        (Get-Completion 'Get-VirtioFsShare -Id 999').CompletionText | Should -Not -Contain '999'
    }
}
