#!/usr/bin/env bash
# Installs `just` into .tools/, from the npm package rust-just, which contains a binary for each platform.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=1.57.0

command -v npm >/dev/null || {
  echo "install-just: npm is not on the PATH: install Node.js 20 or newer, or install just yourself" >&2
  exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" "rust-just@$version"
binary=$(find "$work/node_modules" -path '*/rust-just-*/bin/just*' -type f | head -n 1)
[ -n "$binary" ] || {
  echo "install-just: rust-just $version has no binary for this platform: install just yourself" >&2
  exit 1
}
mkdir -p .tools
install -m 755 "$binary" .tools/just
echo "installed $(.tools/just --version) into .tools/"
