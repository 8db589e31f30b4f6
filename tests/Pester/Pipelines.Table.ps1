# Which object goes into which cmdlet. A pair that the table does not have is refused.
#   Changes   what differs afterwards, as State.ps1 calls it
#   Check     what the output is; $_ is the output, $object what was piped
#   a text    the id of the error by which the cmdlet itself refuses

# A share with a guest that has a file open.
function Connect-TableGuest {
    if ($script:guest) { $script:guest.Dispose() }
    $share = Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/data.sock"
    $script:guest = Connect-Guest $share.Socket
    $null = $script:guest.Create('file')
}

# What a watch gives of a lookup that is made meanwhile.
function Get-TableOperation {
    $lookup = [PowerShell]::Create()
    try {
        $null = $lookup.AddScript({ param($guest) 1..100 | ForEach-Object { $null = $guest.Look('file'); Start-Sleep -Milliseconds 20 } }).AddArgument($script:guest).BeginInvoke()
        Watch-VirtioFsShare data -Operation Lookup | Select-Object -First 1
    } finally {
        $lookup.Stop()
        $lookup.Dispose()
    }
}

# The types that the module emits, and one object of each; of a domain one from each place.
$script:PipedKinds = [ordered]@{
    'domain of libvirt'    = @{ Type = 'VMDomain'; Make = { Get-VMDomain web01 @test } }
    'domain of a file'     = @{ Type = 'VMDomain'; Make = { Get-VMDomain -Path "$folder/web01.xml" } }
    'domain of a text'     = @{ Type = 'VMDomain'; Make = { '<domain type="test"><name>data</name><memory>1024</memory><os><type>hvm</type></os></domain>' | Get-VMDomain } }
    'file system'          = @{ Type = 'VMFileSystem'; Make = { Get-VMFileSystem web01 share @test } }
    'file system of a file' = @{ Type = 'VMFileSystem'; Make = { Get-VMFileSystem -Path "$folder/web01.xml" share } }
    'memory backing'       = @{ Type = 'VMMemoryBacking'; Make = { Get-VMMemoryBacking web01 @test } }
    'memory test'          = @{ Type = 'VMMemoryTest'; Make = { Test-VMMemoryBacking web01 @test } }
    'share'                = @{ Type = 'VirtioFsShareInfo'; Make = { Start-VirtioFsShare "$folder/srv" -Tag data -Socket "$folder/data.sock" } }
    'session'              = @{ Type = 'VirtioFsSession'; Make = { Connect-TableGuest; Get-VirtioFsSession data } }
    'open file'            = @{ Type = 'VirtioFsOpenFile'; Make = { Connect-TableGuest; Get-VirtioFsOpenFile data } }
    'operation'            = @{ Type = 'VirtioFsOperation'; Make = { Connect-TableGuest; Get-TableOperation } }
    'statistic'            = @{ Type = 'VirtioFsStatistic'; Make = { Connect-TableGuest; Get-VirtioFsStatistic data } }
    'operation statistic'  = @{ Type = 'VirtioFsOperationStatistic'; Make = { Connect-TableGuest; Get-VirtioFsStatistic data -Operation Create } }
    'file'                 = @{ Type = 'FileInfo'; Make = { Get-VMDomain -Path "$folder/web01.xml" | Export-VMDomain "$folder/exported.xml" -PassThru } }
    'mount'                = @{ Type = 'VirtioFsMount'; Make = { New-VirtioFsMount data } }
    'pool'                 = @{ Type = 'HugePagePool'; Make = { (Get-HugePagePool | Select-Object -First 1) ?? [VirtioFs.LibvirtXml.Host.HugePagePool]::new() } }
    'pool advice'          = @{ Type = 'HugePageAdvice'; Make = { [VirtioFs.LibvirtXml.Host.HugePageAdvice]::new([VirtioFs.LibvirtXml.ByteSize]2MB, 1, 1, 1, 'x') } }
    'host setting'         = @{ Type = 'VMHostMemorySetting'; Make = { Get-VMHostMemorySetting "$folder/qemu.conf" } }
    'device of a monitor'  = @{ Type = 'CloudHypervisorDevice'; Make = { [VirtioFs.LibvirtXml.Vmm.CloudHypervisorDevice]::new('data', '0000:00:06.0') } }
    'argument'             = @{ Type = 'String'; Make = { '-object' } }
    'yes or no'            = @{ Type = 'Boolean'; Make = { $true } }
}

