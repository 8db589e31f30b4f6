#!/usr/bin/env bash
# Shares a folder, boots a real Linux guest that mounts it, and shows on both sides that files pass through.
# With a PowerShell it goes through Start-VirtioFsShare, without one through vhost-user-fs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source eng/packages.sh
source eng/powershell.sh

work=''
engine=''
clean_up() {
  [ -z "$engine" ] || kill "$engine" 2>/dev/null || true
  [ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT

say() {
  printf '\n==> %s\n' "$*"
}

share_with_daemon() {
  say "Sharing with vhost-user-fs, since $pwsh_missing."
  out/VirtioFs/bin/vhost-user-fs --shared-dir "$work/folder" --socket-path "$work/socket" --tag demo &
  engine=$!
  until [ -S "$work/socket" ]; do
    kill -0 "$engine" 2>/dev/null || { echo "vhost-user-fs ended before it offered its socket." >&2; return 1; }
    sleep 0.05
  done
  eng/demo-guest.sh "$work/socket"
  kill "$engine"
  wait "$engine"
  engine=''
}

need qemu-system-x86_64 qemu-system-x86
need busybox busybox-static
install_needed
./build.sh build

work=$(mktemp -d)
mkdir "$work/folder"
echo "Written on the host $(uname -n) at $(date +%T)." >"$work/folder/from-host.txt"

if find_powershell; then
  say "Sharing with Start-VirtioFsShare in PowerShell."
  "$pwsh" -NoProfile -NonInteractive -File eng/demo.ps1 -Path "$work/folder" -Socket "$work/socket"
else
  share_with_daemon
fi

say "On the host, $work/folder has:"
ls -l "$work/folder"
if ! grep '^Written in the guest' "$work/folder/from-guest.txt"; then
  echo "The guest's file did not arrive." >&2
  exit 1
fi
say "The demo is complete: both sides saw each other's file."
