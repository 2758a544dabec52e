#!/usr/bin/env bash
# Builds programs for the tests from the Go module tests/support/NAME, and prints the folder with them. The folder is in
# the cache of the user and depends on the files of the module, so that other clones use the same programs.
#
#   scripts/build-test-program.sh NAME [PROGRAM=PACKAGE...]
#
# The package of the module becomes the program NAME; each PACKAGE of another module becomes PROGRAM. LDFLAGS are used
# for all of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../tests/support/$1"

name=$1
programs=("$name=." "${@:2}")
hash=$(cat go.mod go.sum ./*.go <(echo "${programs[@]}" "${LDFLAGS:-}" && go env GOVERSION GOARCH) | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/nanomon-tools
folder=$cache/$name-$hash
if [ ! -d "$folder" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.building-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work" # other users may run the programs
  echo "build-test-program: building $name, which can take up to 15 minutes the first time" >&2
  for program in "${programs[@]}"; do
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w ${LDFLAGS:-}" -o "$work/${program%%=*}" "${program#*=}"
  done
  # Another process may have built the same folder at the same time.
  mv -T "$work" "$folder" 2>/dev/null || [ -d "$folder" ]
  # Remove what nobody has used for a month, and what a killed build has left.
  find "$cache" -maxdepth 1 \( -name "$name-*" ! -path "$folder" -mtime +30 -o -name '.building-*' -mtime +1 \) -exec rm -rf {} +
fi
touch "$folder"
echo "$folder"
