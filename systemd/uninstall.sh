#!/usr/bin/env bash
# Remove the ocr-edge service. Configuration, readings and bundles stay unless --purge is given.
set -euo pipefail

purge=no
case ${1:-} in
  '') ;;
  --purge) purge=yes ;;
  *) printf 'usage: sudo systemd/uninstall.sh [--purge]\n\n  --purge  also remove configuration, readings, bundles, secrets and the user ocr-edge\n'
    case $1 in -h | --help) exit 0 ;; *) exit 2 ;; esac ;;
esac
[ "$(id -u)" = 0 ] || { echo "uninstall.sh: must run as root: sudo $0" >&2; exit 1; }

LIB=/usr/local/lib
systemctl disable --quiet ocr-edge.service 2> /dev/null || true
if [ -d /run/systemd/system ]; then systemctl stop ocr-edge.service 2> /dev/null || true; fi
rm -rf /opt/ocr-edge $LIB/systemd/system/ocr-edge.service.d
rm -f /usr/local/bin/ocr-edge $LIB/systemd/system/ocr-edge.service $LIB/sysusers.d/ocr-edge.conf \
  $LIB/tmpfiles.d/ocr-edge.conf $LIB/udev/rules.d/60-ocr-edge.rules
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl reset-failed ocr-edge.service 2> /dev/null || true
fi
if [ $purge = no ]; then
  echo "ocr-edge is removed. Kept: /etc/ocr-edge, /var/lib/ocr-edge, /var/log/ocr-edge, /etc/credstore/ocr-edge.* and"
  echo "the user ocr-edge. Remove them too with: sudo $0 --purge"
  exit 0
fi
rm -rf /etc/ocr-edge /var/lib/ocr-edge /var/log/ocr-edge /etc/systemd/system/ocr-edge.service.d /etc/credstore/ocr-edge.*
if getent passwd ocr-edge > /dev/null; then userdel ocr-edge; fi
if getent group ocr-edge > /dev/null; then groupdel ocr-edge; fi
echo "ocr-edge and everything it kept are removed."
