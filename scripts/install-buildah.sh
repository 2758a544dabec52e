#!/usr/bin/env bash
# Installs what the tests of the images need: buildah, which builds them without a daemon, and ip for the network of a container.
set -euo pipefail

missing=()
command -v buildah >/dev/null || missing+=(buildah)
command -v ip >/dev/null || missing+=(iproute2)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install-buildah: please install ${missing[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
