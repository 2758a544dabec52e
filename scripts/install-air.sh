#!/usr/bin/env bash
# Installs air into .tools/. It rebuilds a Go service when its code changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=v1.67.4

if ! go version -m .tools/air 2>/dev/null | grep -q "air-verse/air[[:space:]]$version"; then
  GOBIN="$PWD/.tools" go install "github.com/air-verse/air@$version"
fi
