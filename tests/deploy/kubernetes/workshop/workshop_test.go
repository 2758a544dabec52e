package workshop

import (
	"slices"
	"testing"
)

// Reasons why a command is not run here.
const (
	container = "needs a running container"
	forward   = "needs a running container, to which it connects"
	docker    = "needs Docker and kind or minikube"
	loads     = "downloads from the network, which the tests can't"
	mention   = "is the name of the command without its object"
)

// undone is the warning of kubectl when an object that was applied is rolled back.
const undone = `(?s)Warning: .*was previously managed with 'kubectl apply'.* rolled back`

// TestWorkshop runs the commands of the workshop.
func TestWorkshop(t *testing.T) {
	compare(t, commands(read(t, "docs/workshop.md"), true), workshop)
	s := open(t)
	s.follow(t, workshop)
}

// workshop contains the commands of docs/workshop.md.
var workshop = slices.Concat(
	preparation, podAndDeployment, servicesAndSettings, state, all, ingress, probes, runners, versions, resources,
	monitoring, policies, chart, end,
)

var preparation = []step{
	{command: "kind create cluster --name nanomon --wait 3m", skip: docker},
	{command: "kubectl get nodes", prints: `node-1 +Ready`},
	{command: "export BUILDX_NO_DEFAULT_ATTESTATIONS=1", skip: docker},
	{command: "docker build --file build/Dockerfile.api        --build-arg VERSION=dev --tag nanomon/api:dev .", skip: docker},
	{command: "docker build --file build/Dockerfile.runner     --build-arg VERSION=dev --tag nanomon/runner:dev .", skip: docker},
	{command: "docker build --file build/Dockerfile.frontend   --build-arg VERSION=dev --tag nanomon/frontend:dev .", skip: docker},
	{command: "docker build --file build/Dockerfile.standalone --build-arg VERSION=dev --tag nanomon/standalone:dev .", skip: docker},
	{command: "kind load docker-image --name nanomon nanomon/api:dev nanomon/runner:dev nanomon/frontend:dev nanomon/standalone:dev", skip: docker},
	{command: "kubectl apply -f deploy/kubernetes/basic/1-namespace.yaml", prints: `^namespace/nanomon created\n$`},
	{command: "kubectl config set-context --current --namespace nanomon", prints: "modified"},
	{command: "kubectl get pods --watch", skip: "there is no pod yet, so it prints nothing and doesn't end"},
}

var podAndDeployment = []step{
	{command: "kubectl apply -f deploy/kubernetes/steps/pod.yaml", prints: `^pod/standalone created\n$`,
		sees: []sight{{"kubectl get pods", `standalone +1/1 +Running`}}},
	{command: "kubectl get pods", prints: `standalone +1/1 +Running`},
	{command: "kubectl describe pod standalone", prints: `(?s)Status: +Running.*Scheduled`},
	{command: "kubectl logs standalone", skip: container},
	{command: "kubectl port-forward pod/standalone 8001", skip: forward},
	{command: "kubectl delete pod standalone", prints: `pod "standalone" deleted`,
		sees: []sight{{"kubectl get pods", `No resources found`}},
		then: "kubectl apply -f deploy/kubernetes/steps/pod.yaml"},
	{command: "sed '/runAsNonRoot/d; s/name: standalone/name: other/' deploy/kubernetes/steps/pod.yaml | kubectl apply -f -",
		fails: true, prints: `pods "other" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true`},
	{command: "kubectl delete pod standalone", prints: `pod "standalone" deleted`},
	{command: "kubectl apply -f deploy/kubernetes/basic/2-settings.yaml", prints: `^(\S+ created\n){4}$`},
	{command: "kubectl apply -f deploy/kubernetes/basic/3-frontend.yaml", prints: `^(\S+ created\n){2}$`,
		sees: []sight{{"kubectl get pods", `frontend-\S+ +1/1 +Running`}}},
	{command: "kubectl get deployments,replicasets,pods",
		prints: `(?s)deployment.apps/frontend +1/1.*replicaset.apps/frontend-\w+ +1 .*pod/frontend-\w+-\w+ +1/1 +Running`},
	{command: "kubectl scale deployment/frontend --replicas=3", prints: "scaled",
		sees: []sight{{"kubectl get pods --output name | tee before", `^(pod/frontend-\S+\n){3}$`}}},
	{command: "kubectl delete pod --selector app.kubernetes.io/component=frontend --wait=false", prints: `(pod \S+ deleted.*\n){3}`},
	{command: "kubectl get pods", sees: []sight{
		{"kubectl get deployments", `frontend +3/3 +3 +3`},
		{"kubectl get pods --output name | grep --count --invert-match --file=before", `^3\n$`}, settled}},
	{command: "kubectl label pod NAME app.kubernetes.io/component-",
		as:     "kubectl label $(kubectl get pods --output name | head -1) app.kubernetes.io/component-",
		prints: "unlabeled",
		sees:   []sight{{"kubectl get pods --output name", `^(pod/frontend-\S+\n){4}$`}, {"kubectl get deployments", `frontend +3/3`}},
		then:   "kubectl delete pod --selector '!app.kubernetes.io/component'"},
	{command: "kubectl describe pod NAME", as: "kubectl describe $(kubectl get pods --output name | head -1)", prints: `(?s)Environment Variables from:\s+frontend +ConfigMap`},
}