# Each cmdlet that takes pipeline input, with arguments that would name another domain if they were not the piped object's.
$script:PipelineCommands = [ordered]@{
    'Get-VirtioFsShare'                = { $args[0] | Get-VirtioFsShare 2>&1 }
    'Start-VirtioFsShare'              = { $args[0] | Start-VirtioFsShare -Tag other 2>&1 }
    'Stop-VirtioFsShare'               = { $args[0] | Stop-VirtioFsShare -Force 2>&1 }
    'Get-VirtioFsSession'              = { $args[0] | Get-VirtioFsSession 2>&1 }
    'Disconnect-VirtioFsSession'       = { $args[0] | Disconnect-VirtioFsSession -Force 2>&1 }
    'Get-VirtioFsOpenFile'             = { $args[0] | Get-VirtioFsOpenFile 2>&1 }
    'Restart-VirtioFsShare'            = { $args[0] | Restart-VirtioFsShare -Force 2>&1 }
    'Wait-VirtioFsShare'               = { $args[0] | Wait-VirtioFsShare -For Connected -Timeout 0 2>&1 }
    'Watch-VirtioFsShare'              = { $args[0] | Watch-VirtioFsShare -Timeout 0 2>&1 }
    'Get-VirtioFsStatistic'            = { $args[0] | Get-VirtioFsStatistic 2>&1 }
    'Close-VirtioFsOpenFile'           = { $args[0] | Close-VirtioFsOpenFile -Force 2>&1 }
    'ConvertTo-QemuArgument'           = { $args[0] | ConvertTo-QemuArgument -Socket @{ share = '/s' } 2>&1 }
    'ConvertTo-CloudHypervisorArgument' = { $args[0] | ConvertTo-CloudHypervisorArgument -Socket @{ share = '/s' } 2>&1 }
    'Add-CloudHypervisorFileSystem'    = { $args[0] | Add-CloudHypervisorFileSystem "$folder/none.sock" 2>&1 }
    'Measure-HugePagePool'             = { $args[0] | Measure-HugePagePool -Size 2M 2>&1 }
    'Set-HugePagePool'                 = { $args[0] | Set-HugePagePool 1 -WhatIf 2>&1 6>$null }
    'Export-VMDomain'                  = { $args[0] | Export-VMDomain "$folder/data" 2>&1 }
    'Get-VMDomain'                     = { $args[0] | Get-VMDomain 2>&1 }
    'Import-VMDomain'                  = { $args[0] | Import-VMDomain -Force 2>&1 }
    'Remove-VMDomain'                  = { $args[0] | Remove-VMDomain -Confirm:$false 2>&1 }
    'Set-VMDomain'                     = { $args[0] | Set-VMDomain -PassThru 2>&1 }
    'Start-VMDomain'                   = { $args[0] | Start-VMDomain 2>&1 }
    'Stop-VMDomain'                    = { $args[0] | Stop-VMDomain -Force -PassThru 2>&1 }
    'Add-VMFileSystem'                 = { $args[0] | Add-VMFileSystem data -Source /x 2>&1 }
    'Get-VMFileSystem'                 = { $args[0] | Get-VMFileSystem sh* 2>&1 }
    'Remove-VMFileSystem'              = { if ($args[0] -is [VirtioFs.Cmdlets.VMFileSystem]) { $args[0] | Remove-VMFileSystem 2>&1 } else { $args[0] | Remove-VMFileSystem sh* 2>&1 } }
    'Set-VMFileSystem'                 = { if ($args[0] -is [VirtioFs.Cmdlets.VMFileSystem]) { $args[0] | Set-VMFileSystem -QueueSize 512 2>&1 } else { $args[0] | Set-VMFileSystem sh* -QueueSize 512 2>&1 } }
    'Get-VMMemoryBacking'              = { $args[0] | Get-VMMemoryBacking 2>&1 }
    'Set-VMMemoryBacking'              = { $args[0] | Set-VMMemoryBacking -Discard 2>&1 }
    'Test-VMMemoryBacking'             = { $args[0] | Test-VMMemoryBacking 2>&1 }
    'New-VirtioFsMount'                = { $args[0] | New-VirtioFsMount /data 2>&1 }
    'New-VirtioFsWrapper'              = { $args[0] | New-VirtioFsWrapper "$folder/data.sh" /bin/echo 2>&1 }
}

