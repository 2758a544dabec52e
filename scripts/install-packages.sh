#!/usr/bin/env bash
# Installs Debian packages. Without root or apt-get it prints which packages to install, and fails.
#
#   scripts/install-packages.sh PACKAGE...
set -euo pipefail

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "install-packages: root and apt-get are required: please install these packages yourself: $*" >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
