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

    It 'offers shares as what gets them, for <_>' -ForEach 'Add-VMFileSystem d -Share ', 'ConvertTo-QemuArgument -Share ', 'ConvertTo-CloudHypervisorArgument -Share ', 'Add-CloudHypervisorFileSystem /api -Share ' {
        $offered = Get-Completion $_
        $offered.ListItemText | Should -Be db, "we're [x]", web
        (Invoke-Expression $offered[0].CompletionText).Id | Should -Be $db.Id
        (Invoke-Expression $offered[1].CompletionText).Id | Should -Be $odd.Id
        (Get-Completion "${_}w").ListItemText | Should -Be "we're [x]", web
    }

    It 'offers sizes of queues, for <_>' -ForEach 'Start-VirtioFsShare -QueueSize ', 'Add-VMFileSystem d -QueueSize ', 'ConvertTo-QemuArgument -QueueSize ' {
        (Get-Completion $_).CompletionText | Should -Be 128, 256, 512, 1024
    }

    It 'offers rules for ids that can be used as they are, and says what they mean: -<_>' -ForEach 'UserIdMap', 'GroupIdMap' {
        $offered = Get-Completion "Start-VirtioFsShare -$_ "
        foreach ($rule in $offered) {
            $arguments = @{ $_ = Invoke-Expression $rule.CompletionText }
            Start-VirtioFsShare "$folder/srv" -Tag rule -Socket "$folder/rule" @arguments -ErrorAction Stop | Stop-VirtioFsShare
            $rule.ToolTip | Should -Match 'guest'
        }
        (Get-Completion "Start-VirtioFsShare -$_ map:0:1").Count | Should -BeGreaterOrEqual 1
    }

    It 'offers the name of the directory as the tag of a new share' {
        (Get-Completion "Start-VirtioFsShare $folder/srv -Tag ").CompletionText | Should -Be srv
    }

    It 'offers tags for <_>' -ForEach 'New-VirtioFsMount ', 'New-VirtioFsMount -Tag ' {
        (Get-Completion $_).ListItemText | Should -Be db, "we're [x]", web
    }

    It 'offers the groups of the host' {
        (Get-Completion 'Start-VirtioFsShare -SocketGroup roo').CompletionText | Should -Be root
    }

    It 'offers nothing when there is nothing' {
        (Get-Completion 'Get-VirtioFsShare -Id 999').CompletionText | Should -Not -Contain '999'
    }
}
