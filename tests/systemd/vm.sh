#!/usr/bin/env bash
# Prove with a kernel of its own what a container cannot show: a camera inside the sandbox (vivid), the memory limit.
# Needs what nspawn.sh needs, and qemu-system-x86; takes some minutes, everything is emulated.
# Exit code: 0 proven, 1 not, 77 cannot be tried here.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "only root can boot a container"
for tool in systemd-nspawn qemu-system-x86_64 mke2fs; do
  command -v $tool > /dev/null || skip "$tool is missing: apt-get install systemd-container qemu-system-x86 e2fsprogs"
done
[ "$(uname -m)" = x86_64 ] || skip "an x86-64 machine is needed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "Python 3.11 is needed on this side"

roots=${OCR_EDGE_ROOTS:-/var/cache/ocr-edge-roots}
mkdir -p "$roots"
if [ ! -d "$roots/trixie-vm" ]; then
  command -v mmdebstrap > /dev/null || skip "$roots/trixie-vm is missing, and mmdebstrap too: apt-get install mmdebstrap"
  mmdebstrap --quiet --variant=apt \
    --include=systemd,systemd-sysv,python3,python3-venv,dbus,udev,passwd,ca-certificates,linux-image-amd64,initramfs-tools \
    trixie "$roots/trixie-vm.new"
  mv "$roots/trixie-vm.new" "$roots/trixie-vm"
fi
exec python3 tests/systemd/prove_vm.py "$roots/trixie-vm" "$roots/wheels-trixie"
