package chart

import (
	"regexp"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"

	"nanomon/services/common/config"
	"nanomon/tests/deploy/kubernetes"
)

// emptyValues has every key of the values files of the original's charts 0.0.4 to 0.0.7, most of them empty.
const emptyValues = `
image: {regRepo: registry.example.org/shop, pullPolicy: Always, tag: 1.0.0, pullSecrets: []}
authClientId:
authTenant:
api: {replicaCount: 1, serviceType: ClusterIP}
runner:
  replicaCount: 1
  usePolling:
  pollingInterval:
  monitorChangeInterval: 120s
  alerting: {password: , from: , to: , smtpHost: smtp.example.org, smtpPort: 587, failCount: 3}
frontend: {replicaCount: 1, serviceType: ClusterIP, apiEndpoint: }
mongodb:
  connectionURI:
  enabled: true
  architecture: replicaset
  replicaCount: 2
  arbiter: {enabled: false}
  useStatefulSet: true
  service: {type: ClusterIP}
  persistence: {enabled: false, size: 1Gi, storageClass: default}
  auth: {enabled: false}
ingress: {enabled: false, className: nginx, annotations: {}, host: , tlsSecret: }
podAnnotations: {}
nodeSelector: {}
tolerations: []
affinity: {}
nameOverride: ""
fullnameOverride: ""
`

func TestValuesFilesOfTheOriginal(t *testing.T) {
	for _, values := range []string{
		emptyValues,
		strings.Replace(emptyValues, "authTenant:\n", "", 1),
		emptyValues + "postgresql: {enabled: true, externalDSN: , auth: {username: nanomon}, primary: {persistence: {enabled: false}}}\n",
	} {
		installed := install(t, values)
		if err := kubernetes.Check(installed.objects); err != nil {
			t.Error(err)
		}
		if _, err := config.Parse[config.Runner](installed.environment(t, "runner")); err != nil {
			t.Error(err)
		}
	}
}

func TestIgnoredValuesAreNamed(t *testing.T) {
	for values, want := range map[string]string{
		emptyValues: "These values have no effect in this chart: mongodb.arbiter, mongodb.architecture, mongodb.auth.enabled, " +
			"mongodb.replicaCount, mongodb.service, mongodb.useStatefulSet, runner.monitorChangeInterval.",
		"mongodb: {replicaCount: 3}":                                     "These values have no effect in this chart: mongodb.replicaCount.",
		"postgresql: {enabled: true}":                                    "These values have no effect in this chart: postgresql.",
		"authTenant: common":                                             "These values have no effect in this chart: authTenant.",
		"authTenant: common\nauthClientId: c":                            "",
		"authTenant: common\nauthClientId: c\nauth: {tenant: other}":     "These values have no effect in this chart: authTenant.",
		"mongodb: {auth: {existingSecret: a}, persistence: {size: 1Gi}}": "",
	} {
		const begin = "These values have no effect"
		notes := install(t, values).notes
		if !strings.Contains(notes, want) || strings.Contains(notes, begin) != (want != "") {
			t.Errorf("%s: want %q in\n%s", values, want, notes)
		}
	}
}

func TestTenantOfTheOriginal(t *testing.T) {
	for values, want := range map[string]string{
		"authTenant: shop\nauthClientId: client":                          "shop",
		"authTenant: shop\nauthClientId: client\nauth: {tenant: another}": "another",
		"authTenant: shop":                   "",
		"authTenant: \nauthClientId: client": "",
	} {
		installed := install(t, values)
		for _, service := range []string{"api", "frontend"} {
			if got := installed.environment(t, service)["AUTH_TENANT"]; got != want {
				t.Errorf("%s: AUTH_TENANT of %s is %q, want %q", values, service, got, want)
			}
		}
	}
}

// TestNumbersAsCredentials checks credentials without quotes, which Helm parses as numbers.
func TestNumbersAsCredentials(t *testing.T) {
	for field, variable := range map[string]string{
		"password": "ALERT_SMTP_PASSWORD", "webhookSecret": "ALERT_WEBHOOK_SECRET", "ntfyToken": "ALERT_NTFY_TOKEN", "pagerDutyKey": "ALERT_PAGERDUTY_KEY",
	} {
		for text, want := range map[string]string{"12345678": "12345678", "9007199254740991": "9007199254740991", `'a"<b'`: `a"<b`, "'0123'": "0123"} {
			installed := install(t, "runner: {alerting: {"+field+": "+text+"}}")
			if got := string(object[*core.Secret](t, installed, "Secret/shop-nanomon-secrets").Data[variable]); got != want {
				t.Errorf("%s %s becomes %s", field, text, got)
			}
		}
	}
	runner := install(t, "runner: {alerting: {smtpUser: 20251231}}").environment(t, "runner")
	if runner["ALERT_SMTP_USER"] != "20251231" {
		t.Errorf("smtpUser becomes %s", runner["ALERT_SMTP_USER"])
	}
}

// TestWrongNumbersAsCredentials checks that the messages don't contain the credentials.
func TestWrongNumbersAsCredentials(t *testing.T) {
	for _, field := range []string{"smtpUser", "password", "webhookSecret", "ntfyToken", "pagerDutyKey"} {
		inexact := "runner.alerting." + field + " is a number that Helm can't read exactly: put it in quotes"
		wrongType := "at '/runner/alerting/" + field + "': got "
		for text, message := range map[string]string{
			"12345678901234567890": inexact, "9007199254740993": inexact, "-7243": inexact, "7243.5": wrongType + "number", "true": wrongType + "boolean",
		} {
			_, err := tryInstall(t, "runner: {alerting: {"+field+": "+text+"}}")
			if err == nil || !strings.Contains(err.Error(), message) || regexp.MustCompile("72.?43|12345|90071").MatchString(err.Error()) {
				t.Errorf("%s %s: error %v, want %q", field, text, err, message)
			}
		}
	}
}

// TestImagesOfTheOriginal checks that the notes warn about the registry of the original, which has no images for this
// chart.
func TestImagesOfTheOriginal(t *testing.T) {
	for regRepo, warns := range map[string]bool{"ghcr.io/benc-uk": true, "ghcr.io/benc-uk/": true, "registry.example.org/shop": false} {
		notes := install(t, "image: {regRepo: "+regRepo+"}").notes
		if strings.Contains(notes, "WARNING: image.regRepo") != warns {
			t.Errorf("%s: notes\n%s", regRepo, notes)
		}
	}
}
