#!/usr/bin/env bash
# A Linux guest in QEMU: Debian's cloud kernel, and an initial RAM disk with busybox, perl and the programs that its script
# runs. What is made for that is kept in .tools/guest.
#   guest.sh check [SUITE]   says what this machine lacks, and fails; or makes everything ready
#   guest.sh boot            runs a guest; the script's output is the standard output, the kernel's console the standard error
#       --script FILE            lines for the guest's shell; the last line of output tells its exit status
#       --share TAG=SOCKET       a virtio-fs device and where its back end listens; may be repeated
#       --queues N               request queues of the devices that follow
#       --program NAME           a program of the host that the script uses; may be repeated
#       --files FOLDER           a folder whose files the guest finds in /guest
#       --memory MIB, --processors N
#       --suite NAME             the Debian suite of the kernel, such as sid; else this machine's own
#       --kernel ARGUMENTS       more for the kernel's command line
#       --monitor SOCKET         where QEMU takes commands
#       --uefi FILE              boots as a firmware boots a machine: FILE is to lie at EFI/BOOT/BOOTX64.EFI of the first share,
#                                becomes kernel and initial RAM disk in one, and is read by the firmware's own virtio-fs driver
#       --reboots                a reboot starts the kernel anew, with the same devices; else it ends the guest
set -euo pipefail
shopt -s inherit_errexit
eng=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
store=${eng%/*}/.tools/guest

case $(uname -m) in
  x86_64) architecture=amd64 emulator=qemu-system-x86_64 ;;
  *) echo "Guest kernels are prepared for x86-64 only; this machine is $(uname -m)." >&2; exit 1 ;;
esac

firmware=/usr/share/OVMF
uefi_stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub

suite=$(. /etc/os-release && echo "${VERSION_CODENAME-}")

# Everything that is made from one kernel lies in one folder.
kernel() { echo "$store/$suite"; }

make_kernel() {
  [ ! -e "$(kernel)" ] || return 0
  rm -rf "$store/unpacking"
  mkdir "$store/unpacking"
  unpack_kernel "$store/unpacking"
  mv "$store/unpacking" "$(kernel)"
}

# The package linux-image-cloud-* leads to those that have the kernel. They are unpacked, not installed.
unpack_kernel() (
  cd "$1"
  use_suite
  readarray -t packages < <(apt-cache "${apt_options[@]}" --recurse --important depends "linux-image-cloud-$architecture" \
    | grep -E '^linux-(image|binary|modules)-[0-9]')
  echo "Downloading the guest kernel: ${packages[*]}." >&2
  apt-get "${apt_options[@]}" download "${packages[@]}" >&2
  for file in *.deb; do dpkg -x "$file" package; done
  # The modules lie below /lib, or below /usr/lib in newer suites, which keep the image beside them.
  tree=package
  [ -d package/lib/modules ] || tree=package/usr
  release=$(ls "$tree/lib/modules")
  find "$tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
  busybox depmod -b "$tree" "$release"
  find package \( -name "vmlinuz-$release" -o -path "*/$release/vmlinuz" \) -exec mv {} vmlinuz \;
  mv "$tree/lib/modules/$release" modules
  rm -r package apt ./*.deb
)

# Sets $apt_options to an apt that knows $suite alone, and keeps its state in ./apt. Its archive is the machine's own.
use_suite() {
  local archive
  # shellcheck disable=SC2016 # apt's own variables
  archive=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' \
    | sed -n "s/^$(. /etc/os-release && echo "$VERSION_CODENAME") main //p" | head -n 1)
  [ -n "$archive" ] || { echo "apt has no Debian archive among its sources." >&2; return 1; }
  mkdir -p apt/lists/partial apt/archives/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main" >apt/sources.list
  apt_options=(-q -o "Dir::Etc::SourceList=$PWD/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$PWD/apt/lists"
    -o "Dir::Cache=$PWD/apt" -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
  apt-get "${apt_options[@]}" update >&2
}

# Prints the path of an initial RAM disk with these programs.
initrd() {
  make_kernel
  local key image
  key=$(printf '%s\n' "$@" "$(stat -c '%i %Y' "$(kernel)/vmlinuz" "$eng/guest-init.sh" "$eng/guest.sh")" | sha256sum | cut -c 1-16)
  image=$store/initrd-$key.cpio
  if [ ! -e "$image" ]; then
    local root=$store/root
    rm -rf "$root"
    fill_root "$root" perl "$@"
    (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$image.part"
    mv "$image.part" "$image"
    find "$store" -maxdepth 1 -name 'initrd-*' -mtime +0 -delete
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

# Those modules that guests load, each with what it needs, and the list that names the needs. A kernel has some built in.
copy_modules() {
  local target=$1 modules name file
  modules=$(kernel)/modules
  for name in virtio_pci virtio_console virtiofs overlay; do
    { grep "/$name.ko:" "$modules/modules.dep" || true; } | tee -a "$target/modules.dep" | tr -d : | tr ' ' '\n' | while read -r file; do
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
  local said
  said=$(timeout 10 "$emulator" -accel kvm -cpu host -m 256M -nodefaults -display none -serial stdio -no-reboot \
    -kernel "$(kernel)/vmlinuz" -append 'console=ttyS0 panic=-1' </dev/null 2>/dev/null) || true
  [[ $said == *"Kernel panic"* ]]
}

check() {
  command -v "$emulator" >/dev/null || { echo "$emulator is not installed." >&2; return 1; }
  command -v busybox >/dev/null || { echo "busybox is not installed." >&2; return 1; }
  initrd >/dev/null
}

boot() {
  local script='' files='' uefi='' kernel_arguments='' memory=768 processors=1 queues=1 reboots=-no-reboot programs=() devices=() share
  while [ $# -gt 0 ]; do
    case $1 in
      --script) script=$2; shift ;;
      --files) files=$2; shift ;;
      --uefi) uefi=$2; shift ;;
      --memory) memory=$2; shift ;;
      --processors) processors=$2; shift ;;
      --suite) suite=$2; shift ;;
      --queues) queues=$2; shift ;;
      --program) programs+=("$2"); shift ;;
      --kernel) kernel_arguments=$2; shift ;;
      --reboots) reboots='' ;;
      --monitor) devices+=(-monitor "unix:$2,server=on,wait=off"); shift ;;
      --share)
        share=${2%%=*}
        devices+=(-chardev "socket,id=$share,path=${2#*=}"
          -device "vhost-user-fs-pci,chardev=$share,tag=$share,queue-size=1024,num-request-queues=$queues")
        shift
        ;;
      *) echo "guest.sh boot does not know $1." >&2; return 2 ;;
    esac
    shift
  done
  check
  local accelerator cpu common
  accelerator=$(accelerator)
  if [ "$accelerator" = kvm ]; then cpu=host; else cpu=qemu64,+rdrand; fi
  common=$(initrd "${programs[@]}")
  exec 9>&-
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  add_own_files "$common" "$script" "$files"
  kernel_arguments="console=ttyS0 panic=-1 SCRIPT=/guest/script OUTPUT=/dev/ttyS1 MODULES=/modules $kernel_arguments"
  local start=(-kernel "$(kernel)/vmlinuz" -initrd "$work/initrd.cpio" -append "$kernel_arguments")
  if [ -n "$uefi" ]; then
    make_uefi_image "$uefi" "$kernel_arguments"
    cp "$firmware/OVMF_VARS_4M.fd" "$work/variables"
    start=(-drive "if=pflash,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd" -drive "if=pflash,format=raw,file=$work/variables")
  fi
  "$emulator" -nodefaults -no-user-config -display none ${reboots:+"$reboots"} \
    -machine "q35,memory-backend=memory,accel=$accelerator" -cpu "$cpu" -smp "$processors" \
    -m "${memory}M" -object "memory-backend-memfd,id=memory,size=${memory}M,share=on" \
    "${start[@]}" \
    -serial file:/dev/stderr -serial stdio "${devices[@]}" </dev/null &
  guest=$!
  trap 'kill "$guest" 2>/dev/null; wait "$guest"; exit 143' TERM INT
  wait "$guest"
}

# Kernel, initial RAM disk and command line in one program for firmware, around systemd's stub (systemd-stub(7)).
make_uefi_image() {
  mkdir -p "$(dirname "$1")"
  echo "$2" >"$work/arguments"
  objcopy --add-section .cmdline="$work/arguments" --change-section-vma .cmdline=0x30000 \
    --add-section .linux="$(kernel)/vmlinuz" --change-section-vma .linux=0x2000000 \
    --add-section .initrd="$work/initrd.cpio" --change-section-vma .initrd=0x5000000 "$uefi_stub" "$1"
}

# The kernel unpacks several archives that follow one another: the programs, then this guest's own files.
add_own_files() {
  local common=$1 script=$2 files=$3
  mkdir -p "$work/root/guest"
  [ -z "$files" ] || cp -r "$files/." "$work/root/guest"
  cp "$script" "$work/root/guest/script"
  cp "$common" "$work/initrd.cpio"
  (cd "$work/root" && find . | busybox cpio -o -H newc 2>/dev/null) >>"$work/initrd.cpio"
}

mkdir -p "$store"
# Two tests that begin at the same time make one kernel.
exec 9>"$store/lock"
flock 9
case ${1-} in
  check) suite=${2-$suite}; check ;;
  boot) shift; boot "$@" ;;
  *) echo "usage: guest.sh check [SUITE] | boot OPTION..." >&2; exit 2 ;;
esac
