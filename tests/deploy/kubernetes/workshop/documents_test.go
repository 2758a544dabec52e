package workshop

import (
	"regexp"
	"strings"
	"testing"
)

// document is a document other than the workshop, with the commands of kubectl and helm in it.
type document struct {
	name string
	// before contains commands for what the document takes as given.
	before string
	steps  []step
}

var documents = []document{
	{name: "README.md", steps: []step{
		{command: "helm install nanomon deploy/helm/nanomon --namespace nanomon --create-namespace " +
			"--set image.regRepo=registry.example.org/nanomon --set image.tag=1.0.0", prints: "STATUS: deployed", sees: installed},
	}},
	{name: "deploy/README.md", steps: []step{
		{command: "kubectl apply -f deploy/kubernetes/basic", prints: `^(\S+ created\n){12}$`},
		{command: "kubectl --namespace nanomon rollout status deployment/api --timeout=10m", prints: "successfully rolled out"},
		{command: "kubectl --namespace nanomon port-forward service/api 8000", skip: forward},
		{command: "kubectl --namespace nanomon port-forward service/frontend 8001", skip: forward},
	}},
	{name: chartREADME, before: notifications, steps: chartSteps},
	{name: "docs/upgrade.md",
		before: notifications + "; kubectl apply -f deploy/kubernetes/basic; helm install nanomon deploy/helm/nanomon --namespace nanomon --wait",
		steps: []step{
			{command: upgrade, prints: "REVISION: 2", sees: []sight{{"kubectl -n nanomon get deployments", `nanomon-api +2/2`}}},
			{command: "kubectl apply -f deploy/kubernetes/basic",
				as:     "cp -rL deploy/kubernetes/basic new; sed -i '/image: nanomon/s/:dev/:1.0.0/' new/*; kubectl apply -f new",
				prints: `(?s)frontend configured.*api configured.*runner configured`,
				sees:   []sight{{"kubectl -n nanomon get deployments --output wide", `\brunner +1/1 .*nanomon/runner:1.0.0`}}},
			{command: "helm template nanomon deploy/helm/nanomon -f values.yaml > /dev/null",
				as: "helm template --kube-version 1.37 nanomon deploy/helm/nanomon -f values.yaml > /dev/null", prints: "^$"},
		}},
}

// installed is what can be seen soon after the chart is installed with its default values.
var installed = []sight{{"kubectl -n nanomon get pods",
	`(?s)nanomon-api-\S+ +1/1 +Running.*nanomon-frontend-\S+ +1/1 .*nanomon-mongodb-0 +1/1 .*nanomon-runner-\S+ +1/1`}}

const (
	chartREADME = "deploy/helm/nanomon/README.md"
	// notifications creates the secret to which the values file in the README of the chart refers.
	notifications = "kubectl apply -f deploy/kubernetes/basic/1-namespace.yaml; " +
		"kubectl -n nanomon create secret generic nanomon-notifications --from-literal=ALERT_SMTP_PASSWORD=secret"
	upgrade   = "helm -n nanomon upgrade nanomon deploy/helm/nanomon -f values.yaml --wait"
	uninstall = "helm -n nanomon uninstall nanomon"
	resize    = `kubectl -n nanomon patch persistentvolumeclaim data-nanomon-mongodb-0 --type=merge --patch '{"spec": {"resources": {"requests": {"storage": "16Gi"}}}}'`
	// fast creates another storage class.
	fast = "kubectl get storageclass standard --output yaml | sed 's/name: standard/name: fast/; /is-default-class/d; /uid:/d; /resourceVersion:/d' | kubectl create -f -"
	// pod prints the identity of MongoDB's pod.
	pod = "kubectl -n nanomon get pod nanomon-mongodb-0 --output jsonpath={.metadata.uid}"
	// kept prints what an installation of the chart keeps over an upgrade and a removal.
	kept = "kubectl -n nanomon get secret nanomon-mongodb --output jsonpath={.data}; " +
		"kubectl -n nanomon get persistentvolumeclaim data-nanomon-mongodb-0 --output jsonpath={.metadata.uid}"
)

