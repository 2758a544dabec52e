#!/usr/bin/env bash
# Installs the chart with the images nanomon/* of VERSION on a cluster of its own, by kind, and runs the chart's test. Called
# by `just test-kind`; `just images` makes them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$1 cluster=nanomon-test
finish() {
  local code=$?
  [ "$code" = 0 ] || kubectl --context "kind-$cluster" describe pods || true
  kind delete cluster --name "$cluster"
  exit "$code"
}
kind create cluster --name "$cluster" --wait 3m
trap finish EXIT
for name in api runner frontend; do
  kind load docker-image --name "$cluster" "nanomon/$name:$version"
done
helm lint --strict deploy/helm/nanomon
helm install nanomon deploy/helm/nanomon --kube-context "kind-$cluster" --set "image.tag=$version" --wait --timeout 10m
helm test nanomon --kube-context "kind-$cluster" --logs
