package chart

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"

	"nanomon/services/common/config"
	"nanomon/tests/deploy/kubernetes"
)

// services are the objects that every installation has.
var services = []string{
	"Deployment/-api", "Deployment/-frontend", "Deployment/-runner", "Service/-api", "Service/-frontend", "Pod/-test",
}

// mongodb are the objects of installations that deploy MongoDB.
var mongodb = []string{"StatefulSet/-mongodb", "Service/-mongodb", "ConfigMap/-mongodb", "Secret/-mongodb"}

// everything turns on every feature that can be combined, and sets every credential.
const everything = `
image: {regRepo: registry.example.org/nanomon, tag: 1.2.3, pullPolicy: Always, pullSecrets: [registry, {name: mirror}]}
authClientId: nanomon
auth: {issuer: "https://login.example.org/realms/shop", audience: nanomon, protectReads: true}
api:
  serviceType: LoadBalancer
  serviceAnnotations: {example.org/internal: "true"}
  corsOrigins: https://wall.example.org
  allowedHosts: nanomon.internal, *.example.org
  trustedProxies: 10.244.0.0/16
  autoscaling: {enabled: true}
  extraEnv: [{name: SSL_CERT_FILE, value: /ca/ca.crt}]
  extraVolumes: [{name: ca, configMap: {name: ca}}]
  extraVolumeMounts: [{name: ca, mountPath: /ca}]
frontend:
  autoscaling: {enabled: true}
  extraEnv: [{name: TZ, value: UTC}]
  extraVolumes: [{name: ca, configMap: {name: ca}}]
  extraVolumeMounts: [{name: ca, mountPath: /ca}]
runner:
  resultRetention: 48h
  rollupRetention: 720h
  targetDeny: 10.0.0.0/8
  checkMemory: 64MiB
  targetAllow: 10.1.0.0/16
  secretsAllow: file:/secrets/
  autoscaling: {enabled: true}
  extraEnv: [{name: HTTPS_PROXY, value: "http://proxy.example.org:3128"}]
  extraVolumes: [{name: secrets, secret: {secretName: checks}}]
  extraVolumeMounts: [{name: secrets, mountPath: /secrets}]
  alerting:
    failCount: 2
    recoveryCount: 2
    reminder: 4h
    from: nanomon@example.org
    to: a@example.org, b@example.org
    smtpHost: smtp.example.org
    smtpPort: 465
    smtpUser: nanomon
    smtpTLS: implicit
    password: s3cret-password
    webhookURL: https://hooks.example.org/s3cret-webhook
    webhookSecret: s3cret-signature
    slackURL: https://slack.example.org/s3cret-slack
    teamsURL: https://teams.example.org/s3cret-teams
    discordURL: https://discord.example.org/s3cret-discord
    ntfyURL: https://ntfy.example.org/s3cret-ntfy
    ntfyToken: s3cret-token
    pagerDutyKey: s3cret-key
mongodb: {connectionURI: "mongodb://nanomon:s3cret-mongo@db.example.org/?tls=true"}
ingress: {enabled: true, className: nginx, annotations: {example.org/body-size: 16m}, host: nanomon.example.org, tlsSecret: certificate}
httpRoute: {enabled: true, annotations: {example.org/a: b}, parentRefs: [{name: gateway, namespace: infra, sectionName: https}], hostnames: [nanomon.example.org]}
metrics: {enabled: true, serviceMonitor: {enabled: true, labels: {release: prometheus}, interval: 30s, apiKeySecret: {name: nanomon-key, key: key}}}
podDisruptionBudget: {enabled: true}
networkPolicy:
  enabled: true
  from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}]
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: prometheus}}}]
podAnnotations: {example.org/team: shop}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: dedicated, operator: Exists}]
affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: disk, operator: In, values: [ssd]}]}}]}}
serviceAccountName: nanomon
`

