@{
    RootModule           = 'VirtioFs.Cmdlets.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = 'ab517365-8cdc-48c8-a354-d10f9e8c3f04'
    Author               = 'The VirtioFs contributors'
    CompanyName          = 'Community'
    Copyright            = 'Copyright (c) 2026 The VirtioFs contributors'
    Description          = 'Shares host directories with virtual machines over virtio-fs. The module holds a complete virtio-fs device: QEMU, libvirt, Cloud Hypervisor and User-Mode Linux connect to it where they would connect to virtiofsd.'
    CompatiblePSEditions = @('Core')
    PowerShellVersion    = '7.6'
    FormatsToProcess     = @('VirtioFs.Format.ps1xml', 'VirtioFs.Session.Format.ps1xml', 'VirtioFs.Domain.Format.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Get-VirtioFsShare'
        'Start-VirtioFsShare'
        'Stop-VirtioFsShare'
        'Restart-VirtioFsShare'
        'Wait-VirtioFsShare'
        'Watch-VirtioFsShare'
        'Get-VirtioFsSession'
        'Disconnect-VirtioFsSession'
        'Get-VirtioFsOpenFile'
        'Close-VirtioFsOpenFile'
        'Get-VirtioFsStatistic'
        'ConvertTo-CloudHypervisorArgument'
        'Add-CloudHypervisorFileSystem'
        'Get-HugePagePool'
        'Measure-HugePagePool'
        'Set-HugePagePool'
        'ConvertTo-QemuArgument'
        'Export-VMDomain'
        'Get-VMDomain'
        'Import-VMDomain'
        'Remove-VMDomain'
        'Set-VMDomain'
        'Start-VMDomain'
        'Stop-VMDomain'
        'Add-VMFileSystem'
        'Get-VMFileSystem'
        'Remove-VMFileSystem'
        'Set-VMFileSystem'
        'Get-VMHostMemorySetting'
        'Set-VMHostMemorySetting'
        'Get-VMMemoryBacking'
        'Set-VMMemoryBacking'
        'Test-VMMemoryBacking'
        'New-VirtioFsMount'
        'New-VirtioFsWrapper'
    )
    VariablesToExport    = @()
    AliasesToExport      = @()
    # The project has no public address yet. So there is no ProjectUri, no HelpInfoUri for Update-Help, and no HelpUri in the pages:
    # Get-Help shows what is in this folder, about_VirtioFs first.
    PrivateData          = @{
        PSData = @{
            Tags         = @('virtio-fs', 'virtiofs', 'vhost-user', 'QEMU', 'KVM', 'libvirt', 'CloudHypervisor', 'FileSharing', 'PSEdition_Core', 'Linux')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'See CHANGELOG.md in the module folder.'
        }
    }
}
