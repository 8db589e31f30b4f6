BeforeDiscovery {
    . "$PSScriptRoot/Common.ps1"
    $common = [Management.Automation.Cmdlet]::CommonParameters + [Management.Automation.Cmdlet]::OptionalCommonParameters
    # Where the share lies is not an option that a value of the table could be tried for.
    $placed = 'Path', 'LiteralPath', 'InputObject', 'Tag', 'Socket', 'Domain', 'Connection'
    $needs = @{ AllowMmap = @{ Cache = 'Never' } }
    $rows = foreach ($option in [VirtioFs.DeviceEngine.Options.ShareOptionTable]::All | Where-Object { $_.Parameter -and $_.Parameter -notin $placed }) {
        $value = if ($option.Kind -eq 'Switch') { $true } else { $option.Example }
        @{ name = $option.Parameter; value = $value; also = $needs[$option.Parameter] ?? @{} }
    }
    $ways = 'CSV', 'JSON', 'Clixml', 'psd1', 'a job'
    $trips = foreach ($way in $ways) {
        foreach ($row in $rows) {
            $row + @{ way = $way }
        }
    }
    $switches = $rows | Where-Object { $_.value -is [bool] }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $common = [Management.Automation.Cmdlet]::CommonParameters + [Management.Automation.Cmdlet]::OptionalCommonParameters
    $table = [VirtioFs.DeviceEngine.Options.ShareOptionTable]::All

    # What a share is after it has been written down and read again.
    function ConvertTo-Traveller {
        param($Share, [string] $Way)
        switch ($Way) {
            'CSV' { $Share | Export-Csv "$folder/shares.csv"; Import-Csv "$folder/shares.csv" }
            'JSON' { $Share | ConvertTo-Json -Depth 5 | ConvertFrom-Json }
            'Clixml' { $Share | Export-Clixml "$folder/shares.xml"; Import-Clixml "$folder/shares.xml" }
            'psd1' {
                $lines = $Share.psobject.Properties | Where-Object { $_.Name -notin 'Guest', 'Started' } | ForEach-Object {
                    $text = switch ($_.Value) {
                        { $_ -is [bool] } { "`$$_".ToLowerInvariant() }
                        { $null -eq $_ } { '$null' }
                        { $_ -is [int] } { "$_" }
                        default { "'$_'" }
                    }
                    "    $($_.Name) = $text"
                }
                Set-Content "$folder/share.psd1" ('@{', ($lines -join "`n"), '}')
                [pscustomobject] (Import-PowerShellDataFile "$folder/share.psd1")
            }
            'a job' { [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($Share)) }
        }
    }
}