$isSame = { $_.Name | Should -Be $object.Name }
$isOfIt = { $_.DomainName | Should -Be $object.Name }
$hasArguments = { $_.Count | Should -BeGreaterThan 3 }
$isObject = { [object]::ReferenceEquals($_[0], $object) | Should -BeTrue; $object.IsChanged | Should -BeTrue }
$ofLibvirt = @{
    'ConvertTo-QemuArgument'            = @{ Check = $hasArguments }
    'ConvertTo-CloudHypervisorArgument' = @{ Check = { $_ | Should -Contain '--fs' } }
    'Measure-HugePagePool'              = @{ Check = { $_.Needed | Should -Be 512 } }
    'Export-VMDomain'                   = @{ Changes = 'file:data' }
    'Get-VMDomain'                      = @{ Check = $isSame }
    'Remove-VMDomain'                   = @{ Changes = 'domain:web01' }
    'Set-VMDomain'                      = @{ Check = $isSame }
    'Start-VMDomain'                    = @{ Changes = 'domain:web01' }
    'Stop-VMDomain'                     = @{ }
    'Add-VMFileSystem'                  = @{ Check = $isObject }
    'Get-VMFileSystem'                  = @{ Check = { $_.DomainName, $_.Tag | Should -Be web01, share } }
    'Remove-VMFileSystem'               = @{ Check = $isObject }
    'Set-VMFileSystem'                  = @{ Check = $isObject }
    'Get-VMMemoryBacking'               = @{ Check = $isOfIt }
    'Set-VMMemoryBacking'               = @{ Check = $isObject }
    'Test-VMMemoryBacking'              = @{ Check = $isOfIt }
    'New-VirtioFsWrapper'               = @{ Changes = 'domain:web01', 'file:data.sh' }
}

# A file's and a text's domain is not libvirt's: what acts on libvirt alone refuses it, though a domain there has its name.
$ofFile = $ofLibvirt.Clone()
$ofText = $ofLibvirt.Clone()
foreach ($table in $ofFile, $ofText) {
    foreach ($command in 'Remove-VMDomain', 'Start-VMDomain', 'Stop-VMDomain', 'New-VirtioFsWrapper') {
        $table[$command] = 'NotFromLibvirt'
    }
}

# The text has no file system, and its name, without a UUID, is that of the domain 'data' in libvirt.
$ofText['Set-VMDomain'] = @{ Changes = 'domain:data'; Check = $isSame }
$ofText['Measure-HugePagePool'] = @{ Check = { $_.Needed | Should -Be 1 } }
$ofText['ConvertTo-CloudHypervisorArgument'] = @{ Check = { $_ | Should -Be '--memory', 'size=1M' } }
$ofText['ConvertTo-QemuArgument'] = @{ Check = { $_ | Should -Contain '-m' } }
$ofText['Get-VMFileSystem'] = @{ Check = { $_ | Should -BeNullOrEmpty } }
$ofText['Remove-VMFileSystem'] = @{ Check = { $_.IsChanged | Should -BeFalse } }
$ofText['Set-VMFileSystem'] = $ofText['Remove-VMFileSystem']

# What was read from a domain stands for it, where it was read; what names only a part of it does not stop or remove the whole.
$ofMemory = $ofLibvirt.Clone()
$ofMemory['Add-VMFileSystem'] = $ofMemory['Remove-VMFileSystem'] = $ofMemory['Set-VMFileSystem'] = $ofMemory['Set-VMMemoryBacking'] = @{ Changes = 'domain:web01' }
$ofMemory['Get-VMDomain'] = $ofMemory['Set-VMDomain'] = @{ Check = { $_.Name | Should -Be web01 } }
$ofMemory['Get-VMMemoryBacking'] = $ofMemory['Test-VMMemoryBacking'] = @{ Check = { $_.DomainName | Should -Be web01 } }

$ofFileSystem = @{
    'Remove-VMFileSystem' = @{ Changes = 'domain:web01' }
    'Set-VMFileSystem'    = @{ Changes = 'domain:web01' }
    'New-VirtioFsMount'   = @{ Check = { $_.Tag, $_.MountPoint | Should -Be share, /data } }
    'New-VirtioFsWrapper' = @{ Changes = 'domain:web01', 'file:data.sh' }
}
$ofFileSystemOfFile = @{
    'Remove-VMFileSystem' = @{ Changes = 'file:web01.xml' }
    'Set-VMFileSystem'    = @{ Changes = 'file:web01.xml' }
    'New-VirtioFsMount'   = $ofFileSystem['New-VirtioFsMount']
    'New-VirtioFsWrapper' = @{ Changes = 'file:data.sh', 'file:web01.xml' }
}

# A file is changed in place.
$inFile = @{ Changes = 'file:exported.xml' }
$ofXmlFile = $ofFile.Clone()
foreach ($command in 'Add-VMFileSystem', 'Remove-VMFileSystem', 'Set-VMFileSystem', 'Set-VMMemoryBacking') {
    $ofXmlFile[$command] = $inFile
}
$ofXmlFile['Get-VMDomain'] = $ofXmlFile['Set-VMDomain'] = $ofXmlFile['Import-VMDomain'] = @{ Check = { $_.Name | Should -Be web01 } }
$ofXmlFile['Get-VMMemoryBacking'] = $ofXmlFile['Test-VMMemoryBacking'] = @{ Check = { $_.DomainName | Should -Be web01 } }

$ofShare = @{
    'Get-VirtioFsShare'                 = @{ Check = { $_.Id | Should -Be $object.Id } }
    'Start-VirtioFsShare'               = 'ShareConflict'
    'Stop-VirtioFsShare'                = @{ Changes = 'file:data.sock', 'share:data', 'socket:data.sock' }
    'ConvertTo-QemuArgument'            = @{ Check = { $_ -join ' ' | Should -BeLike '*path=*data.sock*tag=data*' } }
    'ConvertTo-CloudHypervisorArgument' = @{ Check = { $_ -join ' ' | Should -BeLike '*tag=data,*data.sock*' } }
    'Add-CloudHypervisorFileSystem'     = 'CloudHypervisorUnreachable'
    'New-VirtioFsMount'                 = @{ Check = { $_.Tag, $_.MountPoint | Should -Be data, /data } }
}

# A text that does not begin with '<' is a path, wherever XML is read.
$ofArgument = @{}
foreach ($command in $ofLibvirt.Keys) {
    $ofArgument[$command] = 'FileNotFound'
}

