#!/usr/bin/env bash
# Runs a libvirtd of the tests' own until it is told to end: its sockets and its number lie in a folder of its own, its state and its
# configuration in file systems that only it sees, so another daemon of the machine is neither needed nor touched nor in the way.
#   libvirtd.sh FOLDER      the daemon listens at FOLDER/libvirt-sock, and logs to FOLDER/libvirtd.log
# Its processes have a name space of their own, so its guests end with it. A daemon that is told to end by SIGTERM is started again, under its
# guests. Needs root.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)

# The configuration that the machine has, with the sockets and the log of this daemon.
if [ ! -e "$folder/etc" ]; then
  cp -rL /etc/libvirt "$folder/etc" 2>/dev/null || mkdir -p "$folder/etc"
  cat >"$folder/etc/libvirtd.conf" <<-END
	unix_sock_dir = "$folder"
	unix_sock_rw_perms = "0700"
	auth_unix_rw = "none"
	auth_unix_ro = "none"
	log_outputs = "2:file:$folder/libvirtd.log"
	END
  # virtlogd, which would take the guests' output, has its sockets in the machine's own folder.
  sed -i '/^ *stdio_handler/d' "$folder/etc/qemu.conf" 2>/dev/null || true
  echo 'stdio_handler = "file"' >>"$folder/etc/qemu.conf"
fi
chmod 755 "$folder"

# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --pid --fork --kill-child --mount-proc bash -euc '
  mount --bind "$1/etc" /etc/libvirt
  for state in /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
    mkdir -p "$state"
    mount -t tmpfs -o mode=755 tmpfs "$state"
  done
  exec tini -- bash -c "while libvirtd --pid-file \"\$1/libvirtd.pid\"; do :; done" libvirtd "$1"' libvirtd "$folder" &
daemon=$!
# unshare takes no signal but this one while its child runs; the child and all of its name space end with it.
trap 'kill -KILL "$daemon" 2>/dev/null' EXIT
trap 'exit 143' TERM INT
wait "$daemon"
