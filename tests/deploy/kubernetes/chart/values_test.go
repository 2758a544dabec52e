package chart

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"

	"nanomon/services/common/config"
	"nanomon/tests/deploy/kubernetes"
)

// originalValues sets every value of the original chart to something other than its default. Existing values files
// contain them.
const originalValues = `
image: {regRepo: registry.example.org/shop, pullPolicy: Never, tag: 9.9.9, pullSecrets: [{name: registry}]}
authClientId: client
api: {replicaCount: 2, serviceType: NodePort}
frontend: {replicaCount: 3, serviceType: LoadBalancer, apiEndpoint: "https://api.example.org/api"}
runner:
  replicaCount: 4
  usePolling: true
  pollingInterval: 7s
  alerting: {password: word, from: a@example.org, to: b@example.org, smtpHost: smtp.example.org, smtpPort: "2525", failCount: 5}
mongodb: {connectionURI: "mongodb://db.example.org", enabled: false}
ingress: {enabled: true, className: nginx, annotations: {a: b}, host: nanomon.example.org, tlsSecret: certificate}
podAnnotations: {c: d}
nodeSelector: {e: f}
tolerations: [{key: g, operator: Exists}]
affinity: {podAffinity: {}}
`

func TestOriginalValuesReachServices(t *testing.T) {
	installed := install(t, originalValues)
	mongo := map[string]string{"MONGO_URI": "mongodb://db.example.org", "MONGO_DB": "nanomon", "MONGO_TIMEOUT": "2m"}
	for service, want := range map[string]map[string]string{
		"api":      {"PORT": "8000", "AUTH_CLIENT_ID": "client", "CORS_ORIGINS": "https://nanomon.example.org"},
		"frontend": {"PORT": "8001", "AUTH_CLIENT_ID": "client", "API_ENDPOINT": "https://api.example.org/api"},
		"runner": {
			"USE_POLLING": "true", "POLLING_INTERVAL": "7s", "SPOOL_DIR": "/spool", "HEALTH_FILE": "/tmp/health",
			"ALERT_SMTP_PASSWORD": "word", "ALERT_SMTP_FROM": "a@example.org", "ALERT_SMTP_TO": "b@example.org", "ALERT_SMTP_HOST": "smtp.example.org",
			"ALERT_SMTP_PORT": "2525", "ALERT_FAIL_COUNT": "5", "ALERT_LINK_BASEURL": "https://nanomon.example.org",
		},
	} {
		if service != "frontend" {
			maps.Copy(want, mongo)
		}
		if diff := cmp.Diff(want, installed.environment(t, service)); diff != "" {
			t.Errorf("environment of %s, - want, + got:\n%s", service, diff)
		}
	}
}

func TestOriginalValuesReachPods(t *testing.T) {
	installed := install(t, originalValues)
	for service, replicas := range map[string]int32{"api": 2, "frontend": 3, "runner": 4} {
		d := deployment(t, installed, service)
		pod, container := d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0]
		if *d.Spec.Replicas != replicas || container.Image != "registry.example.org/shop/"+service+":9.9.9" || container.ImagePullPolicy != core.PullNever {
			t.Errorf("%s: %d replicas of %s, pull policy %s", service, *d.Spec.Replicas, container.Image, container.ImagePullPolicy)
		}
		if len(pod.ImagePullSecrets) != 1 || pod.ImagePullSecrets[0].Name != "registry" || d.Spec.Template.Annotations["c"] != "d" || pod.NodeSelector["e"] != "f" ||
			len(pod.Tolerations) != 1 || pod.Tolerations[0].Key != "g" || pod.Affinity == nil || pod.Affinity.PodAffinity == nil {
			t.Errorf("%s: pod spec %+v with annotations %v", service, pod, d.Spec.Template.Annotations)
		}
	}
	for service, want := range map[string]core.ServiceType{"api": core.ServiceTypeNodePort, "frontend": core.ServiceTypeLoadBalancer} {
		if got := object[*core.Service](t, installed, "Service/shop-nanomon-"+service).Spec.Type; got != want {
			t.Errorf("the service of %s has type %s, want %s", service, got, want)
		}
	}
}

