#!/usr/bin/env bash
# Builds the MongoDB stand-in of the tests as .tools/ferretdb, unless what is there is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .tools/ferretdb ] || [ -n "$(find tests/ferretdb scripts/build-ferretdb.sh -newer .tools/ferretdb)" ]; then
  mkdir -p .tools
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # Until a bulk of updates is done, FerretDB holds a connection to SQLite for each update in it. It has 100, so two clients
  # with bulks of 60 wait for each other for ever: give it more.
  go mod download -C tests/ferretdb
  cp -r --no-preserve=mode "$(go list -C tests/ferretdb -m -f '{{.Dir}}' github.com/FerretDB/FerretDB)" "$work/ferretdb"
  sed -i 's/Conns(100)/Conns(5000)/' "$work/ferretdb/internal/backends/sqlite/metadata/pool/opendb.go"
  cp tests/ferretdb/go.mod tests/ferretdb/go.sum "$work/"
  go mod edit -replace "github.com/FerretDB/FerretDB=$work/ferretdb" "$work/go.mod"
  go build -C tests/ferretdb -modfile "$work/go.mod" -o ../../.tools/ferretdb .
  touch .tools/ferretdb
fi
