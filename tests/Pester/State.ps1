# A small world for tests of what must not change: domains in libvirt's test driver, files and shares; and what is
# recorded of it. Domains of the test driver live as long as the process.

function New-World {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    param([string] $Folder)
    Set-Content "$Folder/qemu.conf" '#memory_backing_dir = "/x"'
}

function Get-WorldXml {
    param([string] $Name, [string] $Uuid)
    @"
<domain type='test'>
  <name>$Name</name>
  <uuid>$Uuid</uuid>
  <memory unit='GiB'>1</memory>
  <memoryBacking>
    <source type='memfd'/>
    <access mode='shared'/>
  </memoryBacking>
  <os>
    <type>hvm</type>
  </os>
  <devices>
    <filesystem type='mount'>
      <driver type='virtiofs'/>
      <source dir='/srv'/>
      <target dir='share'/>
    </filesystem>
  </devices>
</domain>
"@
}

# Puts the world back to what it was: 'data' and 'spare' lie in wait for what goes to the wrong domain, web1 and web[1] for wildcards.
function Reset-World {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    param([string] $Folder)
    Remove-World
    $number = 0
    foreach ($name in 'web01', 'data', 'spare', 'web1', 'web[1]', 'running') {
        Get-WorldXml $name ('00000000-0000-4000-8000-{0:d12}' -f ++$number) | Set-VMDomain -Connection test:///default
    }
    Start-VMDomain running -Connection test:///default
    Get-ChildItem $Folder -File -Force | Where-Object Name -NE qemu.conf | Remove-Item -Force
    Get-WorldXml web01 '00000000-0000-4000-8000-000000000001' | Set-Content "$Folder/web01.xml"
}

function Remove-World {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    param()
    Get-VirtioFsShare | Stop-VirtioFsShare -Force -Confirm:$false -WhatIf:$false
    Get-VMDomain -Connection test:///default | Where-Object Name -NE test | ForEach-Object {
        if ($_.State -ne 'Off') { $_ | Stop-VMDomain -Force -Confirm:$false -WhatIf:$false }
        $_ | Remove-VMDomain -Confirm:$false -WhatIf:$false
    }
}

# Everything that a cmdlet could have changed, as texts by key.
function Get-World {
    param([string] $Folder)
    $world = [ordered]@{}
    foreach ($domain in Get-VMDomain -Connection test:///default) {
        $stored = Get-VMDomain -InputObject $domain -Inactive
        $world["domain:$($domain.Name)"] = "$($domain.State)`n$($domain.Xml -replace "<domain type='test' id='\d+'>", '<domain>')`n$($stored.Xml)"
    }
    foreach ($file in Get-ChildItem $Folder -Recurse -Force) {
        $content = $file -is [IO.FileInfo] -and $file.UnixFileMode -and -not $file.Name.EndsWith('.sock') ? [Convert]::ToHexString([IO.File]::ReadAllBytes($file.FullName)) : ''
        $status = & stat --format '%F %a %u %g %y %z %i' -- $file.FullName
        # A folder's own times are those of what is in it.
        $world["file:$([IO.Path]::GetRelativePath($Folder, $file.FullName))"] = $file -is [IO.DirectoryInfo] ? 'folder' : "$status`n$content"
    }
    # What only root could have changed, and nothing else changes by itself: the set sizes of the pools, of the host and of its nodes.
    $script:poolFiles ??= @((Get-Item /sys/kernel/mm/hugepages/*/nr_*hugepages, /sys/devices/system/node/node*/hugepages/*/nr_hugepages -ErrorAction Ignore).FullName)
    foreach ($file in $script:poolFiles) {
        $world["sysfs:$file"] = try { [IO.File]::ReadAllText($file) } catch { 'unreadable' }
    }
    # Who listens in the folder, whether the file is there or not. A connection that ends takes its time.
    foreach ($line in [IO.File]::ReadLines('/proc/net/unix') | Where-Object { $_ -match ' 00010000 ' -and $_.Contains(" $Folder/") }) {
        $fields = $line -split ' +', 8
        $world["socket:$([IO.Path]::GetRelativePath($Folder, $fields[7]))"] = $fields[6]
    }
    foreach ($share in Get-VirtioFsShare) {
        $world["share:$($share.Tag)"] = "$($share.Id) $($share.State) $($share.Socket)"
    }
    foreach ($session in Get-VirtioFsSession) {
        $world["session:$($session.Tag)"] = "$($session.Session) $($session.ProcessId)"
    }
    foreach ($file in Get-VirtioFsOpenFile) {
        $world["open:$($file.Tag):$($file.Path | Split-Path -Leaf)"] = "$($file.Handle) $($file.Locks)"
    }
    $world
}

# The keys of what differs, sorted.
function Compare-World {
    param([Collections.IDictionary] $Before, [Collections.IDictionary] $After)
    @($Before.Keys) + @($After.Keys) | Sort-Object -Unique | Where-Object { $Before[$_] -cne $After[$_] }
}
