#!/usr/bin/env bash
# Installs the chart with the images nanomon/* of VERSION on a cluster of its own, by kind, and runs the chart's test. Called
# by `just test-kind`; `just images` makes them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$1 cluster=nanomon-test
finish() {
  local code=$?
  if [ "$code" != 0 ]; then
    kubectl --context "kind-$cluster" describe pods || true
    kubectl --context "kind-$cluster" logs --all-containers --prefix --selector app.kubernetes.io/instance=nanomon || true
  fi
  kind delete cluster --name "$cluster"
  exit "$code"
}
kind create cluster --name "$cluster" --wait 3m
trap finish EXIT
kubectl --context "kind-$cluster" label namespace default pod-security.kubernetes.io/enforce=restricted
for name in api runner frontend; do
  kind load docker-image --name "$cluster" "nanomon/$name:$version"
done
helm lint --strict deploy/helm/nanomon
helm install nanomon deploy/helm/nanomon --kube-context "kind-$cluster" --set "image.tag=$version" --wait --timeout 10m
helm test nanomon --kube-context "kind-$cluster" --logs
