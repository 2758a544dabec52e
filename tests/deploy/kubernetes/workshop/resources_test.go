package workshop

// testdata is the folder with what stands in for downloads.
const testdata = "tests/deploy/kubernetes/workshop/testdata"

// settled is seen when no pod is being deleted.
var settled = sight{"kubectl get pods --output jsonpath='{.items[*].metadata.deletionTimestamp}'", `^$`}

var resources = []step{
	{command: "kubectl set resources deployment/frontend --requests=memory=4Mi --limits=memory=4Mi", prints: "resource requirements updated",
		sees: []sight{{"kubectl rollout status deployment/frontend", "successfully rolled out"}}},
	{command: "kubectl get pods --selector app.kubernetes.io/component=frontend", prints: `frontend-`, sees: []sight{settled}},
	{command: "kubectl describe pod --show-events --selector app.kubernetes.io/component=frontend", prints: `memory: +4Mi`},
	{command: "kubectl rollout undo deployment/frontend", prints: undone},
	{command: "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml",
		as: "kubectl apply -f " + testdata + "/metrics-server.yaml"},
	{command: `kubectl patch deployment/metrics-server --namespace kube-system --type=json --patch '[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--kubelet-insecure-tls"}]'`, prints: "patched"},
	{command: "kubectl rollout status deployment/metrics-server --namespace kube-system", prints: "successfully rolled out"},
	{command: "sleep 30", skip: "waits for the metrics server"},
	{command: "kubectl top pods", skip: "needs a metrics server"},
	{command: "kubectl apply -f deploy/kubernetes/steps/autoscaling.yaml",
		prints: `^horizontalpodautoscaler.autoscaling/api created\npoddisruptionbudget.policy/api created\n$`,
		sees:   []sight{{"kubectl get poddisruptionbudget api --output jsonpath='{.status.disruptionsAllowed}'", `^1$`}}},
	{command: "kubectl run load --namespace default --image=busybox:1.37 -- sh -c 'while true; do wget -q -O- http://api.nanomon:8000/api/monitors >/dev/null; done'",
		prints: "pod/load created"},
	{command: "kubectl get horizontalpodautoscaler api --watch", endless: true, prints: `Deployment/api +cpu: <unknown>/70% +1 +4 +[01]`},
	{command: "kubectl delete pod load --namespace default", prints: `pod "load" deleted`},
	{command: "kubectl describe node", prints: `(?s)Non-terminated Pods.*nanomon +api-\S+ +50m .*64Mi`},
	{command: "kubectl set resources deployment/frontend --requests=cpu=1000", prints: "resource requirements updated",
		sees: []sight{
			{"kubectl get pods", `frontend-\S+ +0/1 +Pending`}, settled,
			{"kubectl describe pod --show-events --selector app.kubernetes.io/component=frontend", `FailedScheduling.* Insufficient cpu`}}},
	{command: "kubectl describe pod --show-events --selector app.kubernetes.io/component=frontend", prints: `FailedScheduling.* Insufficient cpu`,
		then: "kubectl apply -f deploy/kubernetes/basic/3-frontend.yaml; kubectl rollout status deployment/frontend"},
}

var monitoring = []step{
	{command: `kubectl patch configmap runner --type=merge --patch '{"data": {"PROMETHEUS_ENABLE": "true"}}'`, prints: "patched"},
	{command: "kubectl rollout restart deployment/runner", prints: "restarted",
		sees: []sight{{"kubectl rollout status deployment/runner", "successfully rolled out"}}},
	{command: "kubectl create configmap prometheus --from-file=prometheus.yml=deploy/prometheus/prometheus-kubernetes.yml --from-file=deploy/prometheus/rules.yml",
		prints: "configmap/prometheus created"},
	{command: "kubectl apply -f deploy/kubernetes/steps/prometheus.yaml", prints: `^(\S+ created\n){5}$`,
		sees: []sight{
			{"kubectl auth can-i list pods --as system:serviceaccount:nanomon:prometheus", `^yes\n$`},
			{"kubectl auth can-i list pods --as system:serviceaccount:nanomon:default", `^no\n$`}}},
	{command: "kubectl rollout status deployment/prometheus", prints: "successfully rolled out"},
	{command: "kubectl port-forward service/prometheus 9090", skip: forward},
}

const connect = "kubectl run client --namespace default --rm --stdin --tty --restart=Never --image=busybox:1.37 -- nc -z -v -w 3 mongodb.nanomon 27017"

var policies = []step{
	{command: connect, skip: container},
	{command: "kubectl apply -f deploy/kubernetes/steps/network-policies.yaml", prints: `^(\S+ created\n){4}$`},
	{command: connect, skip: container},
}

const passwords = "kubectl get secret nanomon-mongodb --namespace nanomon-helm --output jsonpath={.data}"

var chart = []step{
	{command: "helm show values deploy/helm/nanomon", prints: `replicaCount: 1`},
	{command: "helm install nanomon deploy/helm/nanomon --namespace nanomon-helm --create-namespace --set image.tag=dev --set runner.replicaCount=2 --wait --timeout 10m",
		prints: `(?s)STATUS: deployed.*kubectl -n nanomon-helm port-forward service/nanomon-frontend`},
	{command: "kubectl get pods --namespace nanomon-helm", prints: `(?s)nanomon-mongodb-0 +1/1 +Running.*(nanomon-runner-\S+ +1/1.*){2}`,
		then: passwords + " > passwords"},
	{command: "helm test nanomon --namespace nanomon-helm", skip: container},
	{command: "helm upgrade nanomon deploy/helm/nanomon --namespace nanomon-helm --reuse-values --set runner.replicaCount=3",
		prints: `REVISION: 2`,
		sees:   []sight{{"kubectl get deployments --namespace nanomon-helm", `nanomon-runner +3/3`}},
		then:   passwords + " | cmp passwords"},
	{command: "helm history nanomon --namespace nanomon-helm", prints: `(?s)1 .*superseded.*2 .*deployed.*Upgrade complete`},
	{command: "helm rollback nanomon 1 --namespace nanomon-helm", prints: "Rollback was a success",
		sees: []sight{{"kubectl get deployments --namespace nanomon-helm", `nanomon-runner +2/2`}},
		then: passwords + " | cmp passwords"},
	// The Helm that the tests build takes an old Kubernetes as its default version.
	{command: "helm template deploy/helm/nanomon", as: "helm template deploy/helm/nanomon --kube-version 1.37", prints: `(?s)kind: Deployment.*name: "release-name-nanomon-runner"`},
}

var end = []step{
	{command: "kubectl delete -f deploy/kubernetes/steps/prometheus.yaml",
		as:     "kubectl get events --all-namespaces --field-selector reason=FailedCreate; kubectl delete -f deploy/kubernetes/steps/prometheus.yaml",
		prints: `(?s)^No resources found.*clusterrole.rbac.authorization.k8s.io "nanomon-prometheus" deleted`},
	{command: "helm uninstall nanomon --namespace nanomon-helm", prints: `release "nanomon" uninstalled`},
	{command: "helm uninstall traefik --namespace traefik", prints: `release "traefik" uninstalled`},
	{command: "kubectl delete namespace nanomon nanomon-helm traefik", prints: `(namespace "\S+" deleted\n){3}`},
	{command: "kubectl config set-context --current --namespace default", prints: "modified"},
	{command: "kind delete cluster --name nanomon", skip: docker},
	{command: "kubectl describe namespace", prints: `Name: +default`},
}
