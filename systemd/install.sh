#!/usr/bin/env bash
# Install or upgrade the ocr-edge service on Raspberry Pi OS or Debian, Bookworm or Trixie, 64 bit.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: sudo systemd/install.sh [--no-camera] [--no-start] [--offline WHEELS]
       sudo systemd/install.sh --rollback

Run it from a checkout or an unpacked source archive. A second run upgrades.

  --no-camera       do not install apt's picamera2: no camera on the ribbon cable is used
  --no-start        install and enable, but start nothing
  --offline WHEELS  take every Python package from this folder, none from the network
  --rollback        go back to the program that was there before the last upgrade
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

BASE=/opt/ocr-edge
LIB=/usr/local/lib
STATE=/var/lib/ocr-edge
PYTHON=/usr/bin/python3
camera=yes start=yes wheels='' rollback=''
while [ $# -gt 0 ]; do
  case $1 in
    --no-camera) camera=no ;;
    --no-start) start=no ;;
    --offline)
      [ -d "${2:-}" ] || fail "--offline needs a folder with wheels, found '${2:-}'"
      wheels=$(realpath "$2")
      shift
      ;;
    --rollback) rollback=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
here=$(realpath "$(dirname "$0")/..")

[ "$(id -u)" = 0 ] || fail "must run as root: sudo $0"
umask 022

running() { [ -d /run/systemd/system ]; }

switch_to() {  # the program that the unit starts, in one step: a power cut leaves the old one or the new one
  ln -sfn "$1" "$BASE/.venv"
  mv -T "$BASE/.venv" "$BASE/venv"
  sync -f "$BASE"
}

check() {  # as the service will see it: its user, its folders, its secrets; 1: only a receiver does not answer
  local arguments=() code=0
  while read -r line; do arguments+=(-p "$line"); done < <(grep '^LoadCredential=' "$here/systemd/ocr-edge.service")
  systemd-run --quiet --pipe --wait --collect -p User=ocr-edge -p StateDirectory=ocr-edge \
    -p StateDirectoryMode=0750 -p LogsDirectory=ocr-edge -p WorkingDirectory=$STATE "${arguments[@]}" \
    $BASE/venv/bin/ocr-edge check --config $STATE/config.toml || code=$?
  [ $code -le 1 ]
}

start_if_it_can() {
  if ! running; then
    say "systemd does not run here: the service starts at the next boot."
  elif [ $start = no ]; then
    say "Not started. Start it with: sudo systemctl restart ocr-edge"
  elif check; then
    systemctl restart ocr-edge
    say "Running. Watch it with: systemctl status ocr-edge; journalctl -u ocr-edge -f"
  else
    say "Not started: the configuration above needs you. Edit $STATE/config.toml, then:"
    say "  sudo ocr-edge check && sudo systemctl restart ocr-edge"
  fi
}

if [ -n "$rollback" ]; then
  [ -d "$BASE/previous/" ] || fail "there is no earlier program in $BASE to go back to"
  now=$(readlink "$BASE/venv") before=$(readlink "$BASE/previous")
  switch_to "$before"
  ln -sfn "$now" "$BASE/previous"
  say "The program is $before again; $now is kept as the previous one."
  start_if_it_can
  exit 0
fi

# What this machine is.
[ -f "$here/locks/edge.txt" ] || fail "$here/locks/edge.txt is missing: run this from a whole checkout"
architecture=$(dpkg --print-architecture)
case $architecture in
  arm64 | amd64) ;;
  *) fail "this system is $architecture; the interpreter needs a 64-bit one (Raspberry Pi OS 64-bit)" ;;
esac
systemd=$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')
[ "${systemd:-0}" -ge 252 ] || fail "systemd ${systemd:-not found}: 252 (Bookworm) or newer is needed"

# What apt must bring.
has() { dpkg -s "$1" > /dev/null 2>&1; }
packages=()
for package in python3 python3-venv; do
  has "$package" || packages+=("$package")
