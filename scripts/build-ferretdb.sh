#!/usr/bin/env bash
# Builds the MongoDB stand-in of the tests as .tools/ferretdb, unless what is there is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .tools/ferretdb ] || [ -n "$(find tests/ferretdb scripts/build-ferretdb.sh -newer .tools/ferretdb)" ]; then
  mkdir -p .tools
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # FerretDB holds a connection to SQLite for each update of a bulk until all are done. It has 100, so two clients with bulks
  # of 60 wait for each other for ever: let go of each when its update is done.
  go mod download -C tests/ferretdb
  cp -r --no-preserve=mode "$(go list -C tests/ferretdb -m -f '{{.Dir}}' github.com/FerretDB/FerretDB)" "$work/ferretdb"
  sed -i 's/^\t\tmatched += result.Matched.Count$/\t\tcloser.Close()\n&/' "$work/ferretdb/internal/handler/msg_update.go"
  grep -q '^\s*closer.Close()$' "$work/ferretdb/internal/handler/msg_update.go"
  # It looks a document up by its id only where nothing else is asked of it, and else reads all. What else is asked is tried on
  # what was found in any case.
  sed -i 's/params\.Filter\.Len() == 1/params.Filter.Len() > 0/' "$work/ferretdb/internal/backends/sqlite/collection.go"
  grep -q 'params.Filter.Len() > 0' "$work/ferretdb/internal/backends/sqlite/collection.go"
  cp tests/ferretdb/go.mod tests/ferretdb/go.sum "$work/"
  go mod edit -replace "github.com/FerretDB/FerretDB=$work/ferretdb" "$work/go.mod"
  go build -C tests/ferretdb -modfile "$work/go.mod" -o ../../.tools/ferretdb .
  touch .tools/ferretdb
fi
