#!/usr/bin/env bash
# Reads the example pictures in an emulated 64-bit ARM Debian Trixie and natively, and compares the readings.
#
#     sudo tests/proofs/aarch64.sh [ROOT]
#
# ROOT is a folder with an arm64 Trixie; it is made where it is missing (about 5 minutes). Needs root, and Debian's
# qemu-user-static, binfmt-support, arch-test and mmdebstrap. CORES lists the emulated cores; PYTHON chooses the
# native interpreter: the same version as Trixie's, 3.13, gets the same packages. Ends with 1 when one side
# reads a line surely that the other does not.
set -euo pipefail
root=$(realpath -m "${1:-${ROOT:-/var/tmp/ocr-edge-trixie-arm64}}")
python=${PYTHON:-python3}
if [ -z "${PYTHON:-}" ] && python3.13 -c pass 2> /dev/null; then python=python3.13; fi
# Never qemu's default, which has every extension there is: OpenBLAS then takes matrix kernels that no Pi has and
# qemu 7.2 gets wrong.
cores=${CORES:-cortex-a53 cortex-a72 cortex-a76}
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

die() { echo "aarch64.sh: $*" >&2; exit 2; }
step() { printf '== %s (%s s)\n' "$*" "$SECONDS"; }

# What /proc/cpuinfo says on a Pi with this core: the interpreter chooses its kernels by it.
cpuinfo() {
  local part features="fp asimd evtstrm crc32 cpuid"
  case $1 in
    cortex-a53) part=0xd03 ;; # Pi 3, Zero 2 W
    cortex-a72) part=0xd08 ;; # Pi 4
    cortex-a76) # Pi 5
      part=0xd0b
      features="fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"
      ;;
    *) die "core $1: known are cortex-a53, cortex-a72 and cortex-a76" ;;
  esac
  local number
  for number in 0 1 2 3; do
    printf 'processor\t: %s\nFeatures\t: %s\nCPU implementer\t: 0x41\nCPU architecture: 8\n' "$number" "$features"
    printf 'CPU variant\t: 0x0\nCPU part\t: %s\nCPU revision\t: 3\n\n' "$part"
  done
}

[ "$(id -u)" = 0 ] || die "needs root: it makes a Debian root and changes into it"
if [ ! -e /proc/sys/fs/binfmt_misc/status ]; then
  mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || die "this kernel has no binfmt_misc"
fi
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64 \
  || die "qemu is not set up: apt-get install qemu-user-static binfmt-support arch-test mmdebstrap"

if [ ! -x "$root/usr/bin/python3" ]; then
  step "make $root"
  QEMU_CPU=${cores##* } mmdebstrap --architectures=arm64 --variant=apt --include=python3,python3-venv,ca-certificates trixie "$root"
fi

work=$(mktemp -d)
finish() {
  umount "$root/proc/cpuinfo" "$root/proc" 2> /dev/null || true
  rm -rf "$work"
}
trap finish EXIT
mount -t proc proc "$root/proc"
touch "$work/cpuinfo"
mount --bind "$work/cpuinfo" "$root/proc/cpuinfo"
if [ ! -e "$root/sys/devices" ]; then
  mkdir -p "$root/sys/devices/system/cpu"
  echo 0-3 | tee "$root/sys/devices/system/cpu/possible" > "$root/sys/devices/system/cpu/present"
fi

step "build the wheel"
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" --quiet wheel --no-deps --wheel-dir "$work" "$repo"
wheel=$(echo "$work"/*.whl)

step "install and read natively, $("$python" --version) $(uname -m)"
"$work/venv/bin/pip" --quiet install --require-hashes -r "$repo/locks/edge.txt"
"$work/venv/bin/pip" --quiet install --no-deps "$wheel"
"$work/venv/bin/pip" freeze --local | grep -v '^ocr-edge' | sort > "$work/native.freeze"
cp -r "$repo/examples" "$work/examples"
now() { date +%s.%N; }
elapsed() { echo "$1 $(now)" | awk '{ printf "%.1f s", $2 - $1 }'; }
started=$(now)
(cd "$work" && venv/bin/ocr-edge read examples --format json) > "$work/native.jsonl"
echo "read in $(elapsed "$started")"

step "install in $root"
into=$root/opt/ocr-edge-proof
rm -rf "$into"
mkdir -p "$into"
cp -r "$work/examples" "$work/native.jsonl" "$wheel" "$repo/locks/edge.txt" "$into"
# This machine's name servers, certificates and package index hold in there too.
cp --dereference --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
cp --dereference /etc/ssl/certs/ca-certificates.crt "$into/ca.crt"
index=$("$work/venv/bin/pip" config get global.index-url 2>/dev/null || true)
core=${cores##* }
inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    QEMU_CPU="$core" PIP_CERT=/opt/ocr-edge-proof/ca.crt ${index:+PIP_INDEX_URL="$index"} PIP_DEFAULT_TIMEOUT=180 \
    sh -euc "cd /opt/ocr-edge-proof; $1"
}
inside "python3 -m venv venv
  venv/bin/pip --quiet install --require-hashes -r edge.txt
  venv/bin/pip --quiet install --no-deps ./*.whl
  venv/bin/pip freeze --local | grep -v '^ocr-edge' | sort > freeze"

echo "packages that differ, native < and aarch64 >:"
diff "$work/native.freeze" "$into/freeze" && echo "none"

different=0
for core in $cores; do
  cpuinfo "$core" > "$work/cpuinfo"
  step "read on $core, $(inside 'echo $(python3 --version) $(uname -m)')"
  started=$(now)
  inside "venv/bin/ocr-edge read examples --format json" > "$into/$core.jsonl"
  echo "read in $(elapsed "$started")"
  "$work/venv/bin/python" "$here/same_readings.py" "$into/native.jsonl" "$into/$core.jsonl" || different=1
done
step "done; the readings are in $into"
exit $different
