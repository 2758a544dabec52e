#!/usr/bin/env bash
# Installs a Go program into .tools/, unless this version is there.
#
#   scripts/install-go-program.sh PROGRAM MODULE@VERSION
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=$1 module=$2
if ! go version -m ".tools/$program" 2>/dev/null | grep "${module/@/[[:space:]]}[[:space:]]" >/dev/null; then
  GOBIN="$PWD/.tools" go install "$module"
fi