func TestOriginalValuesReachIngress(t *testing.T) {
	ingress := object[*networking.Ingress](t, install(t, originalValues), "Ingress/shop-nanomon")
	rule, tls := ingress.Spec.Rules[0], ingress.Spec.TLS[0]
	if *ingress.Spec.IngressClassName != "nginx" || ingress.Annotations["a"] != "b" || rule.Host != "nanomon.example.org" ||
		tls.SecretName != "certificate" || tls.Hosts[0] != rule.Host {
		t.Errorf("ingress %+v", ingress)
	}
	for _, path := range rule.HTTP.Paths {
		want := api
		if path.Path == "/" {
			want = frontend
		}
		if got := path.Backend.Service.Name; got != want {
			t.Errorf("%s routes to %s, want %s", path.Path, got, want)
		}
	}
}

func TestOriginalValuesReachMongoDB(t *testing.T) {
	set := object[*apps.StatefulSet](t, install(t, `mongodb: {enabled: true, persistence: {enabled: true, size: 3Gi, storageClass: fast}}`),
		"StatefulSet/shop-nanomon-mongodb")
	claim := set.Spec.VolumeClaimTemplates[0].Spec
	if size := claim.Resources.Requests[core.ResourceStorage]; size.String() != "3Gi" || *claim.StorageClassName != "fast" {
		t.Errorf("claim of %s with storage class %s", size.String(), *claim.StorageClassName)
	}
	if claim := object[*apps.StatefulSet](t, install(t, ""), set.Kind+"/"+set.Name).Spec.VolumeClaimTemplates[0].Spec; claim.StorageClassName != nil {
		t.Errorf("the storage class is %q, want the cluster's default", *claim.StorageClassName)
	}
}

