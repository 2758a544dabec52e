#!/usr/bin/env bash
# Installs what the tests need beside Go and Node.js: a C compiler for the race detector, a Chromium for the browser
# tests, and the MongoDB stand-in, which is built into .tools/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
command -v "${CC:-gcc}" >/dev/null || missing+=(gcc libc6-dev)
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || missing+=(chromium)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "setup-tests: please install ${missing[*]} (or set CHROMIUM to the path of a Chromium or Chrome)" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
scripts/build-ferretdb.sh
