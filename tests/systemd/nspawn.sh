#!/usr/bin/env bash
# Prove install.sh and the unit in booted containers: tests/systemd/nspawn.sh [bookworm] [trixie]
# Needs root, systemd-container and, for the first run, mmdebstrap and a network; leaves roots and wheels in
# $OCR_EDGE_ROOTS for the next run. Exit code: 0 proven, 1 not, 77 cannot be tried here.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "only root can boot a container"
command -v systemd-nspawn > /dev/null || skip "systemd-nspawn is missing: apt-get install systemd-container"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "Python 3.11 is needed on this side"

roots=${OCR_EDGE_ROOTS:-/var/cache/ocr-edge-roots}
mkdir -p "$roots"
[ $# -gt 0 ] || set -- bookworm trixie
code=0
for suite in "$@"; do
  if [ ! -d "$roots/$suite" ]; then
    command -v mmdebstrap > /dev/null || skip "$roots/$suite is missing, and mmdebstrap too: apt-get install mmdebstrap"
    mmdebstrap --quiet --variant=apt \
      --include=systemd,systemd-sysv,python3,python3-venv,dbus,udev,passwd,ca-certificates "$suite" "$roots/$suite.new"
    mv "$roots/$suite.new" "$roots/$suite"
  fi
  python3 tests/systemd/prove.py "$roots/$suite" "$roots/wheels-$suite" || code=1
done
exit $code
