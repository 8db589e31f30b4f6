#!/usr/bin/env bash
# Builds, tests and shows VirtioFs, and installs what is missing for that.
#   ./build.sh build     everything into artifacts/, the module into out/VirtioFs
#   ./build.sh test      every suite; the last line adds them up, the exit status is 0 when none failed
#   ./build.sh demo      shares a folder with a real Linux guest
#   ./build.sh bench     loads the engine and prints figures; options go to the load generator
#   ./build.sh package   the module as one archive in out/, and the Debian package
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source eng/packages.sh
source eng/powershell.sh
source eng/suites.sh

# No build server outlives this script.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

build() {
  if ! command -v dotnet >/dev/null; then
    echo "The .NET SDK 10 is needed to build; install it and put dotnet on the PATH." >&2
    exit 1
  fi
  need_for_dotnet
  # vhost-user-fs is linked.
  need cc gcc
  need_file /usr/include/stdlib.h libc6-dev
  install_needed
  echo "Building."
  dotnet build VirtioFs.PowerShell.sln -c Release -v quiet --disable-build-servers
  dotnet msbuild eng/Assemble.proj -v:quiet -nologo
}

test_all() {
  need_for_tests
  install_needed
  build
  local project
  for project in tests/*.Tests/*.csproj tests/Guest/*.csproj; do
    run_test_program "$(basename "$project" .csproj)"
  done
  if [ -d tests/Pester ]; then
    if find_powershell && find_pester; then
      run_pester "$pwsh"
    else
      echo "The Pester suite was not run: $pwsh_missing."
    fi
  fi
  report_missing
  report_counts
}

# What the suites use, beyond what every Debian has. A suite skips what a machine cannot have, and says why.
need_for_tests() {
  need_file /usr/include/linux/fuse.h linux-libc-dev
  # Guests and what they run.
  need qemu-system-x86_64 qemu-system-x86
  need linux.uml user-mode-linux
  need busybox busybox-static
  need cpio cpio
  need xz xz-utils
  need_file /usr/share/OVMF/OVMF_CODE_4M.fd ovmf
  need_file /usr/lib/systemd/boot/efi/linuxx64.efi.stub systemd-boot-efi
  need objcopy binutils
  need git git
  need sqlite3 sqlite3
  need rsync rsync
  need stress-ng stress-ng
  need dbench dbench
  # Host file systems.
  need mount mount
  need setfacl acl
  need setfattr attr
  need chattr e2fsprogs
  need mkfs.xfs xfsprogs
  need mkfs.btrfs btrfs-progs
  # libvirt, and the tools that judge what we write for it, for shells and for systemd.
  need virsh libvirt-clients
  need libvirtd libvirt-daemon-system
  need_file "/usr/lib/$(uname -m)-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so" libvirt-daemon-driver-qemu
  need tini tini
  need ssh openssh-client
  need nc netcat-openbsd
  need xmllint libxml2-utils
  need systemd-analyze systemd
  need python3 python3
  # The Debian package and its manual page.
  need dpkg-deb dpkg
  need lintian lintian
  need man man-db
  need newuidmap uidmap
  need_file /usr/lib/python3/dist-packages/yaml python3-yaml
}

# Measures the engine; "compare" and its options measure it against another back end.
bench() {
  build
  if [ $# -eq 0 ] || [[ $1 == -* ]]; then
    set -- run --start 'out/VirtioFs/bin/vhost-user-fs --shared-dir {dir} --socket-path {socket} --tag bench' "$@"
  fi
  artifacts/bin/VirtioFs.Bench/release/virtiofs-bench "$@"
}

case ${1-} in
  build) build ;;
  test) test_all ;;
  demo) exec eng/demo.sh ;;
  bench) shift; bench "$@" ;;
  package)
    build
    tar -C out -czf out/VirtioFs.tar.gz VirtioFs
    echo "The module is packed in out/VirtioFs.tar.gz."
    if command -v dpkg-deb >/dev/null; then
      eng/package.sh
    else
      echo "The Debian package was not made: dpkg-deb is not installed."
    fi
    ;;
  *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac
