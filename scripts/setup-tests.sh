#!/usr/bin/env bash
# Installs what the tests need in addition to Go and Node.js: a C compiler for the race detector, Chromium for the
# browser tests, Java and Maven for one of the two MongoDB stand-ins, Python for the API fuzzer and systemd-analyze for
# the unit. The stand-ins and Prometheus go into .tools/. The headless Chromium shell is preferred, because it uses a
# third less CPU.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
command -v "${CC:-gcc}" >/dev/null || missing+=(gcc libc6-dev)
[ -n "${CHROMIUM:-}" ] || command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing+=(chromium-headless-shell)
command -v javac >/dev/null || missing+=(openjdk-17-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
[ "$(uname):$(id -u)" != Linux:0 ] || command -v systemd-analyze >/dev/null || missing+=(systemd)
if [ ${#missing[@]} -gt 0 ] && ! scripts/install-packages.sh "${missing[@]}"; then
  echo "setup-tests: to use an existing Chromium or Chrome, set CHROMIUM to its path" >&2
  exit 1
fi
scripts/build-ferretdb.sh
scripts/build-mongojava.sh
scripts/fetch-programs.sh prometheus prometheus promtool
