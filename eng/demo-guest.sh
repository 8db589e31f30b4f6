#!/usr/bin/env bash
# The guest of the demo: demo-guest.sh SOCKET. It fails when the guest did not get to the end of its script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/script" <<'GUEST'
echo "Linux $(uname -r) has started. It mounts the share by its tag:"
echo "$ mount -t virtiofs demo /mnt"
mkdir -p /mnt
mount -t virtiofs demo /mnt
grep /mnt /proc/mounts
echo "$ ls -l /mnt; cat /mnt/from-host.txt"
ls -l /mnt
cat /mnt/from-host.txt
echo "$ echo ... >/mnt/from-guest.txt"
echo "Written in the guest, by Linux $(uname -r)." >/mnt/from-guest.txt
sync
GUEST

printf '\n==> Booting a Linux guest in QEMU.\n'
timeout 90 ./guest.sh boot --script "$work/script" --share "demo=$1" 2>"$work/console" \
  | tee "$work/output" | sed -u -e '/^guest exit status/d' -e 's/^/    guest | /' || true
if ! grep -qx 'guest exit status 0' "$work/output"; then
  echo "The guest did not finish. The last lines of its console:" >&2
  tail -n 20 "$work/console" >&2
  exit 1
fi