func TestAllowedHosts(t *testing.T) {
	release := install(t, "")
	api := object[*core.Service](t, release, "Service/shop-nanomon-api")
	service := api.Name + "." + api.Namespace
	service += "," + service + ".svc," + service + ".svc.cluster.local"
	for values, want := range map[string]string{
		"": service,
		"ingress: {enabled: true, className: nginx, annotations: {a: b}, host: nanomon.example.org, tlsSecret: certificate}": service + ",nanomon.example.org",
		"ingress: {enabled: true, host: '*.example.org'}":                                                                    service + ",*.example.org",
		"ingress: {enabled: true}": "*",
		"ingress: {enabled: true}\napi: {allowedHosts: 'a.example.org, b.example.org'}":                     service + ",a.example.org, b.example.org",
		"ingress: {host: nanomon.example.org}":                                                              service,
		"httpRoute: {enabled: true, parentRefs: [{name: a}], hostnames: [a.example.org, b.example.org]}":    service + ",a.example.org,b.example.org",
		"httpRoute: {enabled: true, parentRefs: [{name: a}]}":                                               "*",
		"httpRoute: {enabled: true, parentRefs: [{name: a}]}\npublicURL: https://nanomon.example.org:8443/": service + ",nanomon.example.org",
		"publicURL: https://nanomon.example.org:8443/":                                                      service + ",nanomon.example.org",
		"frontend: {apiEndpoint: 'https://api.example.org/api'}":                                            service + ",api.example.org",
		"api: {serviceType: LoadBalancer}":                                                                  "*",
		"api: {serviceType: NodePort, allowedHosts: nodes.example.org}":                                     service + ",nodes.example.org",
		"authClientId: client": "",
		"authClientId: client\napi: {allowedHosts: a.example.org}": "",
	} {
		environment := install(t, values).environment(t, "api")
		if got := environment["ALLOWED_HOSTS"]; got != want {
			t.Errorf("%s: ALLOWED_HOSTS is %q, want %q", values, got, want)
		}
		if _, err := config.Parse[config.API](environment); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}

// TestPageOnAnotherHostMayUseAPI installs values files of the original, in which the page and the API can have separate
// hosts.
func TestPageOnAnotherHostMayUseAPI(t *testing.T) {
	const routed = "ingress: {enabled: true, host: nanomon.example.org}\n"
	for values, want := range map[string]string{
		"":     "",
		routed: "",
		routed + "frontend: {apiEndpoint: 'https://api.example.org/api'}":                                               "http://nanomon.example.org",
		routed + "frontend: {apiEndpoint: 'https://api.example.org/api'}\npublicURL: https://nanomon.example.org:8443/": "https://nanomon.example.org:8443",
		routed + "frontend: {apiEndpoint: 'https://api.example.org/api'}\napi: {corsOrigins: 'https://a.example.org'}":  "https://a.example.org",
		routed + "frontend: {apiEndpoint: 'https://nanomon.example.org/api'}":                                           "",
		"frontend: {apiEndpoint: 'https://api.example.org/api'}":                                                        "",
		"frontend: {apiEndpoint: 'https://api.example.org/api'}\ningress: {enabled: true, host: '*.example.org'}":       "",
	} {
		environment := install(t, values).environment(t, "api")
		if got := environment["CORS_ORIGINS"]; got != want {
			t.Errorf("%s: CORS_ORIGINS is %q, want %q", values, got, want)
		}
		if _, err := config.Parse[config.API](environment); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("long-", 12) + "end"
	for values, want := range map[string]string{
		"":                           "shop-nanomon",
		"nameOverride: watch":        "shop-watch",
		"nameOverride: shop":         "shop",
		"fullnameOverride: watching": "watching",
		"fullnameOverride: " + long:  long[:44],
	} {
		installed := install(t, values)
		if err := kubernetes.Check(installed.objects); err != nil {
			t.Errorf("%s: %v", values, err)
		}
		if set := object[*apps.StatefulSet](t, installed, "StatefulSet/"+want+"-mongodb"); len(set.Name) > 52 {
			t.Errorf("%s: the StatefulSet's name has %d characters", values, len(set.Name))
		}
	}
}

func TestPullSecretsAsNames(t *testing.T) {
	installed := install(t, `image: {pullSecrets: [one, {name: two}], tag: 1.5}`)
	pod := deployment(t, installed, "api").Spec.Template.Spec
	want := []core.LocalObjectReference{{Name: "one"}, {Name: "two"}}
	if !slices.Equal(pod.ImagePullSecrets, want) || pod.Containers[0].Image != "nanomon/api:1.5" {
		t.Errorf("image %s with pull secrets %v", pod.Containers[0].Image, pod.ImagePullSecrets)
	}
}

// TestImageTags checks that a tag that Helm parses as a number keeps its digits.
func TestImageTags(t *testing.T) {
	for value, want := range map[string]string{"dev": "dev", "1.5": "1.5", "7": "7", "20250101": "20250101", "'007'": "007"} {
		installed := install(t, "image: {tag: "+value+"}")
		if got := deployment(t, installed, "api").Spec.Template.Spec.Containers[0].Image; got != "nanomon/api:"+want {
			t.Errorf("tag %s: the image is %s", value, got)
		}
	}
}

func TestFeaturesByClusterVersion(t *testing.T) {
	for version, c := range map[string]struct{ evicts, drains bool }{
		"v1.25.0": {false, false}, "v1.27.0": {true, false}, "v1.29.9": {true, false}, "v1.30.0": {true, true}, "v1.34.1-gke.100": {true, true},
	} {
		installed, err := installOn(t, version, "podDisruptionBudget: {enabled: true}")
		if err != nil {
			t.Fatal(err)
		}
		if got := deployment(t, installed, "api").Spec.Template.Spec.Containers[0].Lifecycle != nil; got != c.drains {
			t.Errorf("%s: containers have a preStop hook: %t, want %t", version, got, c.drains)
		}
		budget := object[*policy.PodDisruptionBudget](t, installed, "PodDisruptionBudget/shop-nanomon-api")
		if got := budget.Spec.UnhealthyPodEvictionPolicy != nil; got != c.evicts {
			t.Errorf("%s: budget has an eviction policy for unhealthy pods: %t, want %t", version, got, c.evicts)
		}
	}
}

func TestRejectedValues(t *testing.T) {
	for values, message := range map[string]string{
		"replicas: 2":                                          "additional properties 'replicas' not allowed",
		"api: {replicas: 2}":                                   "at '/api': additional properties 'replicas' not allowed",
		"api: {replicaCount: two}":                             "at '/api/replicaCount'",
		"api: {replicaCount: -1}":                              "at '/api/replicaCount'",
		"api: {serviceType: Loadbalancer}":                     "at '/api/serviceType'",
		"api: {autoscaling: {enabled: true, minReplicas: 0}}":  "at '/api/autoscaling/minReplicas'",
		"api: {resources: {request: {cpu: 1}}}":                "at '/api/resources': additional properties 'request' not allowed",
		"api: {extraEnv: {TZ: UTC}}":                           "at '/api/extraEnv'",
		"api: {extraEnv: [{value: UTC}]}":                      "missing property 'name'",
		"frontend: {apiEndpoint: api.example.org}":             "at '/frontend/apiEndpoint'",
		"runner: {pollingInterval: 10}":                        "at '/runner/pollingInterval'",
		"runner: {pollingInterval: 10 s}":                      "at '/runner/pollingInterval'",
		"runner: {usePolling: often}":                          "at '/runner/usePolling'",
		"runner: {spool: {sizeLimit: big}}":                    "at '/runner/spool/sizeLimit'",
		"runner: {alerting: {smtpPort: 99999}}":                "at '/runner/alerting/smtpPort'",
		"runner: {alerting: {smtpHost: 'smtp:25/x'}}":          "at '/runner/alerting/smtpHost'",
		"runner: {alerting: {failCount: 0}}":                   "at '/runner/alerting/failCount'",
		"runner: {alerting: {smtpTLS: ssl}}":                   "at '/runner/alerting/smtpTLS'",
		"runner: {alerting: {slackUrl: x}}":                    "at '/runner/alerting': additional properties 'slackUrl' not allowed",
		"image: {pullPolicy: always}":                          "at '/image/pullPolicy'",
		"image: {regRepo: ''}":                                 "at '/image/regRepo'",
		"image: {regRepo: 'https://registry.example.org'}":     "at '/image/regRepo'",
		"image: {tag: 'a b'}":                                  "at '/image/tag'",
		"mongodb: {enabled: 'true'}":                           "at '/mongodb/enabled'",
		"mongodb: {connectionURI: db.example.org}":             "mongodb.connectionURI must begin with mongodb:// or mongodb+srv://",
		"mongodb: {persistence: {size: 8 Gi}}":                 "at '/mongodb/persistence/size'",
		"mongodb: {persistence: {enabled: }}":                  "missing property 'enabled'",
		"runner: {ping: }":                                     "missing property 'ping'",
		"fullnameOverride: nano.mon":                           "at '/fullnameOverride'",
		"metrics: {serviceMonitor: {interval: 1.5s}}":          "at '/metrics/serviceMonitor/interval'",
		"mongodb: {persistence: }":                             "missing property 'persistence'",
		"mongodb: {enabled: false}":                            "no MongoDB is configured: set mongodb.enabled to deploy one, or mongodb.connectionURI or mongodb.existingSecret to use your own",
		"ingress: {host: 'https://nanomon.example.org'}":       "at '/ingress/host'",
		"ingress: {annotations: {a: 1}}":                       "at '/ingress/annotations/a'",
		"httpRoute: {enabled: true}":                           "at '/httpRoute/parentRefs'",
		"auth: {issuer: 'https://login.example.org'}":          "auth has no effect without authClientId, so nothing would be protected: set authClientId too",
		"api: {allowedHosts: 'https://nanomon.example.org'}":   "at '/api/allowedHosts'",
		"publicURL: nanomon.example.org":                       "at '/publicURL'",
		"metrics: {serviceMonitor: {apiKeySecret: {name: a}}}": "at '/metrics/serviceMonitor/apiKeySecret'",
		"nodeSelector: {gpu: true}":                            "at '/nodeSelector/gpu'",

		// A field that Kubernetes does not know would be ignored. Without its selector, a peer is every pod of every
		// namespace.
		"networkPolicy: {from: [{podSelector: {matchLables: {app: proxy}}}]}":                                  "at '/networkPolicy/from/0/podSelector': additional properties 'matchLables' not allowed",
		"networkPolicy: {from: [{namespaceSelector: {matchLabel: {a: b}}}]}":                                   "at '/networkPolicy/from/0/namespaceSelector': additional properties 'matchLabel' not allowed",
		"networkPolicy: {from: [{namespaceSelector: {}, podSelectors: {}}]}":                                   "at '/networkPolicy/from/0': additional properties 'podSelectors' not allowed",
		"networkPolicy: {metricsFrom: [{podSelector: {matchlabels: {app: prometheus}}}]}":                      "at '/networkPolicy/metricsFrom/0/podSelector': additional properties 'matchlabels' not allowed",
		"networkPolicy: {from: [{podSelector: {matchLabels: {app: 1}}}]}":                                      "at '/networkPolicy/from/0/podSelector/matchLabels/app'",
		"networkPolicy: {from: [{podSelector: {matchExpressions: [{key: a, operater: Exists}]}}]}":             "at '/networkPolicy/from/0/podSelector/matchExpressions/0': additional properties 'operater' not allowed",
		"networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/8, expect: [10.1.0.0/16]}}]}":                        "at '/networkPolicy/from/0/ipBlock': additional properties 'expect' not allowed",
		"networkPolicy: {from: [{ipBlock: {except: [10.1.0.0/16]}}]}":                                          "at '/networkPolicy/from/0/ipBlock': missing property 'cidr'",
		"networkPolicy: {from: [{}]}":                                                                          "at '/networkPolicy/from/0'",
		"networkPolicy: {from: {podSelector: {}}}":                                                             "at '/networkPolicy/from'",
		"httpRoute: {enabled: true, parentRefs: [{name: a, sectionname: https}]}":                              "at '/httpRoute/parentRefs/0': additional properties 'sectionname' not allowed",
		"tolerations: [{key: a, effects: NoSchedule}]":                                                         "at '/tolerations/0': additional properties 'effects' not allowed",
		"tolerations: [{key: a, value: true}]":                                                                 "at '/tolerations/0/value'",
		"affinity: {nodeAfinity: {}}":                                                                          "at '/affinity': additional properties 'nodeAfinity' not allowed",
		"affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologykey: zone}]}}": "additional properties 'topologykey' not allowed",
		"api: {extraEnv: [{name: TZ, valeu: UTC}]}":                                                            "at '/api/extraEnv/0': additional properties 'valeu' not allowed",
		"api: {extraEnv: [{name: DEBUG, value: 1}]}":                                                           "at '/api/extraEnv/0/value'",
		"runner: {extraEnv: [{name: TOKEN, valueFrom: {secretRef: {name: a, key: b}}}]}":                       "at '/runner/extraEnv/0/valueFrom': additional properties 'secretRef' not allowed",
		"runner: {extraVolumes: [{name: a, secret: {name: b}}]}":                                               "at '/runner/extraVolumes/0/secret': additional properties 'name' not allowed",
		"frontend: {extraVolumes: [{name: a, configmap: {name: b}}]}":                                          "at '/frontend/extraVolumes/0': additional properties 'configmap' not allowed",
		"frontend: {extraVolumeMounts: [{name: a, mountPath: /a, readonly: true}]}":                            "at '/frontend/extraVolumeMounts/0': additional properties 'readonly' not allowed",
		"frontend: {extraVolumeMounts: [{name: a}]}":                                                           "at '/frontend/extraVolumeMounts/0': missing property 'mountPath'",
		"api: {resources: {claims: [{name: a, requests: b}]}}":                                                 "at '/api/resources/claims/0': additional properties 'requests' not allowed",
	} {
		if _, err := tryInstall(t, values); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: error %v, want %q", values, err, message)
		}
	}
}

// TestEmptySelectors checks that selectors without a condition, which select everything, are accepted.
func TestEmptySelectors(t *testing.T) {
	for _, peer := range []string{
		"{podSelector: {}}", "{namespaceSelector: {}}", "{namespaceSelector: {}, podSelector: {matchLabels: {}}}", "{podSelector: {matchExpressions: []}}",
	} {
		installed := install(t, "networkPolicy: {enabled: true, from: ["+peer+"]}")
		if err := kubernetes.Check(installed.objects); err != nil {
			t.Errorf("%s: %v", peer, err)
		}
	}
}

// TestSchemaMatchesValues finds values that exist only in values.yaml or only in its schema.
func TestSchemaMatchesValues(t *testing.T) {
	var values map[string]any
	var schema map[string]any
	for name, into := range map[string]*map[string]any{"values.yaml": &values, "values.schema.json": &schema} {
		text, err := os.ReadFile(filepath.Join(kubernetes.ChartFolder(), name))
		if err == nil && name == "values.yaml" {
			text, err = yaml.YAMLToJSON(text)
		}
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	properties := schema["properties"].(map[string]any)
	delete(properties, "global")
	compareWithSchema(t, "", values, properties, schema["definitions"].(map[string]any))
}

func compareWithSchema(t *testing.T, at string, values, properties, definitions map[string]any) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(properties)), slices.Sorted(maps.Keys(values))); diff != "" {
		t.Errorf("at %q, - schema, + values.yaml:\n%s", at, diff)
	}
	for name, value := range values {
		below, _ := properties[name].(map[string]any)
		if reference, ok := below["$ref"].(string); ok {
			below = definitions[strings.TrimPrefix(reference, "#/definitions/")].(map[string]any)
		}
		inner, closed := below["properties"].(map[string]any)
		if values, ok := value.(map[string]any); ok && closed && len(values) > 0 && name != "resources" {
			compareWithSchema(t, at+"/"+name, values, inner, definitions)
		}
	}
}

func TestReadmeExampleInstalls(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(kubernetes.ChartFolder(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```yaml\n")
	example, _, ended := strings.Cut(rest, "```\n")
	if !found || !ended {
		t.Fatal("README.md has no example")
	}
	if err := kubernetes.Check(install(t, example).objects, "Secret/nanomon-certificate"); err != nil {
		t.Error(err)
	}
}
