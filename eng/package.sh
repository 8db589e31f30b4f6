#!/usr/bin/env bash
# Makes the Debian package of what out/VirtioFs holds: virtiofs_VERSION_ARCHITECTURE.deb, in out/ or in the folder that is given. The executable
# is machine code and needs the C library alone; the module runs in a PowerShell, which brings its own runtime.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 022
folder=${1:-out}
program=out/VirtioFs/bin/vhost-user-fs
if [ ! -x "$program" ] || [ -e "$program.dll" ]; then
  echo "The Debian package takes the executable as machine code; install a C compiler and run ./build.sh build." >&2
  exit 1
fi
version=$(sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' Directory.Build.props)
architecture=$(dpkg --print-architecture)
maintainer='The VirtioFs contributors <virtiofs@example.org>'
date=$(date -R -u -d "@$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)")

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
module=$tree/usr/lib/virtiofs/VirtioFs
documents=$tree/usr/share/doc/virtiofs
install -d "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/lib/virtiofs" "$tree/usr/share/powershell/Modules" "$tree/lib/systemd/system" "$tree/etc/virtiofs" \
  "$tree/usr/share/qemu/vhost-user" "$tree/usr/share/man/man1" "$documents/examples" "$tree/usr/share/lintian/overrides"

install -m 755 "$program" "$tree/usr/bin/"
cp -r out/VirtioFs "$module"
rm -rf "$module/bin"
case $architecture in amd64) others=linux-arm64 ;; arm64) others=linux-x64 ;; *) echo "There is no package for $architecture." >&2; exit 1 ;; esac
rm -rf "${module:?}/$others"
find "$module" -name '*.pdb' -delete
find "$module" -type f -exec chmod 644 {} +
find "$module" -type d -exec chmod 755 {} +
# The module's own executable is the system's.
install -d "$module/bin"
ln -s ../../../../bin/vhost-user-fs "$module/bin/vhost-user-fs"
ln -s ../../../lib/virtiofs/VirtioFs "$tree/usr/share/powershell/Modules/VirtioFs"

install -m 644 packaging/vhost-user-fs@.service packaging/vhost-user-fs@.socket "$tree/lib/systemd/system/"
install -m 644 packaging/60-virtiofs.json "$tree/usr/share/qemu/vhost-user/"
install -m 644 packaging/example.conf "$documents/examples/"
install -m 644 packaging/lintian-overrides "$tree/usr/share/lintian/overrides/virtiofs"
install -m 755 packaging/postinst packaging/prerm packaging/postrm "$tree/DEBIAN/"
gzip -9nc packaging/vhost-user-fs.1 >"$tree/usr/share/man/man1/vhost-user-fs.1.gz"
gzip -9nc CHANGELOG.md >"$documents/NEWS.gz"
printf 'virtiofs (%s) unstable; urgency=medium\n\n  * NEWS.gz has what changed.\n\n -- %s  %s\n' "$version" "$maintainer" "$date" \
  | gzip -9n >"$documents/changelog.gz"
{
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: VirtioFs\n\n'
  printf 'Files: *\nCopyright: 2026 The VirtioFs contributors\nLicense: Expat\n'
  sed -n '/^Permission/,$p' LICENSE | sed 's/^$/./; s/^/ /'
  printf '\nFiles: usr/bin/vhost-user-fs\nCopyright: 2026 The VirtioFs contributors\n .NET Foundation and contributors (the runtime that is linked in)\nLicense: Expat\n'
} >"$documents/copyright"

# The newest version of the C library that a symbol of the executable asks for.
library=$(grep -aoE 'GLIBC_2\.[0-9]+' "$program" | sort -uV | tail -n 1)
cat >"$tree/DEBIAN/control" <<CONTROL
Package: virtiofs
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -sk --exclude DEBIAN "$tree" | cut -f 1)
Depends: libc6 (>= ${library#GLIBC_})
Recommends: uidmap
Suggests: libvirt-daemon-system, powershell, qemu-system
Section: admin
Priority: optional
Description: directories of the host in virtual machines, over virtio-fs
 The executable vhost-user-fs is a vhost-user back end that libvirt, QEMU,
 Cloud Hypervisor and systemd start wherever they start virtiofsd. The
 PowerShell module VirtioFs shares directories from a shell, and sets up
 the memory and the devices of libvirt's domains for them.
CONTROL
(cd "$tree" && find usr lib etc -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
mkdir -p "$folder"
package=$folder/virtiofs_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$tree" "$package" >/dev/null
echo "The Debian package is $package: $(du -h "$package" | cut -f 1), installed $(du -sh --exclude DEBIAN "$tree" | cut -f 1)."