# A session stands for its share, and what is open for the share that it is open in.
$ofSession = @{
    'Get-VirtioFsShare'          = @{ Check = { $_.Tag | Should -Be data } }
    'Get-VirtioFsSession'        = @{ Check = { $_.Session | Should -Be $object.Session } }
    'Get-VirtioFsOpenFile'       = @{ Check = { $_.Session | Should -Be $object.Session } }
    'Disconnect-VirtioFsSession' = @{ Changes = 'open:data:file', 'session:data', 'share:data' }
    'New-VirtioFsMount'          = $ofShare['New-VirtioFsMount']
}
$ofSession['Get-VirtioFsStatistic'] = @{ Check = { $_.ShareId, $_.Requests | Should -Be $object.ShareId, 2 } }
$ofSession['Wait-VirtioFsShare'] = @{ Check = { $_.Tag | Should -Be data } }
$ofSession['Watch-VirtioFsShare'] = @{ Check = { $_ | Should -BeNullOrEmpty } }

# What was counted or watched does not say in which session.
$ofObservation = $ofSession.Clone()
$ofObservation['Get-VirtioFsSession'] = $ofObservation['Get-VirtioFsOpenFile'] = @{ Check = { $_.ShareId | Should -Be $object.ShareId } }
$ofObservation['Get-VirtioFsStatistic'] = @{ Check = { $_.ShareId | Should -Be $object.ShareId } }
$ofOpenFile = $ofSession.Clone()
$ofOpenFile['Close-VirtioFsOpenFile'] = @{ Changes = 'open:data:file' }
$ofShare['Restart-VirtioFsShare'] = @{ Changes = 'file:data.sock', 'share:data', 'socket:data.sock' }
$ofShare['Wait-VirtioFsShare'] = 'WaitTimedOut'
$ofShare['Watch-VirtioFsShare'] = @{ Check = { $_ | Should -BeNullOrEmpty } }
$ofShare['Get-VirtioFsStatistic'] = @{ Check = { $_.Requests | Should -Be 0 } }
$ofShare['Get-VirtioFsSession'] = $ofShare['Get-VirtioFsOpenFile'] = $ofShare['Disconnect-VirtioFsSession'] = @{ Check = { $_ | Should -BeNullOrEmpty } }

$script:PipelineTable = @{
    'session'               = $ofSession
    'open file'             = $ofOpenFile
    'statistic'             = $ofObservation
    'operation'             = $ofObservation
    'operation statistic'   = $ofObservation
    'file'                  = $ofXmlFile
    'share'                 = $ofShare
    'mount'                 = @{ 'New-VirtioFsMount' = @{ Check = { $_.Tag, $_.MountPoint | Should -Be data, /data } } }
    'pool'                  = @{ 'Set-HugePagePool' = if (Get-HugePagePool) { @{} } else { 'HugePagePoolNotFound' } }
    'argument'              = $ofArgument + @{ 'Start-VirtioFsShare' = 'DirectoryNotFound' }
    'domain of libvirt'     = $ofLibvirt
    'domain of a file'      = $ofFile
    'domain of a text'      = $ofText
    'file system'           = $ofFileSystem
    'file system of a file' = $ofFileSystemOfFile
    'memory backing'        = $ofMemory
    'memory test'           = $ofMemory
}

# A file that is piped can be shared; one that an object was read from is not what a guest is meant to get.
$ofXmlFile['Start-VirtioFsShare'] = @{ Changes = 'share:other' }

# No share has such a tag, and no object such a path.
foreach ($kind in $PipedKinds.Keys) {
    $PipelineTable[$kind] = ($PipelineTable[$kind] ?? @{}).Clone()
    foreach ($command in 'Get-VirtioFsShare', 'Get-VirtioFsSession', 'Get-VirtioFsOpenFile', 'Get-VirtioFsStatistic', 'Wait-VirtioFsShare', 'Watch-VirtioFsShare') {
        $PipelineTable[$kind][$command] ??= 'ShareNotFound'
    }
    $PipelineTable[$kind]['Start-VirtioFsShare'] ??= 'PathMissing'
}
