#!/usr/bin/env bash
# Runs the picamera2 source on a real picamera2 and a real libcamera whose camera is a folder of pictures.
#
#     sudo tests/proofs/picamera2_virtual.sh [ROOT]
#
# ROOT is a folder with an x86-64 Debian Trixie; it is made where it is missing (a minute). Needs root and Debian's
# mmdebstrap. No camera, no Raspberry Pi and no kernel driver is needed. Ends with 1 when something is not as it
# should be.
set -euo pipefail
root=$(realpath -m "${1:-${ROOT:-/var/tmp/ocr-edge-trixie-camera}}")
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
packages=python3,python3-venv,python3-dev,python3-libcamera,libcamera-tools,gcc,libc6-dev,libcap-dev,ca-certificates

die() { echo "picamera2_virtual.sh: $*" >&2; exit 2; }
step() { printf '== %s (%s s)\n' "$*" "$SECONDS"; }

[ "$(id -u)" = 0 ] || die "needs root: it makes a Debian root and changes into it"
if [ ! -x "$root/usr/bin/python3" ]; then
  command -v mmdebstrap > /dev/null || die "mmdebstrap is missing: apt-get install mmdebstrap"
  step "make $root"
  mmdebstrap --variant=apt --include="$packages" trixie "$root"
fi

mounted=
finish() { if [ -n "$mounted" ]; then umount "$root/proc"; fi; }
trap finish EXIT
if [ ! -e "$root/proc/self" ]; then
  mount -t proc proc "$root/proc"
  mounted=yes
fi

into=$root/opt/ocr-edge-proof
rm -rf "$into"
mkdir -p "$into"
cp "$here/dma_heap_shim.c" "$here/virtual_camera.py" "$here/prove_camera.py" "$repo/locks/edge.txt" "$into"
cp -r "$repo/examples" "$into"
(cd "$repo" && tar -c --exclude=__pycache__ pyproject.toml README.md CHANGELOG.md LICENSE edge train convert) |
  (mkdir "$into/source" && tar -x -C "$into/source")
# This machine's name servers, certificates and package index hold in there too.
cp --dereference --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
cp --dereference /etc/ssl/certs/ca-certificates.crt "$into/ca.crt"
index=$(python3 -m pip config get global.index-url 2>/dev/null || true)
inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    PIP_CERT=/opt/ocr-edge-proof/ca.crt ${index:+PIP_INDEX_URL="$index"} \
    sh -euc "cd /opt/ocr-edge-proof; $1"
}

step "install in $root"
inside "dpkg -s $(echo "$packages" | tr , ' ') > /dev/null 2>&1" || inside "
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(echo "$packages" | tr , ' ')" > /dev/null
inside "gcc -O1 -Wall -Werror -shared -fPIC -o dma_heap_shim.so dma_heap_shim.c
  python3 -m venv --system-site-packages venv
  venv/bin/pip --quiet install --require-hashes -r edge.txt
  venv/bin/pip --quiet install picamera2==0.3.38
  venv/bin/pip --quiet install --no-deps ./source"

step "the virtual camera"
inside "venv/bin/python prove_camera.py pictures"
shimmed() {
  # libcamera 0.4 leaves a frame's status unset; memory that malloc fills with zeros reads as success.
  inside "export GLIBC_TUNABLES=glibc.malloc.perturb=255:glibc.malloc.tcache_count=0
    export LD_PRELOAD=/opt/ocr-edge-proof/dma_heap_shim.so
    $1"
}
shimmed "cam --list"

step "the source"
shimmed "venv/bin/python prove_camera.py run"

step "the daemon"
shimmed "venv/bin/python prove_camera.py daemon"
step "done"
