#!/usr/bin/env bash
# Makes the fixture of version 0.1.0 in the folder OUTPUT: make.sh OUTPUT. Run it in the repository, after scripts/build-ferretdb.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$(mkdir -p "$1" && cd "$1" && pwd)
work=$(mktemp -d)
ferretdb=$PWD/.tools/ferretdb

mkdir "$work/source" "$work/data"
git archive 22167c5 | tar -x -C "$work/source"
mkdir "$work/source/tests/generator"
cp "$here"/{main,world,history,programs,record}.go "$work/source/tests/generator/"
cp "$here/intent.go" "$work/source/services/common/store/mongo/"

# The clock of the programs is set back. The build takes minutes, and the history must not end near the end of an hour.
offset=$(($(date +%s) - $(date -d 2025-03-12T10:15:00Z +%s)))
time=$(go env GOROOT)/src/time/time.go
sed "s/^\tsec, nsec, mono := runtimeNow()\$/&\n\tsec -= $offset/" "$time" >"$work/time.go"
echo "{\"Replace\": {\"$time\": \"$work/time.go\"}}" >"$work/overlay.json"
CGO_ENABLED=0 go build -C "$work/source" -overlay "$work/overlay.json" -trimpath -o "$work/bin/" \
  ./services/api ./services/runner ./services/standalone ./tests/generator

"$ferretdb" -listen 127.0.0.1:37117 -data "$work/data" &
trap 'kill $!; rm -rf "$work"' EXIT
"$work/bin/generator" sqlite "$output/sqlite" "$work/bin" ""
"$work/bin/generator" mongo "$output/mongo" "$work/bin" mongodb://127.0.0.1:37117/