var servicesAndSettings = []step{
	{command: "kubectl get service frontend", prints: `frontend +ClusterIP +10\.96\.\S+ +<none> +8001/TCP`},
	{command: "kubectl get endpointslices --selector kubernetes.io/service-name=frontend",
		prints: `frontend-\w+ +IPv4 +8001 +([\d.]+,?){3}`},
	{command: "kubectl run client --namespace default --rm --stdin --tty --restart=Never --image=busybox:1.37 -- wget -q -O- http://frontend.nanomon:8001/config", skip: container},
	{command: "kubectl scale deployment/frontend --replicas=0",
		sees: []sight{{"kubectl get endpointslices --selector kubernetes.io/service-name=frontend", `<unset>`}},
		then: "kubectl scale deployment/frontend --replicas=1; kubectl rollout status deployment/frontend"},
	{command: "kubectl get pods --show-labels", prints: `app.kubernetes.io/component=frontend`},
	{command: "kubectl get configmap frontend --output yaml", prints: `API_ENDPOINT: http://localhost:8000/api`},
	{command: "kubectl get secret mongodb --output yaml",
		prints: `(?s)password: b25seS1mb3ItdGhlLXdvcmtzaG9w.*last-applied-configuration: .*"only-for-the-workshop"`},
	{command: "kubectl get secret mongodb --output jsonpath='{.data.password}' | base64 --decode", prints: `^only-for-the-workshop$`},
	{command: "kubectl describe deployment/frontend", prints: `(?s)Environment Variables from:\s+frontend +ConfigMap`},
	{command: "kubectl edit configmap frontend", as: "EDITOR='sed -i s,localhost:8000,localhost:9000,' kubectl edit configmap frontend",
		prints: "edited", sees: []sight{{"kubectl get configmap frontend --output yaml", "API_ENDPOINT: http://localhost:9000/api"}}},
	{command: "kubectl rollout restart deployment/frontend", prints: "restarted",
		sees: []sight{{"kubectl rollout status deployment/frontend", "successfully rolled out"}},
		then: "kubectl apply -f deploy/kubernetes/basic/2-settings.yaml | grep '^configmap/frontend configured'"},
}

