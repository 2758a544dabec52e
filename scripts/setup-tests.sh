#!/usr/bin/env bash
# Installs what the tests need beside Go and Node.js: a C compiler for the race detector, a Chromium for the browser
# tests, Java and Maven for one of the two MongoDB stand-ins, Python for the fuzzer of the API, what looks at the units of
# systemd, and these stand-ins and Prometheus, which are put into .tools/. The Chromium that has no windows takes a third
# less of the processor.
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
  echo "setup-tests: instead of installing a Chromium, CHROMIUM may be set to the path of one, or of a Chrome" >&2
  exit 1
fi
scripts/build-ferretdb.sh
scripts/build-mongojava.sh
scripts/fetch-programs.sh prometheus prometheus promtool
