package kubernetes

import (
	"maps"
	"strings"
	"testing"
)

// external lists the objects that the valid documents refer to but don't contain.
var external = []string{"Secret/registry", "Secret/certificate", "Gateway/gateway"}

// validText returns the valid documents.
func validText(t *testing.T) string {
	t.Helper()
	documents, err := ValidDocuments()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(documents, "")
}

// broken returns the valid documents with a fault.
func broken(t *testing.T, kind, name, old, new string) string {
	t.Helper()
	documents, err := ValidDocuments()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Break(documents, kind, name, old, new); err != nil {
		t.Fatal(err)
	}
	return strings.Join(documents, "")
}

func TestValidDocuments(t *testing.T) {
	objects, err := Decode("valid.yaml", []byte(validText(t)+"\n---\n# only a comment\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(validText(t), "\nkind: "); len(objects) != want {
		t.Errorf("%d objects, want %d", len(objects), want)
	}
	if err := Check(objects, external...); err != nil {
		t.Error(err)
	}
}

func TestDecodeRejects(t *testing.T) {
	for name, test := range map[string]struct{ kind, name, old, new, message string }{
		"wrong indentation":   {"Deployment", "api", "      serviceAccountName: nanomon", "    serviceAccountName: nanomon", "mapping values are not allowed"},
		"string for a number": {"Service", "api", "port: 80\n", "port: eighty\n", "cannot unmarshal string into Go struct field"},
		"number for a string": {"Deployment", "api", `value: "8000"`, "value: 8000", "cannot unmarshal number into Go struct field"},
		"invalid quantity":    {"Deployment", "api", "cpu: 100m", "cpu: 100 m", "quantities must match the regular expression"},
		"duplicate key":       {"ConfigMap", "settings", "MONGO_DB: nanomon", "MONGO_DB: nanomon\n  MONGO_DB: other", `key "MONGO_DB" already set`},
		"unknown kind":        {"Deployment", "api", "kind: Deployment", "kind: Deploymnt", `no kind "Deploymnt"`},
		"old version":         {"Ingress", "nanomon", "networking.k8s.io/v1", "extensions/v1beta1", `no kind "Ingress" is registered for version "extensions/v1beta1"`},
		"no kind":             {"Service", "api", "kind: Service\n", "", "Object 'Kind' is missing"},
		"invalid YAML":        {"Secret", "mongo", "stringData:", "stringData: [", "error converting YAML"},
		"list":                {"ConfigMap", "settings", "kind: ConfigMap", "kind: List", "has no metadata, write its items as separate documents"},
	} {
		t.Run(name, func(t *testing.T) {
			text := broken(t, test.kind, test.name, test.old, test.new)
			if name == "list" {
				text = "apiVersion: v1\nkind: List\nitems: []\n"
			}
			_, err := Decode("valid.yaml", []byte(text))
			wantOne(t, err, test.message)
		})
	}
}

// wantOne fails the test unless err is a single error that contains text.
func wantOne(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", text)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("want %q in: %v", text, err)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) != 1 {
		t.Errorf("more than one error: %v", err)
	}
}

