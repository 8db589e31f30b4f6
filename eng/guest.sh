#!/usr/bin/env bash
# What a QEMU guest is made of: a kernel from Debian's packages, an initial RAM disk with the programs that its script
# runs, and an accelerator that works here. Each command prints one line. What is made is kept in .tools/guest.
#   guest.sh kernel             the kernel's image; its modules lie in modules/ beside it
#   guest.sh initrd PROGRAM...  an initial RAM disk with busybox and these programs
#   guest.sh accelerator        kvm or tcg
#   guest.sh emulator           the QEMU program for this machine's architecture
set -euo pipefail
eng=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
store=${eng%/*}/.tools/guest

case $(uname -m) in
  x86_64) architecture=amd64 emulator=qemu-system-x86_64 ;;
  *) echo "Guest kernels are prepared for x86-64 only; this machine is $(uname -m)." >&2; exit 1 ;;
esac

kernel() {
  local image=$store/kernel/vmlinuz
  if [ ! -e "$image" ]; then
    local work
    work=$(mktemp -d "$store/unpack.XXXXXX")
    unpack_kernel "$work"
    rm -rf "$store/kernel"
    mv "$work" "$store/kernel"
  fi
  echo "$image"
}

# The package linux-image-cloud-* names the one that has the kernel. It is unpacked, not installed.
unpack_kernel() {
  local folder=$1 package
  package=$(kernel_package) || { echo "apt knows no package linux-image-cloud-$architecture." >&2; return 1; }
  echo "Downloading the guest kernel $package." >&2
  (cd "$folder" && apt-get -q -o APT::Sandbox::User="$(id -un)" download "$package" >&2)
  dpkg -x "$folder/$package"_*.deb "$folder/package"
  local release
  release=$(basename "$folder"/package/boot/vmlinuz-*) && release=${release#vmlinuz-}
  local tree=$folder/package
  [ -d "$tree/lib/modules" ] || mv "$tree/usr/lib" "$tree/lib"
  find "$tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
  busybox depmod -b "$tree" "$release"
  mv "$tree/boot/vmlinuz-$release" "$folder/vmlinuz"
  mv "$tree/lib/modules/$release" "$folder/modules"
  rm -rf "$tree" "$folder"/*.deb
}

kernel_package() {
  local package
  package=$(apt-cache depends "linux-image-cloud-$architecture" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
  [ -n "$package" ] && echo "$package"
}

initrd() {
  kernel >/dev/null
  local key image
  key=$(printf '%s\n' "$@" "$(stat -c '%i %Y' "$store/kernel/vmlinuz" "$eng/guest-init.sh" "$eng/guest.sh")" | sha256sum | cut -c 1-16)
  image=$store/initrd-$key.cpio
  if [ ! -e "$image" ]; then
    local root
    root=$(mktemp -d "$store/root.XXXXXX")
    fill_root "$root" "$@"
    (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$image.part"
    mv "$image.part" "$image"
    rm -rf "$root"
  fi
  echo "$image"
}

fill_root() {
  local root=$1 name
  shift
  mkdir -p "$root"/{bin,usr/bin,usr/sbin,proc,sys,dev,run,tmp,etc,guest,modules}
  ln -s bin "$root/sbin"
  cp "$eng/guest-init.sh" "$root/init"
  echo 'root:x:0:0:root:/run/home:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for name in $(busybox --list); do
    [ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"
  done
  for name in "$@"; do
    copy_program "$root" "$name"
  done
  copy_modules "$root/modules"
}

# A program with its shared libraries, and what it opens besides.
copy_program() {
  local root=$1 name=$2 path
  path=$(command -v "$name") || { echo "The guest needs the program $name, which is not installed here." >&2; return 1; }
  rm -f "$root/bin/$name"
  copy_with_libraries "$root" "$path"
  case $name in
    git)
      # The parts of git that it runs as programs of their own are all git itself.
      mkdir -p "$root/usr/lib/git-core" "$root/usr/share/git-core/templates"
      ln -s ../../bin/git "$root/usr/lib/git-core/git"
      for name in git-upload-pack git-receive-pack; do ln -s git "$root/usr/bin/$name"; done
      ;;
    perl)
      # The modules of Debian's perl-base, which every Debian has.
      path=$(perl -e 'print grep { /perl-base$/ } @INC')
      mkdir -p "$root$path"
      cp -r "$path/." "$root$path"
      rm -rf "$root$path/unicore"
      ;;
  esac
}

copy_with_libraries() {
  local root=$1 path=$2 file
  for file in "$path" $(ldd "$path" 2>/dev/null | grep -oE '/[^ ]+' || true); do
    mkdir -p "$root$(dirname "$file")"
    [ -e "$root$file" ] || cp -L "$file" "$root$file"
  done
}

# Those modules that guests load, each with what it needs, and the list that names the needs.
copy_modules() {
  local target=$1 modules=$store/kernel/modules name file
  for name in virtio_pci virtio_console virtiofs overlay; do
    grep "/$name.ko[^ ]*:" "$modules/modules.dep" | tee -a "$target/modules.dep" | tr -d : | tr ' ' '\n' | while read -r file; do
      mkdir -p "$target/$(dirname "$file")"
      cp "$modules/$file" "$target/$file"
    done
  done
}

# A /dev/kvm that opens may still run no ordinary kernel: boot one, once after each start of this machine.
accelerator() {
  local answer
  answer=$store/accelerator-$(cat /proc/sys/kernel/random/boot_id)
  if [ ! -e "$answer" ]; then
    rm -f "$store"/accelerator-*
    if [ -w /dev/kvm ] && kvm_runs; then echo kvm; else echo tcg; fi >"$answer"
  fi
  cat "$answer"
}

# The probe has no root: a kernel that runs gets as far as to panic, and says so.
kvm_runs() {
  kernel >/dev/null
  local said
  said=$(timeout 10 "$emulator" -accel kvm -cpu host -m 256M -nodefaults -display none -serial stdio -no-reboot \
    -kernel "$store/kernel/vmlinuz" -append 'console=ttyS0 panic=-1' </dev/null 2>/dev/null) || true
  [[ $said == *"Kernel panic"* ]]
}

mkdir -p "$store"
exec 9>"$store/lock"
flock 9
case ${1-} in
  kernel) kernel ;;
  initrd) shift; initrd "$@" ;;
  accelerator) accelerator ;;
  emulator) command -v "$emulator" || { echo "$emulator is not installed." >&2; exit 1; } ;;
  *) echo "usage: guest.sh kernel | initrd PROGRAM... | accelerator | emulator" >&2; exit 2 ;;
esac
