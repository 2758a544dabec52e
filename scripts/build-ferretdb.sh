#!/usr/bin/env bash
# Builds FerretDB, a MongoDB stand-in for the tests, as .tools/ferretdb, unless it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .tools/ferretdb ] || [ -n "$(find tests/support/ferretdb scripts/build-ferretdb.sh -newer .tools/ferretdb)" ]; then
  mkdir -p .tools
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # FerretDB keeps one of its 100 SQLite connections for each update of a bulk until the bulk is done, so two clients
  # with bulks of 60 updates block each other forever. Patch: release each connection when its update is done.
  go mod download -C tests/support/ferretdb
  cp -r --no-preserve=mode "$(go list -C tests/support/ferretdb -m -f '{{.Dir}}' github.com/FerretDB/FerretDB)" "$work/ferretdb"
  sed -i 's/^\t\tmatched += result.Matched.Count$/\t\tcloser.Close()\n&/' "$work/ferretdb/internal/handler/msg_update.go"
  grep -q '^\s*closer.Close()$' "$work/ferretdb/internal/handler/msg_update.go"
  # FerretDB uses the index on _id only for filters with no other field, and otherwise scans the collection. Patch:
  # always use it; the rest of the filter is applied to the found document anyway.
  sed -i 's/params\.Filter\.Len() == 1/params.Filter.Len() > 0/' "$work/ferretdb/internal/backends/sqlite/collection.go"
  grep -q 'params.Filter.Len() > 0' "$work/ferretdb/internal/backends/sqlite/collection.go"
  # The embedded FerretDB has no setting for the name of its replica set. Patch: add one.
  sed -i -e 's/^type Config struct {$/&\n\tReplSetName string/' -e 's/^\t\tTCPHost: .*/&\n\t\tReplSetName: config.ReplSetName,/' "$work/ferretdb/ferretdb/ferretdb.go"
  [ "$(grep -c ReplSetName "$work/ferretdb/ferretdb/ferretdb.go")" = 2 ]
  cp tests/support/ferretdb/go.mod tests/support/ferretdb/go.sum "$work/"
  go mod edit -replace "github.com/FerretDB/FerretDB=$work/ferretdb" "$work/go.mod"
  CGO_ENABLED=0 go build -C tests/support/ferretdb -modfile "$work/go.mod" -o ../../../.tools/ferretdb .
  touch .tools/ferretdb
fi
