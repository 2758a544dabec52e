#!/usr/bin/env bash
# Builds the MongoDB stand-in of the tests as .tools/ferretdb, unless what is there is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .tools/ferretdb ] || [ -n "$(find tests/ferretdb -newer .tools/ferretdb)" ]; then
  mkdir -p .tools
  go build -C tests/ferretdb -o ../../.tools/ferretdb .
  touch .tools/ferretdb
fi