func TestCheckReports(t *testing.T) {
	for name, test := range map[string]struct{ kind, name, old, new, message string }{
		"duplicate object":           {"ServiceAccount", "nanomon", "nanomon\n", "nanomon\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: nanomon}\n", "ServiceAccount/nanomon: exists twice"},
		"selector of too many":       {"StatefulSet", "mongo", "matchLabels:\n      app: mongo", "matchExpressions: [{key: app, operator: Exists}]", "selector app matches the pods of Deployment/api too"},
		"no governing service":       {"StatefulSet", "mongo", "serviceName: mongo", "serviceName: mongodb", "StatefulSet/mongo: refers to Service/mongodb, which doesn't exist"},
		"service with an address":    {"Service", "mongo", "  clusterIP: None\n", "", "StatefulSet/mongo: service mongo isn't headless"},
		"service without pods":       {"Service", "api", "    app: api", "    app: ap", "Service/api: selector app=ap selects no pods"},
		"service of two":             {"Service", "api", "app: api", "part: nanomon", "Service/api: selects the pods of Deployment/api and of StatefulSet/mongo"},
		"unknown target port":        {"Service", "api", "targetPort: http", "targetPort: web", "Service/api: Deployment/api has no port web"},
		"unknown target number":      {"Service", "mongo", "port: 27017", "port: 27018", "Service/mongo: StatefulSet/mongo has no port 27018"},
		"service without ports":      {"Service", "mongo", "  ports:\n    - port: 27017", "", "Service/mongo: has no ports"},
		"probe of unknown port":      {"Deployment", "api", "port: http\n          readiness", "port: web\n          readiness", "container api: a probe uses port web, which doesn't exist"},
		"probe of unknown number":    {"Deployment", "api", "tcpSocket:\n              port: 8000", "tcpSocket:\n              port: 8001", "container api: a probe uses port 8001, which doesn't exist"},
		"no service account":         {"Deployment", "api", "serviceAccountName: nanomon", "serviceAccountName: nano", "refers to ServiceAccount/nano,"},
		"no pull secret":             {"Deployment", "api", "name: registry", "name: registries", "refers to Secret/registries,"},
		"no claim":                   {"Deployment", "api", "claimName: spool", "claimName: spol", "refers to PersistentVolumeClaim/spol,"},
		"no secret to mount":         {"Deployment", "api", "secretName: mongo", "secretName: mongodb", "refers to Secret/mongodb,"},
		"no key to mount":            {"Deployment", "api", "- key: password", "- key: word", "refers to key word, which Secret/mongo doesn't have"},
		"unused volume":              {"Deployment", "api", "            - name: spool\n              mountPath: /spool\n", "", "no container mounts volume spool"},
		"no settings":                {"Deployment", "api", "            - configMapRef:\n                name: settings", "            - configMapRef:\n                name: setting", "refers to ConfigMap/setting,"},
		"no key":                     {"Deployment", "api", "key: password", "key: passwd", "refers to key passwd, which Secret/mongo doesn't have"},
		"forward reference":          {"Deployment", "api", "value: 100MiB", "value: $(MONGO_URI)", "variable GOMEMLIMIT refers to $(MONGO_URI), which isn't set before it"},
		"unknown setting":            {"Deployment", "api", "- name: PORT", "- name: API_PORT", "api has no setting API_PORT"},
		"unknown setting from map":   {"ConfigMap", "settings", "MONGO_DB:", "MONGO_DATABASE:", "api has no setting MONGO_DATABASE"},
		"variables of services":      {"Deployment", "api", "enableServiceLinks: false", "hostname: api", "Deployment/api: needs enableServiceLinks: false"},
		"unused variable":            {"Deployment", "api", "$(MONGO_PASSWORD)", "$$(PASSWORD)", "api has no setting MONGO_PASSWORD"},
		"foreign image":              {"Deployment", "api", "nanomon/api:1.0.0", "nanomon/server:1.0.0", `image "registry.example.org:5000/nanomon/server:1.0.0" is neither an image of NanoMon nor mongo`},
		"image without a tag":        {"StatefulSet", "mongo", "mongo:8.0", "mongo", "needs a tag other than latest"},
		"image with tag latest":      {"StatefulSet", "mongo", "mongo:8.0", "mongo:latest", "needs a tag other than latest"},
		"ingress without service":    {"Ingress", "nanomon", "name: api", "name: apis", "Ingress/nanomon: refers to Service/apis,"},
		"ingress to unknown port":    {"Ingress", "nanomon", "name: web", "name: http", "Ingress/nanomon: Service/api has no port http"},
		"no certificate":             {"Ingress", "nanomon", "secretName: certificate", "secretName: cert", "refers to Secret/cert,"},
		"no gateway":                 {"HTTPRoute", "nanomon", "- name: gateway", "- name: gate", "refers to Gateway/gate,"},
		"route to unknown port":      {"HTTPRoute", "nanomon", "port: 80", "port: 81", "Service/api has no port 81"},
		"policy without pods":        {"NetworkPolicy", "mongo", "      app: mongo", "      app: mong", "podSelector app=mong selects no pods"},
		"policy peer without pods":   {"NetworkPolicy", "mongo", "app: api", "app: ap", "peer app=ap selects no pods"},
		"policy of unknown port":     {"NetworkPolicy", "mongo", "port: 27017", "port: 27018", "StatefulSet/mongo has no port 27018"},
		"scaler without target":      {"HorizontalPodAutoscaler", "api", "    name: api", "    name: apis", "refers to Deployment/apis,"},
		"scaler and replicas":        {"Deployment", "api", "spec:\n", "spec:\n  replicas: 2\n", "Deployment/api: sets replicas, which HorizontalPodAutoscaler/api controls"},
		"scaler without requests":    {"Deployment", "api", "              cpu: 100m\n", "", "container api of Deployment/api requests no cpu"},
		"budget without pods":        {"PodDisruptionBudget", "budget", "app: api", "app: ap", "selector app=ap selects no pods"},
		"binding of unknown role":    {"RoleBinding", "look", "kind: Role\n  name: look", "kind: Role\n  name: see", "RoleBinding/look: refers to Role/see,"},
		"binding of unknown subject": {"RoleBinding", "look", "name: nanomon", "name: nobody", "RoleBinding/look: refers to ServiceAccount/nobody,"},
		"scrape without service":     {"ServiceMonitor", "api", "scrape: me", "scrape: you", "selector scrape=you selects no services"},
		"scrape of unknown port":     {"ServiceMonitor", "api", "port: plain", "port: http", "Service/api has no port http"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := Decode("valid.yaml", []byte(broken(t, test.kind, test.name, test.old, test.new)))
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, Check(objects, external...), test.message)
		})
	}
}

func TestEnvironment(t *testing.T) {
	objects, err := Decode("valid.yaml", []byte(validText(t)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Environment(objects, "Deployment/api", "api")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"MONGO_DB": "nanomon", "GOMEMLIMIT": "100MiB", "PORT": "8000", "MONGO_PASSWORD": "swordfish",
		"MONGO_URI": "mongodb://$root:swordfish@mongo",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	_, err = Environment(objects, "Deployment/api", "web")
	wantOne(t, err, "no container web in Deployment/api")
}
