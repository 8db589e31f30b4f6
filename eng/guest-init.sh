#!/bin/sh
# The first process of a guest. It prepares what every program expects, runs the file $SCRIPT with its output on the
# device $OUTPUT, reports its exit status there in the last line, and turns the guest off. $MODULES is the folder that
# holds the kernel's modules. The three come from the kernel's command line.
# Under QEMU this is /init of the initial RAM disk; under User-Mode Linux the root is the host's own.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/run/home TMPDIR=/run/tmp LC_ALL=C

# Loads the kernel module $1, unless it is built in, after those that it needs; modules.dep names them last one first.
load() {
  needed=
  for module in $(busybox grep "/$1.ko:" "$MODULES/modules.dep" | busybox tr -d :); do
    needed="$module $needed"
  done
  for module in $needed; do
    busybox insmod "$MODULES/$module" 2>/dev/null
  done
}

# Busybox finds itself through /proc, which a User-Mode Linux has from its host until this line.
/bin/busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev 2>/dev/null
busybox mount -t tmpfs run /run
busybox mkdir -p "$HOME" "$TMPDIR"

busybox stty -F "$OUTPUT" raw
load virtio_pci
load virtiofs

exec 3>"$OUTPUT"
sh -eu "$SCRIPT" </dev/null >&3 2>&3 3>&-
status=$?
busybox umount -a -t virtiofs 2>/dev/null
echo "guest exit status $status" >&3
busybox stty -F "$OUTPUT" raw # returns when everything is sent
exec 3>&-
busybox poweroff -f
