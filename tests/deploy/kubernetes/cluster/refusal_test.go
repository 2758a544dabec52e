package cluster

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/deploy/kubernetes"
)

// refused lists the faults that the API server refuses or warns of.
var refused = map[string]struct{ kind, name, old, new, message string }{
	"unknown field":           {"Deployment", "api", "httpGet:", "httpget:", `unknown field "spec.template.spec.containers[0].livenessProbe.httpget"`},
	"unknown custom field":    {"ServiceMonitor", "api", "- port: plain", "- ports: plain", `unknown field "spec.endpoints[0].ports"`},
	"unknown route field":     {"HTTPRoute", "nanomon", "backendRefs", "backends", `unknown field "spec.rules[0].backends"`},
	"invalid label":           {"ConfigMap", "settings", "\ndata:", "\n  labels: {a: b c}\ndata:", `metadata.labels: Invalid value: "b c"`},
	"capital in a name":       {"ConfigMap", "settings", "name: settings", "name: Settings", `metadata.name: Invalid value: "Settings"`},
	"dot in a service's name": {"ServiceAccount", "nanomon", "nanomon\n", "nanomon\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a.b}\nspec: {ports: [{port: 1}]}\n", `metadata.name: Invalid value: "a.b"`},
	"invalid annotation":      {"ConfigMap", "settings", "\ndata:", "\n  annotations: {a b: c}\ndata:", `metadata.annotations: Invalid value: "a b"`},
	"no selector":             {"Deployment", "api", "  selector:\n    matchLabels:\n      app: api\n", "", "spec.selector: Required value"},
	"selector of other pods":  {"Deployment", "api", "  selector:\n    matchLabels:\n      app: api", "  selector:\n    matchLabels:\n      app: ap", "`selector` does not match template `labels`"},
	"duplicate port names":    {"Service", "mongo", "- port: 27017", "- port: 27017\n    - {port: 27018, targetPort: 27017}", "spec.ports[0].name: Required value"},
	"duplicate port":          {"Deployment", "api", "containerPort: 8000", "containerPort: 8000\n            - name: http\n              containerPort: 8001", `spec.template.spec.containers[0].ports[1].name: Duplicate value: "http"`},
	"long port name":          {"Deployment", "api", "containerPort: 8000", "containerPort: 8000\n            - name: much-too-long-name\n              containerPort: 8001", "must be no more than 15"},
	"empty probe":             {"Deployment", "api", "tcpSocket:\n              port: 8000", "periodSeconds: 3", "must specify a handler type"},
	"no volume":               {"StatefulSet", "mongo", "            - name: data", "            - name: data\n              mountPath: /data\n            - name: dat", `volumeMounts[1].name: Not found: "dat"`},
	"duplicate mount path":    {"Deployment", "api", "mountPath: /spool", "mountPath: /secret", `volumeMounts[1].mountPath: Invalid value: "/secret": must be unique`},
	"duplicate variable":      {"Deployment", "api", "- name: PORT", "- name: GOMEMLIMIT", `hides previous definition of "GOMEMLIMIT"`},
	"value and source":        {"Deployment", "api", "valueFrom:", "value: id\n              valueFrom:", "may not be specified when `value` is not empty"},
	"as root":                 {"Deployment", "api", "runAsNonRoot: true", "fsGroup: 1", `would violate PodSecurity "restricted:latest": runAsNonRoot != true`},
	"with capabilities":       {"StatefulSet", "mongo", "            capabilities:\n              drop: [ALL]\n", "", `container "mongod" must set securityContext.capabilities.drop=["ALL"]`},
	"request above limit":     {"Deployment", "api", "memory: 32Mi", "memory: 1Gi", "must be less than or equal to memory limit of 64Mi"},
	"ingress without type":    {"Ingress", "nanomon", "            pathType: Prefix\n", "", "pathType: Required value"},
	"privileged pod":          {"Deployment", "api", "allowPrivilegeEscalation: false", "privileged: true", "container \"api\" must not set securityContext.privileged=true"},
}

// TestServerRefuses applies each fault, which package kubernetes doesn't look for.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	r := newRelease(t, "helm", "refused", "")
	valid, err := kubernetes.ValidDocuments()
	if err != nil {
		t.Fatal(err)
	}
	r.kubectlWith(strings.Join(valid, ""), "apply", "--dry-run=server", "--validate=strict", "--filename=-")
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		t.Run(name, func(t *testing.T) {
			documents, test := slices.Clone(valid), refused[name]
			i, err := kubernetes.Break(documents, test.kind, test.name, test.old, test.new)
			if err != nil {
				t.Fatal(err)
			}
			got := execute(t, documents[i], "kubectl", "apply", "--dry-run=server", "--validate=strict", "--filename=-", "--namespace=refused")
			if got.err == nil && !got.warns() || !strings.Contains(got.errors, test.message) {
				t.Errorf("%v: want %q in:\n%s", got.err, test.message, got.errors)
			}
		})
	}
}
