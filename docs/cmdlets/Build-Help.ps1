<#
.SYNOPSIS
    Builds the module's help, en-US/VirtioFs.Cmdlets.dll-Help.xml, from the markdown files beside this script.
.DESCRIPTION
    Run it after a change of these files, and commit what it builds: a machine without platyPS has help too.
    A new cmdlet's file, and the section of a new parameter, are begun with New-MarkdownCommandHelp.
.PARAMETER OutputFolder
    Where the help goes.
#>
[CmdletBinding()]
param(
    [string] $OutputFolder = (Join-Path $PSScriptRoot '../../en-US')
)

$ErrorActionPreference = 'Stop'
Import-Module Microsoft.PowerShell.PlatyPS -MinimumVersion 1.0.3

# platyPS leaves an example's code, with its fence, in the introduction. Get-Help wants it by itself, before the remarks.
function Move-ExampleCode {
    param([xml] $Help)
    $fence = '(?s)^```\w*\n(.*?)\n?```$'
    foreach ($example in $Help.GetElementsByTagName('command:example')) {
        foreach ($paragraph in @($example.introduction.ChildNodes)) {
            $null = $paragraph.ParentNode.RemoveChild($paragraph)
            $text = $paragraph.InnerText
            if ($text -match $fence) {
                $example['dev:code'].InnerText = $Matches[1]
            } elseif ($text -match '\w') {
                $null = $example['dev:remarks'].AppendChild($paragraph)
            }
        }
    }
}

# platyPS leaves default values out of the help, which Get-Help would show.
function Add-DefaultValue {
    param([xml] $Help, [object[]] $CommandHelp)
    foreach ($command in $Help.GetElementsByTagName('command:command')) {
        $source = $CommandHelp | Where-Object Title -EQ $command.details.name
        foreach ($parameter in $command.parameters.ChildNodes) {
            $default = ($source.Parameters | Where-Object Name -EQ $parameter.name).DefaultValue
            if ($default) {
                $element = $Help.CreateElement('dev', 'defaultValue', $parameter['dev:type'].NamespaceURI)
                $element.InnerText = $default
                $null = $parameter.InsertAfter($element, $parameter['dev:type'])
            }
        }
    }
}

# Get-Help shows plain text.
function ConvertTo-PlainText {
    param([xml] $Help)
    foreach ($paragraph in $Help.GetElementsByTagName('maml:para')) {
        $paragraph.InnerText = $paragraph.InnerText.Replace('`', '')
    }
}

# A link to another page here is none outside of this folder, and platyPS stumbles over it when it reads the help again.
# The pages have no online version, which platyPS links to all the same.
function Clear-Link {
    param([xml] $Help)
    foreach ($link in @($Help.GetElementsByTagName('maml:navigationLink'))) {
        if ($link.linkText -eq 'Online Version') {
            $null = $link.ParentNode.RemoveChild($link)
        } else {
            $link['maml:uri'].InnerText = ''
        }
    }
}

$work = New-Item -ItemType Directory -Path ([IO.Path]::GetTempPath()) -Name ([guid]::NewGuid())
try {
    $source = Get-ChildItem $PSScriptRoot -Filter *-*.md | Import-MarkdownCommandHelp
    $built = $source | Export-MamlCommandHelp -OutputFolder $work -Force
    $help = [xml]::new()
    $help.Load($built.FullName)
    Move-ExampleCode $help
    Add-DefaultValue $help $source
    ConvertTo-PlainText $help
    Clear-Link $help
    $writer = [Xml.XmlWriter]::Create((Join-Path $OutputFolder $built.Name), [Xml.XmlWriterSettings]@{ Indent = $true; NewLineChars = "`n" })
    $help.Save($writer)
    $writer.Dispose()
} finally {
    Remove-Item -LiteralPath $work -Recurse
}