Describe 'A share that is written down and read again' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv, 'srv/a[1]'
        $place = @{ Path = "$folder/srv"; Socket = "$folder/vfs" }
    }

    AfterEach {
        Clear-Test $folder
    }

    It 'has each of its options in the table of options, under the name that the table says' {
        $ours = (Get-Command Start-VirtioFsShare).Parameters.Keys | Where-Object { $_ -notin $common + 'LiteralPath' + 'InputObject' + 'Domain' + 'Connection' + 'Detached' }
        $ours | Sort-Object | Should -Be ($table.Parameter | Where-Object { $_ } | Sort-Object)
    }

    It 'has the defaults of the table: -<name>' -ForEach $rows {
        $option = $table | Where-Object Parameter -EQ $name
        $share = Start-VirtioFsShare @place
        $default = switch ($share.$name) {
            { $_ -is [bool] } { if ($_ -xor $option.IsParameterInverse) { 'on' } else { 'off' } }
            { $_ -is [timespan] } { "$($_.TotalSeconds)" }
            $null { $null }
            default { "$_".ToLowerInvariant() }
        }
        if ($null -ne $default) { $default | Should -Be $option.Default } else { $option.Default | Should -Not -BeNullOrEmpty }
    }

    It 'takes a word that an option had before' {
        foreach ($word in 'Automatic', 'AUTOMATIC', 'auto') { (Start-VirtioFsShare @place -ReadDirectoryPlus $word).ReadDirectoryPlus | Should -Be Auto; Get-VirtioFsShare | Stop-VirtioFsShare }
        $share = [pscustomobject]($place + @{ ReadDirectoryPlus = 'Automatic' }) | Start-VirtioFsShare
        $share.ReadDirectoryPlus | Should -Be Auto
    }

    It 'keeps -<name> through <way>' -ForEach $trips {
        $arguments = @{ $name = $value } + $also
        $share = Start-VirtioFsShare @place @arguments
        (Start-VirtioFsShare -Path $place.Path -Tag other -Socket "$folder/other").$name | Should -Not -Be $share.$name -Because 'it is not the default'
        $traveller = ConvertTo-Traveller $share $way
        Get-VirtioFsShare | Stop-VirtioFsShare

        $again = $traveller | Start-VirtioFsShare -ErrorAction Stop

        foreach ($property in $share.psobject.Properties.Name | Where-Object { $_ -notin 'Id', 'Started', 'Guest' }) {
            "$($again.$property)" | Should -BeExactly "$($share.$property)" -Because $property
        }
    }

    It 'keeps -<name> in a process of its own' -ForEach ($rows | Where-Object name -NE Detached) {
        $arguments = @{ $name = $value } + $also
        $here = Start-VirtioFsShare @place @arguments -Tag here
        $there = Start-VirtioFsShare -Path $place.Path -Tag there -Socket "$folder/there" @arguments -Detached
        foreach ($property in $here.psobject.Properties.Name | Where-Object { $_ -notin 'Id', 'Tag', 'Socket', 'Started', 'Guest', 'Detached', 'ProcessId', 'Jail' }) {
            "$($there.$property)" | Should -BeExactly "$($here.$property)" -Because $property
        }
    }

    It 'has a process of its own again when it comes back through <_>' -ForEach $ways {
        $share = Start-VirtioFsShare @place -Tag x -ReadOnly -Cache Never -EntryTimeout 0.25 -SocketMode 0660 -UserIdMap 'map:0:1000:1', 'forbid-guest:5:10' -NoSubmount -QueueSize 256 -Detached
        $traveller = ConvertTo-Traveller $share $_
        Get-VirtioFsShare | Stop-VirtioFsShare
        $again = $traveller | Start-VirtioFsShare -ErrorAction Stop
        foreach ($property in $share.psobject.Properties.Name | Where-Object { $_ -notin 'Id', 'Started', 'Guest', 'ProcessId' }) {
            "$($again.$property)" | Should -BeExactly "$($share.$property)" -Because $property
        }
        $again.Detached, $again.UserIdMap | Should -Be $true, 'map:0:1000:1 forbid-guest:5:10'
        $again.ProcessId | Should -Not -BeIn $PID, $share.ProcessId
        # What comes back is no share that runs here: it stops nothing by its old number.
        { $traveller | Stop-VirtioFsShare -ErrorAction Stop } | Should -Throw
        (Get-VirtioFsShare x).State | Should -Be Waiting
    }

    It 'keeps all at once through a job of its own' {
        $job = Start-Job {
            Import-Module $using:ModuleManifest
            Start-VirtioFsShare "$using:folder/srv" -Socket "$using:folder/vfs" -ReadOnly -Cache Never -EntryTimeout 0.25 -SocketMode 0660 -UserIdMap 'map:0:1000:1', 'forbid-guest:5:10' -NoSubmount
            Get-VirtioFsShare | Stop-VirtioFsShare
        }
        $traveller = $job | Receive-Job -Wait -AutoRemoveJob
        $share = $traveller | Start-VirtioFsShare -ErrorAction Stop
        $share.ReadOnly, $share.Cache, $share.EntryTimeout.TotalSeconds, $share.SocketMode, $share.UserIdMap, $share.NoSubmount |
            Should -Be $true, 'Never', 0.25, '0660', 'map:0:1000:1 forbid-guest:5:10', $true
    }

    It 'is the very directory, also when its name has wildcard characters' {
        $share = Start-VirtioFsShare -LiteralPath "$folder/srv/a[1]" -Socket $place.Socket | Stop-VirtioFsShare -PassThru | ConvertTo-Csv | ConvertFrom-Csv | Start-VirtioFsShare
        $share.Path | Should -Be "$folder/srv/a[1]"
    }
}

