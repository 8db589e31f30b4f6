# Exported files: what is in them, where they are, and whose they are.
Describe 'Export-VMDomain' {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        $secret = @'
<domain type='kvm'>
  <name>web1</name>
  <devices>
    <graphics type='vnc' passwd='hunter2'/>
  </devices>
</domain>
'@
        function Get-DomainText { param([string] $Name) "<domain><name>$([Security.SecurityElement]::Escape($Name))</name></domain>" }
    }

    BeforeEach { $folder = New-TestFolder -Directory out }
    AfterEach { Clear-Test $folder }

    It 'shows a password nowhere, and writes none unasked' {
        $domain = Get-VMDomain -Xml $secret
        $domain | Format-List * | Out-String | Should -Not -Match hunter2
        $domain | ConvertTo-Json -Depth 5 -WarningAction Ignore | Should -Not -Match hunter2
        $domain | Export-VMDomain -Path "$folder/out" -WarningVariable told -WarningAction SilentlyContinue
        Get-Content -Raw "$folder/out/web1.xml" | Should -BeExactly $secret.Replace('hunter2', '*****')
        $told | Should -BeLike '*passwords*-IncludeSecret*'
    }

    It 'writes a password when it is asked for, for nobody else to read' {
        Get-VMDomain -Xml $secret | Export-VMDomain -Path "$folder/out" -IncludeSecret
        Get-Content -Raw "$folder/out/web1.xml" | Should -BeExactly $secret
        (Get-Item "$folder/out/web1.xml").UnixMode | Should -Be '-rw-------'
    }

    It 'the file of <_> stays in the folder' -ForEach '../out2', '/etc/motd', '..', 'a/b', '.bashrc' {
        $file = Get-DomainText $_ | Export-VMDomain -Path "$folder/out" -Force -PassThru
        $file.DirectoryName | Should -Be "$folder/out"
        Get-ChildItem $folder -Recurse -File -Force | Should -HaveCount 1
        (Get-VMDomain -LiteralPath $file.FullName).Name | Should -Be $_
    }

    It 'a link in the folder leads nowhere else' {
        Set-Content "$folder/victim.xml" victim
        $null = New-Item -ItemType SymbolicLink "$folder/out/web1.xml" -Target ../victim.xml
        { Get-DomainText web1 | Export-VMDomain -Path "$folder/out" -Force -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotUsable,*'
        Get-Content "$folder/victim.xml" | Should -Be victim
    }

    It 'two domains do not take one file' {
        $null = (Get-DomainText a), (Get-DomainText b) | Export-VMDomain -Path "$folder/one.xml" -Force -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'FileExists,*'
        (Get-VMDomain -Path "$folder/one.xml").Name | Should -Be a
    }

    It 'a new file follows the umask' {
        $null = & bash -c "umask 077; exec '$((Get-Process -Id $PID).Path)' -NoProfile -Command `"Import-Module '$ModuleManifest'; '<domain><name>u</name></domain>' | Export-VMDomain -Path '$folder/out'`""
        (Get-Item "$folder/out/u.xml").UnixMode | Should -Be '-rw-------'
    }
}

Describe 'Export-VMDomain of a domain that was read without its passwords' {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        $folder = New-TestFolder
        $script:hasLibvirt = $true
        try { $null = Get-VMDomain test -Connection test:///default -ErrorAction Stop } catch { $script:hasLibvirt = $false }
    }

    AfterAll { Clear-Test $folder }

    It 'is an error with -IncludeSecret, and writes nothing' {
        if (-not $script:hasLibvirt) { Set-ItResult -Skipped -Because 'libvirt''s library is not installed' }
        $read = Get-VMDomain test -Connection test:///default -ReadOnly
        { $read | Export-VMDomain -Path "$folder/x.xml" -IncludeSecret -ErrorAction Stop } | Should -Throw -ErrorId 'SecretsNotRead,*' -ExpectedMessage '*-ReadOnly*'
        "$folder/x.xml" | Should -Not -Exist
        $read | Export-VMDomain -Path "$folder/x.xml"
        Get-VMDomain test -Connection test:///default | Export-VMDomain -Path "$folder/y.xml" -IncludeSecret
        "$folder/x.xml", "$folder/y.xml" | Should -Exist
    }
}