var state = []step{
	{command: "kubectl apply -f deploy/kubernetes/basic/4-mongodb.yaml", prints: `^(\S+ created\n){2}$`},
	{command: "kubectl rollout status statefulset/mongodb --timeout=5m", prints: `complete`},
	{command: "kubectl get pods,persistentvolumeclaims",
		prints: `(?s)pod/mongodb-0 +1/1 +Running.*persistentvolumeclaim/data-mongodb-0 +Bound +pvc-\S+ +2Gi`},
	{command: `kubectl exec mongodb-0 -- sh -c 'mongosh --quiet --username nanomon --authenticationDatabase admin --password "$MONGO_INITDB_ROOT_PASSWORD" --eval "db.getSiblingDB(\"test\").things.insertOne({kept: true})"'`, skip: container},
	{command: "kubectl delete pod mongodb-0", as: "kubectl get pvc --output name > claims; kubectl delete pod mongodb-0", prints: `pod "mongodb-0" deleted`},
	{command: "kubectl rollout status statefulset/mongodb --timeout=5m",
		sees: []sight{{"kubectl get pods", `mongodb-0 +1/1 +Running`}}, then: "kubectl get pvc --output name | cmp claims"},
	{command: `kubectl exec mongodb-0 -- sh -c 'mongosh --quiet --username nanomon --authenticationDatabase admin --password "$MONGO_INITDB_ROOT_PASSWORD" --eval "db.getSiblingDB(\"test\").things.find()"'`, skip: container},
	{command: "kubectl delete -f deploy/kubernetes/basic/4-mongodb.yaml", prints: `statefulset.apps "mongodb" deleted`,
		sees: []sight{{"kubectl get persistentvolumeclaims", `data-mongodb-0 +Bound`}},
		then: "kubectl apply -f deploy/kubernetes/basic/4-mongodb.yaml"},
	{command: "kubectl get storageclass", prints: `\(default\)`},
}

var all = []step{
	{command: "kubectl apply -f deploy/kubernetes/basic", prints: `(?s)^namespace/nanomon unchanged\n.*secret/mongodb configured\n` +
		`deployment.apps/frontend unchanged\nservice/frontend unchanged\nstatefulset.apps/mongodb configured\n` +
		`service/mongodb unchanged\ndeployment.apps/api created\nservice/api created\ndeployment.apps/runner created\n$`},
	{command: "kubectl rollout status deployment/api --timeout=5m", prints: "successfully rolled out"},
	{command: "kubectl rollout status deployment/runner --timeout=5m", prints: "successfully rolled out"},
	{command: "kubectl port-forward service/frontend 8001", skip: forward},
	{command: "kubectl port-forward service/api 8000", skip: forward},
	{command: "curl --data @docs/workshop-monitors.json http://localhost:8000/api/monitors/import", skip: container},
	{command: "curl http://localhost:8000/api/status", skip: container},
	{command: "kubectl logs deployment/runner", skip: container},
	{command: "kubectl diff -f deploy/kubernetes/basic", prints: `^$`},
}

var ingress = []step{
	{command: "helm repo add traefik https://traefik.github.io/charts", skip: loads},
	{command: "helm install traefik traefik/traefik --namespace traefik --create-namespace",
		as: "helm install traefik " + testdata + "/traefik --namespace traefik --create-namespace", prints: `STATUS: deployed`},
	{command: "kubectl get ingressclass", prints: `traefik +traefik.io/ingress-controller`},
	{command: "kubectl apply -f deploy/kubernetes/ingress",
		prints: `^configmap/frontend configured\nconfigmap/runner configured\ningress.networking.k8s.io/nanomon created\n$`},
	{command: "kubectl rollout restart deployment/frontend deployment/runner", prints: `(\S+ restarted\n){2}`},
	{command: "kubectl rollout status deployment/frontend", prints: "successfully rolled out"},
	{command: "kubectl rollout status deployment/traefik --namespace traefik --timeout=5m", prints: "successfully rolled out"},
	{command: "kubectl port-forward --namespace traefik service/traefik 8080:80", skip: forward},
	{command: "curl --retry 10 --retry-connrefused --header 'Host: nanomon.localhost' http://localhost:8080/api/status", skip: container},
	{command: "kubectl describe ingress nanomon", as: "kubectl describe ingress nanomon; kubectl scale deployment/frontend --replicas=2",
		prints: `(?s)nanomon\.localhost.*/api +api:http \([\d.]+:8000\)\s+/status +api:http .*/badges +api:http .*/ +frontend:http \([\d.]+:8001\)`,
		sees:   []sight{{"kubectl describe ingress nanomon", `frontend:http \([\d.]+:8001,[\d.]+:8001\)`}}},
}