var chartSteps = []step{
	{command: "helm install nanomon deploy/helm/nanomon --namespace nanomon --create-namespace --wait " +
		"--set image.regRepo=registry.example.org/nanomon --set image.tag=1.0.0 " +
		"--set frontend.apiEndpoint=http://localhost:8000/api", prints: "(?s)STATUS: deployed.*Then open http://localhost:8001", sees: installed,
		then: "(" + kept + ") > kept"},
	{command: "kubectl -n nanomon port-forward service/nanomon-api 8000:80", skip: forward},
	{command: "kubectl -n nanomon port-forward service/nanomon-frontend 8001:80", skip: forward},
	{command: "helm -n nanomon test nanomon", skip: container},
	{command: "kubectl rollout restart", as: "kubectl rollout restart --namespace nanomon deployment/nanomon-runner", prints: "restarted"},
	{command: `password=$(openssl rand -hex 16); kubectl -n nanomon create secret generic nanomon-passwords ` +
		`--from-literal=rootPassword="$(openssl rand -hex 16)" --from-literal=password="$password" ` +
		`--from-literal=keyFile="$(openssl rand -hex 32)" ` +
		`--from-literal=MONGO_URI="mongodb://nanomon:$password@nanomon-mongodb:27017/?replicaSet=rs0&directConnection=true"`,
		prints: "created",
		sees: []sight{
			{"kubectl -n nanomon get secret nanomon-passwords --output jsonpath={.data.MONGO_URI} | base64 --decode",
				`^mongodb://nanomon:[0-9a-f]{32}@nanomon-mongodb:27017/\?replicaSet=rs0&directConnection=true$`},
			{"helm template --kube-version 1.37 nanomon deploy/helm/nanomon --namespace nanomon --set mongodb.auth.existingSecret=nanomon-passwords",
				`name: "?nanomon-passwords"?, key: rootPassword`}}},
	{command: `kubectl -n nanomon patch secret nanomon-mongodb --type=merge --patch '{"stringData": {"password": "another one"}}'`, prints: "patched"},
	{command: "helm -n nanomon upgrade nanomon deploy/helm/nanomon -f values.yaml", prints: "has been upgraded", sees: []sight{
		{"kubectl -n nanomon get secret nanomon-mongodb --output jsonpath={.data.MONGO_URI} | base64 --decode", `^mongodb://nanomon:another%20one@`}}},
	{command: "kubectl -n nanomon rollout restart statefulset/nanomon-mongodb deployment/nanomon-api deployment/nanomon-runner",
		prints: `(\S+ restarted\n){3}`, sees: installed, then: "(" + kept + ") > kept"},
	{command: upgrade, prints: "has been upgraded", sees: []sight{
		{"kubectl -n nanomon get ingress", `nanomon +traefik +nanomon.example.org`},
		{"kubectl -n nanomon get deployments", `(?s)nanomon-api +2/2.*nanomon-frontend +2/2.*nanomon-runner +2/2`}},
		then: "(" + kept + ") | cmp kept; " + pod + " > pod"},
	{command: resize, as: `kubectl patch storageclass standard --patch '{"allowVolumeExpansion": true}'; ` + resize, prints: "(?s)patched.*patched"},
	{command: "kubectl -n nanomon delete statefulset nanomon-mongodb --cascade=orphan", prints: "deleted", then: pod + " | cmp pod"},
	{command: upgrade, as: "echo 'mongodb: {persistence: {size: 16Gi}}' >> values.yaml; " + upgrade, prints: "has been upgraded", sees: []sight{
		{"kubectl -n nanomon get statefulset nanomon-mongodb --output jsonpath={..storage}", "^16Gi"}}, then: "(" + kept + ") | cmp kept"},
	{command: "kubectl -n nanomon delete statefulset nanomon-mongodb", prints: "deleted"},
	{command: "kubectl -n nanomon delete persistentvolumeclaim data-nanomon-mongodb-0 --ignore-not-found", prints: "deleted"},
	{command: upgrade,
		as:     fast + "; sed -i 's/size: 16Gi/storageClass: fast/' values.yaml; " + upgrade,
		prints: "has been upgraded",
		sees:   []sight{{"kubectl -n nanomon get persistentvolumeclaims", `data-nanomon-mongodb-0 +Bound .* fast `}},
		then:   "(" + kept + ") > kept"},
	{command: "kubectl -n nanomon exec nanomon-mongodb-0 -- mongodump --db nanomon --archive --gzip > original.archive.gz", skip: container},
	{command: uninstall, prints: `release "nanomon" uninstalled`,
		then: "(" + kept + ") | cmp kept; helm install nanomon deploy/helm/nanomon -n nanomon -f values.yaml --wait; (" + kept + ") | cmp kept"},
	{command: `kubectl -n nanomon exec nanomon-mongodb-0 -- sh -c 'mongodump --username root --password "$ROOT_PASSWORD" ` +
		`--authenticationDatabase admin --db nanomon --archive --gzip' > nanomon.archive.gz`, skip: container},
	{command: `kubectl -n nanomon exec -i nanomon-mongodb-0 -- sh -c 'mongorestore --username root --password "$ROOT_PASSWORD" ` +
		`--authenticationDatabase admin --drop --archive --gzip' < nanomon.archive.gz`, skip: container},
	{command: "kubectl -n nanomon scale deployment nanomon-api nanomon-runner --replicas=0", prints: `(\S+ scaled\n){2}`,
		sees: []sight{{"kubectl -n nanomon get deployments", `(?s)nanomon-api +0/0.*nanomon-runner +0/0`}}},
	{command: uninstall, prints: `release "nanomon" uninstalled`, then: "(" + kept + ") | cmp kept"},
}

