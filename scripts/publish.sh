#!/usr/bin/env bash
# Publishes the images and the chart to a registry and signs them with cosign. `just publish` calls it with BUILD_INFO
# set. Docker must be signed in to the registry and needs a builder for several platforms: docker buildx create --use
#
#   scripts/publish.sh REGISTRY/PATH VERSION
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

repository=$1 version=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in api runner frontend standalone; do
  docker buildx build --file "build/Dockerfile.$name" --platform linux/amd64,linux/arm64 --tag "$repository/$name:$version" \
    --build-arg "VERSION=$version" --build-arg "BUILD_INFO=$BUILD_INFO" --sbom=true --push .
  digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$repository/$name:$version")
  cosign sign --yes "$repository/$name@$digest"
done

# The published chart uses the published images by default.
cp -r deploy/helm/nanomon "$work/chart"
sed -i "s|^  regRepo: .*|  regRepo: $repository|" "$work/chart/values.yaml"
helm package "$work/chart" --version "$version" --app-version "$version" --destination "$work"
# Helm prints the digest of the pushed chart.
helm push "$work/nanomon-$version.tgz" "oci://$repository/chart" 2>&1 | tee "$work/pushed"
digest=$(sed -n 's/^Digest: *//p' "$work/pushed")
cosign sign --yes "$repository/chart/nanomon@$digest"
