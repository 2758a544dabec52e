#!/usr/bin/env bash
# Creates a cluster with kind and tests the chart on it with the images nanomon/* of VERSION: installation, upgrade to
# values that use every part of the chart, rollback, a refused upgrade, uninstallation and a second installation, which
# finds the data of the first one. `just images` builds the images; `just test-kind` calls this script.
#
#   scripts/test-kind.sh VERSION
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$1 cluster=nanomon-test
kubectl=(kubectl --context "kind-$cluster") helm=(helm --kube-context "kind-$cluster")
finish() {
  local code=$?
  if [ "$code" != 0 ]; then
    "${kubectl[@]}" describe pods || true
    "${kubectl[@]}" logs --all-containers --prefix --selector app.kubernetes.io/instance=nanomon || true
  fi
  kind delete cluster --name "$cluster"
  exit "$code"
}
# use COMMAND [OPTION...] installs or upgrades the chart, and runs its test.
use() {
  "${helm[@]}" "$1" nanomon deploy/helm/nanomon --set "image.tag=$version" --wait --timeout 10m "${@:2}"
  "${helm[@]}" test nanomon --logs
}
# generations counts the changes of each Deployment and StatefulSet.
generations() { "${kubectl[@]}" get deployments,statefulsets --output 'jsonpath={.items[*].metadata.generation}'; }
uri() { "${kubectl[@]}" get secret nanomon-mongodb --output "jsonpath={.data.MONGO_URI}"; }

kind create cluster --name "$cluster" --wait 3m
trap finish EXIT
"${kubectl[@]}" label namespace default pod-security.kubernetes.io/enforce=restricted
for name in api runner frontend; do
  kind load docker-image --name "$cluster" "nanomon/$name:$version"
done
helm lint --strict deploy/helm/nanomon
use install
password=$(uri)

"${kubectl[@]}" create secret generic checks --from-literal=token=secret
"${kubectl[@]}" create configmap settings --from-literal=level=debug
use upgrade --values tests/deploy/kubernetes/chart/testdata/full-values.yaml

"${helm[@]}" rollback nanomon 1 --wait --timeout 10m
"${helm[@]}" test nanomon --logs

# The chart refuses this before it changes anything.
before=$(generations)
if refusal=$("${helm[@]}" upgrade nanomon deploy/helm/nanomon --set image.tag=other --set mongodb.persistence.size=16Gi 2>&1) ||
  [[ $refusal != *"mongodb.persistence.size can't change"* ]]; then
  echo "test-kind: the upgrade to another volume was not refused with a sentence: $refusal" >&2
  exit 1
fi
[ "$before" = "$(generations)" ]

# The claim and the secret stay, so the next installation has the same password and data.
"${helm[@]}" uninstall nanomon --wait
"${kubectl[@]}" get persistentvolumeclaim data-nanomon-mongodb-0
use install
[ "$password" = "$(uri)" ]