// values matches the values file in the README of the chart.
var values = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

// TestDocuments runs the commands of all other documents, each in a new namespace. The short form only checks that the
// commands are known, because the commands of the workshop do nearly the same.
func TestDocuments(t *testing.T) {
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			compare(t, commands(read(t, d.name), false), d.steps)
			if testing.Short() {
				return
			}
			s := open(t)
			s.write(t, "values.yaml", values.FindStringSubmatch(read(t, chartREADME))[1])
			s.must(t, d.before)
			s.follow(t, d.steps)
		})
	}
}

// noted matches a command in the notes that Helm prints after an installation.
var noted = regexp.MustCompile(`(kubectl|helm) -n .*`)

// TestNotes runs the commands in the notes of the chart.
func TestNotes(t *testing.T) {
	if testing.Short() {
		return
	}
	s := open(t)
	notes := s.must(t, "helm install nanomon deploy/helm/nanomon --namespace noted --create-namespace")
	check := step{command: "helm -n noted test nanomon", skip: container}
	expose := "helm -n noted upgrade nanomon CHART --reuse-values --set frontend.apiEndpoint=http://localhost:8000/api"
	steps := []step{
		{command: expose, as: strings.Replace(expose, "CHART", "deploy/helm/nanomon", 1),
			prints: "The page uses the API at http://localhost:8000/api"},
		{command: "kubectl -n noted port-forward service/nanomon-api 8000:80 &", skip: forward},
		{command: "kubectl -n noted port-forward service/nanomon-frontend 8001:80 &", skip: forward},
		check,
	}
	compare(t, noted.FindAllString(notes, -1), steps)
	s.follow(t, steps)
	notes = s.must(t, "helm upgrade nanomon deploy/helm/nanomon --namespace noted --set ingress.enabled=true,ingress.className=traefik")
	steps = []step{
		{command: "kubectl -n noted get ingress nanomon", prints: `nanomon +traefik +\* `},
		check,
	}
	compare(t, noted.FindAllString(notes, -1), steps)
	s.follow(t, steps)
}
