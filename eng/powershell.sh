# shellcheck shell=bash
# Finds a PowerShell that can import the module, or gets one into .tools. Source this file.

pwsh=''
pwsh_missing=''

# Sets $pwsh to its path; or fails, with the reason in $pwsh_missing.
find_powershell() {
  local tools=$PWD/.tools/powershell
  if command -v pwsh >/dev/null 2>&1; then
    pwsh=$(command -v pwsh)
    new_enough "$pwsh" && return 0
    pwsh_missing="the pwsh on the PATH is older than 7.6"
  else
    pwsh_missing="there is no pwsh on the PATH"
  fi
  if [ ! -x "$tools/pwsh" ]; then
    echo "Getting PowerShell as a .NET tool into .tools/powershell." >&2
    timeout 300 dotnet tool install PowerShell --version '7.6.*' --tool-path "$tools" >/dev/null 2>&1 || true
  fi
  pwsh=$tools/pwsh
  new_enough "$pwsh" && return 0
  pwsh=''
  pwsh_missing="$pwsh_missing, and PowerShell 7.6 could not be had as a .NET tool"
  return 1
}

new_enough() {
  # shellcheck disable=SC2016 # PowerShell's variable
  [ -x "$1" ] && [ "$(timeout 60 "$1" -NoProfile -NonInteractive -Command '$PSVersionTable.PSVersion -ge [version]"7.6"' 2>/dev/null)" = True ]
}

# Makes Pester known to $pwsh: its own, or the NuGet package in .tools/modules; or fails, with the reason in $pwsh_missing.
find_pester() {
  export PSModulePath=$PWD/.tools/modules${PSModulePath:+:$PSModulePath}
  has_pester && return 0
  echo "Getting Pester as a NuGet package into .tools/modules." >&2
  timeout 300 dotnet msbuild eng/Pester.proj -restore -t:Install -v:quiet -nologo >&2 || true
  has_pester && return 0
  pwsh_missing="Pester 5.5 is neither installed nor to be had as a NuGet package"
  return 1
}

has_pester() {
  [ -n "$(timeout 60 "$pwsh" -NoProfile -NonInteractive -Command \
    'Get-Module -ListAvailable Pester | Where-Object Version -ge 5.5' 2>/dev/null)" ]
}
