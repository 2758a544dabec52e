#!/usr/bin/env bash
# Puts prometheus and promtool into .tools/prometheus, from Debian's package, unless they are there or on the PATH. The package
# isn't installed, because that would start a service.
set -euo pipefail
cd "$(dirname "$0")/.."

[ ! -x .tools/prometheus/promtool ] || exit 0
{ ! command -v prometheus || ! command -v promtool; } >/dev/null || exit 0
if ! command -v apt-get >/dev/null; then
  echo "fetch-prometheus: please put prometheus and promtool on the PATH" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download() { (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root prometheus); }
download 2>/dev/null || { apt-get update -qq && download; }
dpkg-deb --extract "$work"/prometheus_*.deb "$work"
mkdir -p .tools/prometheus
mv "$work/usr/bin/prometheus" "$work/usr/bin/promtool" .tools/prometheus/