done
if has python3-picamera2; then camera=no; fi
if [ -z "$wheels" ] && { [ $camera = yes ] || [ ${#packages[@]} -gt 0 ]; }; then
  apt-get update -qq || say "apt could not renew its lists; going on with the old ones."
fi
if [ $camera = yes ]; then
  if apt-cache show python3-picamera2 > /dev/null 2>&1; then
    packages+=(python3-picamera2)
  else
    say "apt knows no python3-picamera2 (Raspberry Pi OS does): picamera2: sources will not work here, all others will."
  fi
fi
if [ ${#packages[@]} -gt 0 ]; then
  say "apt installs: ${packages[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" ||
    fail "apt could not install ${packages[*]}; without a network install them before"
fi
$PYTHON -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$($PYTHON --version): 3.11 or newer is needed"

# Bookworm's picamera2 was built against NumPy 1 and fails beside NumPy 2.
if $PYTHON -c 'import sys, numpy; sys.exit(not numpy.__version__.startswith("1."))' 2> /dev/null ||
  $PYTHON -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
  lock=locks/edge-bookworm.txt
else
  lock=locks/edge.txt
fi

# The program, beside the one that runs.
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$here/edge/ocr_edge/__init__.py")
[ -n "$version" ] || fail "$here/edge/ocr_edge/__init__.py names no version"
new=$BASE/$version-$(date +%Y%m%d-%H%M%S)
say "Building $new with $($PYTHON --version), $lock"
mkdir -p $BASE
trap 'rm -rf "$new"' EXIT
$PYTHON -m venv --system-site-packages "$new"
pip=("$new/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-cache-dir)
source=$here
if [ -n "$wheels" ]; then
  pip+=(--no-index --find-links "$wheels")
  wheel=$(find "$wheels" -maxdepth 1 -name "ocr_edge-$version-*.whl" -print -quit)
  source=${wheel:-$here}
fi
"${pip[@]}" --require-hashes -r "$here/$lock"
"${pip[@]}" --no-deps --force-reinstall "$source"
(cd / && "$new/bin/ocr-edge" bundle verify shipped) || fail "the new program does not work here; the old one was left as it is"
trap - EXIT
sync -f $BASE

# The service around it.
install -D -m 644 "$here/systemd/ocr-edge.sysusers.conf" $LIB/sysusers.d/ocr-edge.conf
install -D -m 644 "$here/systemd/ocr-edge.tmpfiles.conf" $LIB/tmpfiles.d/ocr-edge.conf
install -D -m 644 "$here/systemd/60-ocr-edge.rules" $LIB/udev/rules.d/60-ocr-edge.rules
install -D -m 644 "$here/systemd/ocr-edge.service" $LIB/systemd/system/ocr-edge.service
if [ "$systemd" -ge 254 ]; then
  install -D -m 644 "$here/systemd/backoff.conf" $LIB/systemd/system/ocr-edge.service.d/10-backoff.conf
fi
systemd-sysusers $LIB/sysusers.d/ocr-edge.conf
for group in gpio render; do
  if getent group $group > /dev/null; then systemd-sysusers --inline "m ocr-edge $group"; fi
done
systemd-tmpfiles --create $LIB/tmpfiles.d/ocr-edge.conf
if running && command -v udevadm > /dev/null; then
  udevadm control --reload 2> /dev/null || true
  udevadm trigger --subsystem-match=dma_heap --subsystem-match=gpio 2> /dev/null || true
fi

# The configuration: an owner's file is never touched.
install -D -m 644 "$here/systemd/config.example.toml" /etc/ocr-edge/config.example.toml
[ -e /etc/ocr-edge/config.toml ] || install -m 644 "$here/systemd/config.example.toml" /etc/ocr-edge/config.toml
if [ ! -e $STATE/config.toml ]; then
  install -m 640 -o ocr-edge -g ocr-edge /etc/ocr-edge/config.toml $STATE/config.toml
fi

if [ -L $BASE/venv ]; then
  ln -sfn "$(readlink $BASE/venv)" $BASE/previous
fi
switch_to "$(basename "$new")"
ln -sfn $BASE/venv/bin/ocr-edge /usr/local/bin/ocr-edge
for old in "$BASE"/*/; do
  case $(basename "$old") in
    venv | previous | "$(readlink $BASE/venv)" | "$(readlink $BASE/previous || true)") ;;
    *) rm -rf "$old" ;;
  esac
done

if running; then systemctl daemon-reload; fi
systemctl enable --quiet ocr-edge.service
if [ ! -e /sys/fs/cgroup/memory.current ] && running && ! grep -qw memory /sys/fs/cgroup/cgroup.controllers 2> /dev/null; then
  say "The kernel does not limit memory here, so MemoryMax= has no effect; docs/service.md says how to switch it on."
fi
say "ocr-edge $version is installed. Its configuration is $STATE/config.toml, every key is explained in"
say "/etc/ocr-edge/config.example.toml."
start_if_it_can
