#!/usr/bin/env bash
# Creates a cluster with kind, installs the chart on it with the images nanomon/* of VERSION, and runs the test of the
# chart. `just images` builds the images; `just test-kind` calls this script.
#
#   scripts/test-kind.sh VERSION
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
