#!/usr/bin/env bash
# Creates a release in bin/release: an archive of the programs and an SBOM (CycloneDX) for each platform, and SHA256SUMS
# of all files. The archives are reproducible. `just release-binaries` calls it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$1
release=$PWD/bin/release
rm -rf "$release"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$release"
for os in linux darwin windows; do
  for arch in amd64 arm64; do
    name=nanomon_${version}_${os}_$arch
    mkdir "$work/$name"
    GOOS=$os GOARCH=$arch scripts/just _compile "$work/$name/"
    node scripts/sbom.mjs "$version" "$work/$name" >"$release/$name.cdx.json"
    cp LICENSE README.md .env.sample "$work/$name/"
    [ $os != linux ] || cp scripts/install.sh "$work/$name/"
    tar -C "$work" --sort=name --mtime="@$(git log -1 --format=%ct)" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - "$name" |
      gzip -9n >"$release/$name.tar.gz"
    rm -r "${work:?}/$name"
  done
done
cd "$release"
sha256sum -- nanomon_* >SHA256SUMS
