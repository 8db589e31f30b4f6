# Lines that change something, by cmdlet; $folder is the test's. -Force is in it wherever a cmdlet has it: it never means "although I said no".
$script:ChangingCommands = [ordered]@{
    'Start-VirtioFsShare'           = @(
        'Start-VirtioFsShare "$folder/srv" -Tag new -Socket "$folder/new.sock"'
        'Start-VirtioFsShare "$folder/srv" -Tag new -Socket "$folder/new.sock" -Domain data'
    )
    'Stop-VirtioFsShare'            = 'Stop-VirtioFsShare served -Force', 'Get-VirtioFsShare served | Stop-VirtioFsShare'
    'Restart-VirtioFsShare'         = 'Restart-VirtioFsShare served -Force', 'Get-VirtioFsShare used | Restart-VirtioFsShare', 'Restart-VirtioFsShare used -Force'
    'Disconnect-VirtioFsSession'    = 'Disconnect-VirtioFsSession used', 'Get-VirtioFsSession | Disconnect-VirtioFsSession -Force'
    'Close-VirtioFsOpenFile'        = @(
        'Get-VirtioFsOpenFile used | Close-VirtioFsOpenFile'
        'Get-VirtioFsOpenFile used | Close-VirtioFsOpenFile -Force'
        'Close-VirtioFsOpenFile -ShareId (Get-VirtioFsShare used).Id -Handle (Get-VirtioFsOpenFile used).Handle'
    )
    'Add-CloudHypervisorFileSystem' = 'Add-CloudHypervisorFileSystem "$folder/api.sock" t "$folder/served.sock"'
    'Set-HugePagePool'              = 'Set-HugePagePool 2M 1 -Add', 'Get-HugePagePool 2M | Set-HugePagePool 1 -Add -Force'
    'Set-VMHostMemorySetting'       = 'Set-VMHostMemorySetting -Path "$folder/qemu.conf" -MemoryBackingDirectory /dev/shm'
    'Export-VMDomain'               = 'Export-VMDomain web01 "$folder/out.xml"', 'Get-VMDomain web01 | Export-VMDomain "$folder/there.xml" -Force'
    'Import-VMDomain'               = 'Import-VMDomain "$folder/new.xml"', 'Import-VMDomain -LiteralPath "$folder/new.xml" -Force'
    'Remove-VMDomain'               = 'Remove-VMDomain data -Force', 'Get-VMDomain data | Remove-VMDomain'
    'Set-VMDomain'                  = @(
        '"<domain type=''test''><name>data</name><memory>4096</memory><os><type>hvm</type></os></domain>" | Set-VMDomain'
        'Get-VMDomain -Path "$folder/new.xml" | Set-VMDomain -Live'
    )
    'Start-VMDomain'                = 'Start-VMDomain data', 'Get-VMDomain data | Start-VMDomain'
    'Stop-VMDomain'                 = 'Stop-VMDomain running -Force', 'Stop-VMDomain running -TimeoutSeconds 0', 'Get-VMDomain running | Stop-VMDomain -Force'
    'Add-VMFileSystem'              = @(
        'Add-VMFileSystem data more -Source /srv'
        'Add-VMFileSystem running more -Source /srv -Live'
        'Add-VMFileSystem -Path "$folder/web01.xml" more -Source /srv'
        'Get-VirtioFsShare served | Add-VMFileSystem data'
    )
    'Remove-VMFileSystem'           = 'Remove-VMFileSystem data share', 'Get-VMFileSystem running share | Remove-VMFileSystem -Live', 'Remove-VMFileSystem -Path "$folder/web01.xml" share'
    'Set-VMFileSystem'              = 'Set-VMFileSystem data share -QueueSize 512', 'Get-VMFileSystem data | Set-VMFileSystem -ReadOnly', 'Set-VMFileSystem -Path "$folder/web01.xml" share -Xattr'
    'Set-VMMemoryBacking'           = 'Set-VMMemoryBacking data -Discard', 'Get-VMMemoryBacking data | Set-VMMemoryBacking -Locked', 'Set-VMMemoryBacking -Path "$folder/web01.xml" -Discard'
    'New-VirtioFsWrapper'           = 'New-VirtioFsWrapper "$folder/w.sh" /bin/echo -DomainName data', 'Get-VMFileSystem data | New-VirtioFsWrapper "$folder/there.sh" /bin/echo -Force'
}

# Verbs that change something elsewhere; these only make objects.
$script:ChangesNothing = 'New-VirtioFsMount'
