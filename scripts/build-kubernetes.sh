#!/usr/bin/env bash
# Builds the programs of a Kubernetes cluster, Helm 3 and Helm 4 for the tests, and prints the folder with them: kubernetes,
# helm, helm4, and crds with the resource definitions of the Gateway API and of the Prometheus operator.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

module() { go list -C tests/support/kubernetes -m -f "{{.$2}}" "$1"; }
version=$(module k8s.io/kubernetes Version)
IFS=.v read -r _ major minor _ <<<"$version"
stamp=k8s.io/component-base/version
folder=$(LDFLAGS="-X $stamp.gitVersion=$version -X $stamp.gitMajor=$major -X $stamp.gitMinor=$minor" \
  scripts/build-test-program.sh kubernetes helm=helm.sh/helm/v3/cmd/helm helm4=helm.sh/helm/v4/cmd/helm)
if [ ! -d "$folder/crds" ]; then
  work=$(mktemp -d "$folder/.crds-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  go mod download -C tests/support/kubernetes sigs.k8s.io/gateway-api github.com/prometheus-operator/prometheus-operator
  cp --no-preserve=mode "$(module sigs.k8s.io/gateway-api Dir)"/config/crd/standard/*.yaml "$work"
  cp --no-preserve=mode "$(module github.com/prometheus-operator/prometheus-operator Dir)"/example/prometheus-operator-crd/*.yaml "$work"
  mv -T "$work" "$folder/crds" 2>/dev/null || [ -d "$folder/crds" ]
fi
echo "$folder"
