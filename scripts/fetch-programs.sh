#!/usr/bin/env bash
# Extracts programs of a Debian package into .tools/bin/, unless they are there or on the PATH. The package is not
# installed, because that could start a service.
#
#   scripts/fetch-programs.sh PACKAGE PROGRAM...
set -euo pipefail
cd "$(dirname "$0")/.."

package=$1
missing=()
for program in "${@:2}"; do
  [ -x ".tools/bin/$program" ] || command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo "fetch-programs: ${missing[*]} not found: install it and put it on the PATH" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download() { (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package"); }
download 2>/dev/null || { apt-get update -qq && download; }
dpkg-deb --extract "$work"/*.deb "$work"
mkdir -p .tools/bin
for program in "${missing[@]}"; do
  mv "$work/usr/bin/$program" .tools/bin/
done
