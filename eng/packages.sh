# shellcheck shell=bash
# What a machine must have, and how it gets there: Debian packages through apt, into the system where we may.
# Source this file; `need` collects, `install_needed` installs all at once.

missing_packages=()

# need COMMAND PACKAGE: the package is wanted when the command is nowhere on the PATH.
need() {
  command -v "$1" >/dev/null 2>&1 || missing_packages+=("$2")
}

# Runs a command as root where we are root, or may become it without being asked for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
  command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null
}

# Installs what `need` collected. Where that cannot be done, it says what is missing and goes on:
# whatever needs a package says so itself.
install_needed() {
  [ ${#missing_packages[@]} -gt 0 ] || return 0
  if ! may_install; then
    echo "These Debian packages are missing and cannot be installed from here (no root): ${missing_packages[*]}." >&2
    return 0
  fi
  echo "Installing Debian packages: ${missing_packages[*]}." >&2
  if ! apt_install "${missing_packages[@]}" >/dev/null 2>&1; then
    as_root apt-get -q update >/dev/null 2>&1 || true
    apt_install "${missing_packages[@]}" >&2 || echo "Not all of these packages could be installed: ${missing_packages[*]}." >&2
  fi
  missing_packages=()
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
}