var probes = []step{
	{command: "docker exec nanomon-control-plane pkill -KILL -x api", skip: docker},
	{command: "kubectl get pods", prints: `api-\S+ +1/1 +Running`},
	{command: "kubectl delete pod NAME", as: "kubectl get pods --output name > before; kubectl delete pod --selector app.kubernetes.io/component=api",
		prints: `pod "api-\S+" deleted`,
		sees:   []sight{{"kubectl get pods --output name | grep --invert-match --file=before", `^pod/api-\S+\n$`}}},
	{command: "kubectl scale statefulset/mongodb --replicas=0", prints: "scaled"},
	{command: "kubectl wait pod --selector app.kubernetes.io/component=api --for=condition=Ready=false --timeout=2m",
		skip: "needs a probe that is really sent"},
	{command: "kubectl get pods", sees: []sight{{"kubectl get statefulset mongodb", `mongodb +0/0`}}},
	{command: "kubectl get endpointslices --selector kubernetes.io/service-name=api --output yaml",
		skip: "needs a probe that is really sent"},
	{command: "kubectl scale statefulset/mongodb --replicas=1", prints: "scaled",
		sees: []sight{{"kubectl get pods", `mongodb-0 +1/1 +Running`}}},
	{command: `kubectl patch deployment/api --type=json --patch '[{"op": "replace", "path": "/spec/template/spec/containers/0/livenessProbe/httpGet/path", "value": "/api/nothing"}]'`, prints: "patched"},
	{command: "kubectl get pods --watch", endless: true, prints: `api-\S+ +1/1 +Running`, sees: []sight{settled}},
	{command: "kubectl describe pod --show-events --selector app.kubernetes.io/component=api", prints: `Liveness: +http-get http://:http/api/nothing `},
	{command: "kubectl rollout undo deployment/api", prints: undone,
		sees: []sight{{"kubectl get deployment api --output jsonpath='{..livenessProbe.httpGet.path}'", `^/api/$`}}},
	{command: "kubectl rollout undo", skip: mention},
}

var runners = []step{
	{command: "kubectl scale deployment/runner --replicas=3", prints: "scaled",
		sees: []sight{{"kubectl get deployments", `runner +3/3`}}},
	{command: "curl --header 'Host: nanomon.localhost' http://localhost:8080/api/status", skip: container},
	{command: "docker exec nanomon-control-plane pkill -KILL -n -x runner", skip: docker},
	{command: "curl --header 'Host: nanomon.localhost' http://localhost:8080/api/status", skip: container},
	{command: "kubectl delete pod NAME", as: "kubectl delete $(kubectl get pods --output name | grep --max-count=1 runner)",
		prints: `pod "runner-\S+" deleted`},
	{command: "kubectl scale deployment/runner --replicas=0", prints: "scaled",
		sees: []sight{{"kubectl get deployments", `runner +0/0`}}, then: "kubectl scale deployment/runner --replicas=2"},
}

var versions = []step{
	{command: "docker build --file build/Dockerfile.frontend --build-arg VERSION=two --tag nanomon/frontend:two .", skip: docker},
	{command: "kind load docker-image --name nanomon nanomon/frontend:two", skip: docker},
	{command: "kubectl set image deployment/frontend frontend=nanomon/frontend:two", prints: "image updated"},
	{command: "kubectl rollout status deployment/frontend", prints: "successfully rolled out",
		sees: []sight{{"kubectl get replicasets,pods --selector app.kubernetes.io/component=frontend --output wide", `frontend:two`}}},
	{command: "kubectl rollout history deployment/frontend", prints: `REVISION +CHANGE-CAUSE\n(\d+ +<none>\n){2,}`},
	{command: "kubectl set image deployment/frontend frontend=nanomon/frontend:three", prints: "image updated"},
	{command: "kubectl rollout status deployment/frontend --timeout=30s", skip: "needs a node that pulls images"},
	{command: "kubectl get replicasets,pods --selector app.kubernetes.io/component=frontend", prints: `replicaset.apps/frontend-`},
	{command: "kubectl rollout undo deployment/frontend", prints: undone,
		sees: []sight{{"kubectl get deployment frontend --output wide", `frontend:two`}}},
	{command: "kubectl apply -f deploy/kubernetes/basic/3-frontend.yaml", prints: `deployment.apps/frontend configured\nservice/frontend unchanged`,
		sees: []sight{{"kubectl get deployment frontend --output wide", `frontend:dev`}}},
}