// cases maps a name to values, the objects that they create in addition to the services, and the objects that they
// refer to but don't create.
var cases = map[string]struct {
	values   string
	created  []string
	external []string
}{
	"defaults": {created: mongodb},
	"blank values": {created: append(slices.Clone(mongodb), "Ingress/", "Service/-runner", "ServiceMonitor/-api", "ServiceMonitor/-runner"), values: `
image: {tag: , pullPolicy: , pullSecrets: }
authClientId:
auth: {tenant: , protectReads: }
publicURL:
api: {replicaCount: , serviceType: , serviceAnnotations: , resources: , extraEnv: }
frontend: {serviceType: , apiEndpoint: }
runner: {usePolling: , pollingInterval: , alerting: {password: , from: , to: , smtpHost: , smtpPort: , failCount: }}
mongodb: {connectionURI: , existingSecretKey: , timeout: , persistence: {storageClass: }}
ingress: {enabled: true, className: , annotations: , host: , tlsSecret: }
metrics: {serviceMonitor: {enabled: true, labels: , interval: }}
podAnnotations:
nodeSelector:
tolerations:
affinity:
nameOverride:
fullnameOverride:
`},
	"external MongoDB by URI": {
		values:  `mongodb: {enabled: false, connectionURI: "mongodb+srv://nanomon:s3cret-mongo@db.example.org/"}`,
		created: []string{"Secret/-secrets"},
	},
	"external MongoDB by secret": {
		values:   `mongodb: {existingSecret: database, existingSecretKey: uri, database: shop}`,
		external: []string{"Secret/database"},
	},
	"own MongoDB with an existing secret": {
		values:   `mongodb: {auth: {existingSecret: passwords}, persistence: {size: 20Gi, storageClass: fast}}`,
		created:  []string{"StatefulSet/-mongodb", "Service/-mongodb", "ConfigMap/-mongodb"},
		external: []string{"Secret/passwords"},
	},
	"own MongoDB without a volume": {values: `mongodb: {persistence: {enabled: false}}`, created: mongodb},
	"ingress": {
		values:   `ingress: {enabled: true, host: nanomon.example.org, tlsSecret: certificate}`,
		created:  append(slices.Clone(mongodb), "Ingress/"),
		external: []string{"Secret/certificate"},
	},
	"gateway": {
		values:   `httpRoute: {enabled: true, parentRefs: [{name: gateway}]}`,
		created:  append(slices.Clone(mongodb), "HTTPRoute/"),
		external: []string{"Gateway/gateway"},
	},
	"autoscaling": {
		values:  `{api: {autoscaling: {enabled: true}}, runner: {autoscaling: {enabled: true, maxReplicas: 20}}}`,
		created: append(slices.Clone(mongodb), "HorizontalPodAutoscaler/-api", "HorizontalPodAutoscaler/-runner"),
	},
	"network policies": {
		values: `networkPolicy: {enabled: true}`,
		created: append(slices.Clone(mongodb), "NetworkPolicy/-api", "NetworkPolicy/-frontend", "NetworkPolicy/-runner",
			"NetworkPolicy/-mongodb"),
	},
	"metrics": {
		values:  `metrics: {serviceMonitor: {enabled: true}}`,
		created: append(slices.Clone(mongodb), "Service/-runner", "ServiceMonitor/-api", "ServiceMonitor/-runner"),
	},
	"sign-in": {
		values:  `{authClientId: 00000000-0000-0000-0000-000000000001, auth: {tenant: organizations}}`,
		created: mongodb,
	},
	"notifications with an existing secret": {
		values:  `runner: {alerting: {from: a@example.org, to: b@example.org, existingSecret: channels}}`,
		created: mongodb,
	},
	"notifications with credentials in values and in an existing secret": {
		values:  `runner: {alerting: {slackURL: "https://slack.example.org/s3cret-slack", existingSecret: channels}}`,
		created: append(slices.Clone(mongodb), "Secret/-secrets"),
	},
	"no ping, no spool": {values: `runner: {ping: false, spool: {enabled: false}}`, created: mongodb},
	"everything": {
		values: everything,
		created: []string{
			"Secret/-secrets", "Ingress/", "HTTPRoute/", "NetworkPolicy/-api", "NetworkPolicy/-frontend", "NetworkPolicy/-runner",
			"HorizontalPodAutoscaler/-api", "HorizontalPodAutoscaler/-frontend", "HorizontalPodAutoscaler/-runner",
			"PodDisruptionBudget/-api", "PodDisruptionBudget/-frontend", "PodDisruptionBudget/-runner", "Service/-runner", "ServiceMonitor/-api", "ServiceMonitor/-runner",
		},
		external: []string{
			"Secret/registry", "Secret/mirror", "ConfigMap/ca", "Secret/checks", "Secret/certificate", "Gateway/gateway", "ServiceAccount/nanomon",
		},
	},
}

func TestRenderedObjects(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			installed := install(t, c.values)
			want := slices.Sorted(slices.Values(append(slices.Clone(services), c.created...)))
			if diff := cmp.Diff(want, installed.ids()); diff != "" {
				t.Errorf("objects, - want, + got:\n%s", diff)
			}
			if err := kubernetes.Check(installed.objects, c.external...); err != nil {
				t.Error(err)
			}
			for _, o := range installed.objects {
				if o.GetNamespace() != namespace {
					t.Errorf("%s is in the namespace %q", kubernetes.ID(o), o.GetNamespace())
				}
			}
		})
	}
}

func TestLint(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			values, err := chartutil.ReadValues([]byte(c.values))
			if err != nil {
				t.Fatal(err)
			}
			version, err := chartutil.ParseKubeVersion("v1.34.0")
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range lint.AllWithKubeVersion(folder(), values, namespace, version).Messages {
				if m.Severity > support.InfoSev {
					t.Error(m)
				}
			}
		})
	}
}

// TestServicesAcceptTheirSettings parses the environment of the pods with the parsers of the services, which reject
// unknown names and invalid values.
func TestServicesAcceptTheirSettings(t *testing.T) {
	uri := map[string]string{"uri": "mongodb://db.example.org", "MONGO_URI": "mongodb://db.example.org"}
	existing := []kubernetes.Object{secret("database", uri), secret("passwords", uri)}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			installed := install(t, c.values)
			installed.objects = append(installed.objects, existing...)
			for service, parse := range map[string]func(map[string]string) error{
				"api":      func(e map[string]string) error { _, err := config.Parse[config.API](e); return err },
				"frontend": func(e map[string]string) error { _, err := config.Parse[config.Frontend](e); return err },
				"runner":   func(e map[string]string) error { _, err := config.Parse[config.Runner](e); return err },
			} {
				environment := installed.environment(t, service)
				maps.DeleteFunc(environment, func(_, value string) bool { return value == "" })
				if err := parse(environment); err != nil {
					t.Errorf("%s: %v", service, err)
				}
			}
		})
	}
}

func TestCredentialsAreOnlyInSecrets(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			installed := install(t, c.values)
			texts := map[string]string{"the notes": installed.notes}
			for path, text := range installed.text {
				for document := range strings.SplitSeq(text, "\n---\n") {
					if !strings.Contains(document, "\nkind: Secret\n") {
						texts[path] += document
					}
				}
			}
			for _, secret := range secretsOf(installed) {
				for where, text := range texts {
					if strings.Contains(text, secret) {
						t.Errorf("%s shows %q", where, secret)
					}
				}
			}
		})
	}
}