Describe 'A table of shares' {
    BeforeEach {
        $folder = New-TestFolder -Directory srv
        $place = [ordered]@{ Path = "$folder/srv"; Socket = "$folder/vfs" }
    }

    AfterEach {
        Clear-Test $folder
    }

    It 'says "<word>" for a switch that is on' -ForEach 'True', 'TRUE', 'yes', 'Yes', '1', 'on', ' on ' {
        $share = [pscustomobject] ($place + @{ ReadOnly = $_ }) | Start-VirtioFsShare -ErrorAction Stop
        $share.ReadOnly | Should -BeTrue
    }

    It 'says "<_>" for a switch that is off or left out' -ForEach 'False', 'no', '0', 'OFF', '', $null {
        $share = [pscustomobject] ($place + @{ ReadOnly = $_ }) | Start-VirtioFsShare -ErrorAction Stop
        $share.ReadOnly | Should -BeFalse
    }

    It 'reads numbers for switches: <_>' -ForEach 1, 0 {
        ([pscustomobject] ($place + @{ ReadOnly = $_ }) | Start-VirtioFsShare -ErrorAction Stop).ReadOnly | Should -Be ([bool] $_)
    }

    It 'has words for each switch: -<name>' -ForEach $switches {
        $share = [pscustomobject] ($place + @{ $name = 'yes' } + $also) | Start-VirtioFsShare -ErrorAction Stop
        $share.$name | Should -BeTrue
    }

    It 'starts a share with all of its cells empty but the path' {
        $cells = [ordered]@{}
        (Get-Command Start-VirtioFsShare).Parameters.Values | Where-Object { $_.Attributes.ValueFromPipelineByPropertyName -contains $true } | ForEach-Object { $cells[$_.Name] = '' }
        $cells.Path = $place.Path
        $cells.Socket = $place.Socket
        [pscustomobject] $cells | Export-Csv "$folder/t.csv"
        (Import-Csv "$folder/t.csv" | Start-VirtioFsShare -ErrorAction Stop).Tag | Should -Be srv
    }

    It 'refuses the row, and no other, when a cell is not understood: <name> = <value>' -ForEach @(
        @{ name = 'ReadOnly'; value = 'perhaps' }
        @{ name = 'ReadOnly'; value = '2' }
        @{ name = 'Detached'; value = 'perhaps' }
        @{ name = 'Cache'; value = 'sometimes' }
        @{ name = 'Cache'; value = '17' }
        @{ name = 'UserIdMap'; value = 'map:0:1' }
        @{ name = 'UserIdMap'; value = 'System.Object[]' }
        @{ name = 'GroupIdMap'; value = 'VirtioFs.Fuse.Identity.IdRange' }
        @{ name = 'XattrMap'; value = 'nothing' }
        @{ name = 'EntryTimeout'; value = 'soon' }
        @{ name = 'QueueSize'; value = 'many' }
        @{ name = 'RequestQueues'; value = '0' }
        @{ name = 'OpenFileLimit'; value = '1.5' }
        @{ name = 'SocketMode'; value = '999' }
        @{ name = 'SocketGroup'; value = 'no such group' }
        @{ name = 'ReadOnyl'; value = 'True' }
        @{ name = 'Read-Only'; value = 'True' }
        @{ name = 'UidMap'; value = 'map:0:1000:1'; }
        @{ name = 'user_id_map'; value = 'map:0:1000:1' }
        @{ name = 'SocketModes'; value = '0600' }
        @{ name = 'Tags'; value = 'x' }
    ) {
        $bad = [pscustomobject] ($place + @{ $name = $value })
        $good = [pscustomobject] @{ Path = $place.Path; Tag = 'good'; Socket = "$folder/good"; Comment = 'ours'; Owner = 'me' }
        $share = $bad, $good | Start-VirtioFsShare -ErrorVariable failure -ErrorAction SilentlyContinue
        $share.Tag | Should -Be good
        $failure.Count | Should -BeGreaterOrEqual 1
        $failure[0].ToString() | Should -Match ([regex]::Escape("$value") + '|' + $name)
    }

    It 'refuses an option that its object has in a form that nobody knows' {
        $odd = [pscustomobject] ($place + @{ UserIdMap = [pscustomobject] @{ From = 0; To = 1000 } })
        $odd | Start-VirtioFsShare -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failure.Count | Should -BeGreaterOrEqual 1
    }

    It 'yields to what the command line says' {
        ([pscustomobject] ($place + @{ ReadOnly = 'no'; Tag = 'x' }) | Start-VirtioFsShare -ReadOnly -Tag y).Tag | Should -Be y
        (Get-VirtioFsShare).ReadOnly | Should -BeTrue
    }

    It 'needs a path' {
        [pscustomobject] @{ Tag = 'x' } | Start-VirtioFsShare -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure[0].FullyQualifiedErrorId | Should -Be 'PathMissing,VirtioFs.Cmdlets.StartVirtioFsShareCommand'
    }
}
