# shellcheck shell=bash
# What a machine must have, and how it gets there: Debian packages through apt, into the system where we may.
# Source this file; `need` collects, `install_needed` installs all at once, `report_missing` says at the end what was not to be had.

missing_packages=()
unavailable_packages=()

# On a new machine unattended upgrades hold apt's locks for minutes; apt itself waits for only one of them.
apt_lock_limit=900

# need COMMAND PACKAGE: the package is wanted when the command is nowhere on the PATH.
need() {
  command -v "$1" >/dev/null 2>&1 || missing_packages+=("$2")
}

# need_file FILE PACKAGE: the package is wanted when the file is not there.
need_file() {
  [ -e "$1" ] || missing_packages+=("$2")
}

# The .NET SDK does not start without ICU (or CA certificates, to get its packages). ICU's package has its version in its name.
need_for_dotnet() {
  need_file /etc/ssl/certs/ca-certificates.crt ca-certificates
  if ldconfig -p 2>/dev/null | grep -q libicuuc || ! may_install; then
    return 0
  fi
  local icu
  icu=$(find_icu)
  [ -n "$icu" ] || { apt_get update || true; icu=$(find_icu); }
  missing_packages+=("${icu:-libicu}")
}

find_icu() {
  apt-cache pkgnames libicu 2>/dev/null | grep -E '^libicu[0-9]+$' | sort -V | tail -n 1
}

# Runs a command as root where we are root, or may become it without being asked for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
  command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null
}

# Installs what `need` collected. What cannot be had is noted, and the rest goes on: whatever needs a package says so itself.
install_needed() {
  [ ${#missing_packages[@]} -gt 0 ] || return 0
  local packages=("${missing_packages[@]}") package
  missing_packages=()
  if ! may_install; then
    unavailable_packages+=("${packages[@]}")
    report_missing
    return 0
  fi
  echo "Installing Debian packages: ${packages[*]}." >&2
  apt_install "${packages[@]}" && return 0
  apt_get update || echo "$apt_output" >&2
  apt_install "${packages[@]}" && return 0
  # One that this machine's sources lack must not keep the others away.
  for package in "${packages[@]}"; do
    apt_install "$package" || { echo "$apt_output" >&2; unavailable_packages+=("$package"); }
  done
}

# Names the packages that were not to be had, if there are any.
report_missing() {
  [ ${#unavailable_packages[@]} -gt 0 ] || return 0
  if may_install; then
    echo "These Debian packages could not be installed: ${unavailable_packages[*]}."
  else
    echo "These Debian packages are missing and cannot be installed from here (no root): ${unavailable_packages[*]}."
  fi
}

apt_install() {
  apt_get -y --no-install-recommends install "$@"
}

# Runs apt-get, and waits as long as another process holds one of its locks. What it printed is in $apt_output.
apt_output=''
apt_get() {
  local said=''
  local -r deadline=$((SECONDS + apt_lock_limit))
  while ! apt_output=$(as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q "$@" 2>&1); do
    [[ $apt_output == *"Could not get lock"* || $apt_output == *"Unable to lock"* ]] && [ "$SECONDS" -lt "$deadline" ] || return 1
    [ -n "$said" ] || echo "Another process is using apt; waiting for it." >&2
    said=yes
    sleep 2
  done
}
