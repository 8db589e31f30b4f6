# Where an 'I' is not the capital of an 'i', names must mean what they mean elsewhere.
BeforeDiscovery {
    $hasLibvirt = [bool](Get-ChildItem /usr/lib -Filter libvirt.so.0 -Recurse -ErrorAction Ignore | Select-Object -First 1)
    $isTurkish = 'I'.ToLower([cultureinfo]'tr-TR') -ceq "`u{131}"
}

Describe 'Names under Turkish rules' -Skip:(-not $isTurkish) {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        $folder = New-TestFolder -Directory data
        $culture = [cultureinfo]::CurrentCulture
        [cultureinfo]::CurrentCulture = 'tr-TR'
    }

    AfterAll {
        [cultureinfo]::CurrentCulture = $culture
        Clear-Test $folder
    }

    It 'a pattern in capitals finds a domain in small letters' -Skip:(-not $hasLibvirt) {
        $null = "<domain type='test'><name>win1</name><memory>65536</memory><os><type>hvm</type></os></domain>" | Set-VMDomain -Connection test:///default
        (Get-VMDomain 'WIN*' -Connection test:///default).Name | Should -Be win1
        (Get-Completion 'Get-VMDomain -Connection test:///default -Name WI').CompletionText | Should -Be win1
        Get-VMDomain win1 -Connection test:///default | Remove-VMDomain -Confirm:$false
    }

    It 'a pattern in capitals finds a share in small letters' {
        $null = Start-VirtioFsShare -Path "$folder/data" -Tag inside -Socket "$folder/s"
        (Get-VirtioFsShare 'INSIDE*').Tag | Should -Be inside
        (Get-Completion 'Stop-VirtioFsShare -Tag IN').CompletionText | Should -Be inside
    }

    It 'sizes and settings are read and written as everywhere' {
        $domain = '<domain><name>a</name><memory unit="GIB">1</memory><devices/></domain>' | Set-VMMemoryBacking -Shared -Hugepages 2MIB -Allocation IMMEDIATE
        $domain.Memory.Bytes | Should -Be 1GB
        $domain.Xml | Should -BeLike "*size=`"2*immediate*"
    }
}
