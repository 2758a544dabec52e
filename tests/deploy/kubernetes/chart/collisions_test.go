package chart

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/deploy/kubernetes"

	"sigs.k8s.io/yaml"
)

// TestCollisions sets environment variables, volumes and mounts that the chart sets itself.
func TestCollisions(t *testing.T) {
	for values, message := range map[string]string{
		"runner: {extraEnv: [{name: POLLING_INTERVAL, value: 5s}]}":                                                                  "runner.extraEnv contains POLLING_INTERVAL, which the chart sets already: remove it there and set runner.pollingInterval",
		"api: {extraEnv: [{name: MONGO_TIMEOUT, value: 5m}]}":                                                                        "api.extraEnv contains MONGO_TIMEOUT, which the chart sets already: remove it there and set mongodb.timeout",
		"runner: {extraEnv: [{name: MONGO_URI, value: 'mongodb://s3cret'}]}":                                                         "remove it there and set mongodb.connectionURI or mongodb.existingSecret",
		"frontend: {extraEnv: [{name: API_ENDPOINT, value: /api}]}":                                                                  "remove it there and set frontend.apiEndpoint",
		"frontend: {extraEnv: [{name: PORT, value: '80'}]}":                                                                          "frontend.extraEnv contains PORT, which the chart sets already: remove it there, because the chart needs its own value",
		"runner: {extraEnv: [{name: SPOOL_DIR, value: /a}]}":                                                                         "runner.extraEnv contains SPOOL_DIR, which the chart sets already: set runner.spool.enabled to false to use your own volume",
		"runner: {extraEnv: [{name: HEALTH_FILE, value: /a}]}":                                                                       "the chart needs its own value",
		"authClientId: a\napi: {extraEnv: [{name: AUTH_CLIENT_ID, value: b}]}":                                                       "remove it there and set authClientId",
		"runner: {alerting: {existingSecret: a}, extraEnv: [{name: ALERT_SLACK_URL, valueFrom: {secretKeyRef: {name: b, key: c}}}]}": "remove it there and set runner.alerting.slackURL, or add the key ALERT_SLACK_URL to the secret in runner.alerting.existingSecret",
		"runner: {extraEnv: [{name: TZ, value: UTC}, {name: TOKEN, value: a}, {name: TZ, value: CET}]}":                              "runner.extraEnv contains TZ twice: remove one of them",
		"runner: {extraEnv: [{name: RESULT_RETENTION, value: 48h}], resultRetention: 24h}":                                           "set runner.resultRetention",

		"runner: {extraVolumes: [{name: tmp, emptyDir: {}}]}":                                                                                                       `runner.extraVolumes contains the volume tmp, which the chart has already: give it another name`,
		"runner: {extraVolumes: [{name: spool, persistentVolumeClaim: {claimName: a}}]}":                                                                            `runner.extraVolumes contains the volume spool, which the chart has already: set runner.spool.enabled to false to use your own volume`,
		"api: {extraVolumes: [{name: ca, configMap: {name: a}}, {name: ca, configMap: {name: b}}]}":                                                                 "api.extraVolumes contains the volume ca twice: give one of them another name",
		"runner: {extraVolumes: [{name: a}], extraVolumeMounts: [{name: a, mountPath: tmp}]}":                                                                       "a mount at tmp, where another volume is mounted",
		"runner: {extraVolumes: [{name: a}], extraVolumeMounts: [{name: a, mountPath: /tmp/}]}":                                                                     "runner.extraVolumeMounts contains a mount at /tmp/, where another volume is mounted: use another path",
		"runner: {extraVolumeMounts: [{name: tmp, mountPath: /a}, {name: tmp, mountPath: /a}]}":                                                                     "runner.extraVolumeMounts contains a mount at /a, where another volume is mounted: use another path",
		"runner: {extraVolumes: [{name: a}], extraVolumeMounts: [{name: a, mountPath: /spool/}]}":                                                                   "runner.extraVolumeMounts contains a mount at /spool/, where another volume is mounted: set runner.spool.enabled to false to use your own volume",
		"runner: {spool: {enabled: false}, extraVolumes: [{name: spool}], extraVolumeMounts: [{name: spool, mountPath: /spool}, {name: spool, mountPath: /spool}]}": "mount at /spool, where another volume is mounted: use another path",
		"frontend: {extraVolumeMounts: [{name: ca, mountPath: /ca}]}":                                                                                               "frontend.extraVolumeMounts contains a mount of the volume ca, which doesn't exist: add it to frontend.extraVolumes",
		"runner: {spool: {enabled: false}, extraVolumeMounts: [{name: spool, mountPath: /spool}]}":                                                                  "mount of the volume spool, which doesn't exist: add it to runner.extraVolumes",
		"podAnnotations: {checksum/secrets: a}":                                                                                                                     "podAnnotations contains checksum/secrets, which the chart sets already: remove it",
	} {
		_, err := tryInstall(t, values)
		if err == nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v, want %q", values, err, message)
		}
		if _, err := tryUpgrade(t, values); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s, at an upgrade: error %v, want %q", values, err, message)
		}
	}
}

// TestSettingsWithoutCollision checks values files that work and must continue to: settings whose chart value is empty,
// and a spool on a volume of one's own.
func TestSettingsWithoutCollision(t *testing.T) {
	for _, values := range []string{
		"runner: {extraEnv: [{name: RESULT_RETENTION, value: 48h}, {name: ALERT_SLACK_URL, valueFrom: {secretKeyRef: {name: a, key: b}}}]}",
		"api: {extraEnv: [{name: AUTH_CLIENT_ID, value: a}]}",
		"frontend: {extraEnv: [{name: POLLING_INTERVAL, value: 5s}]}",
		"runner: {spool: {enabled: false}, extraEnv: [{name: SPOOL_DIR, value: /spool}], extraVolumes: [{name: spool, emptyDir: {}}], " +
			"extraVolumeMounts: [{name: spool, mountPath: /spool}, {name: tmp, mountPath: /more}]}",
		"api: {extraVolumes: [{name: tmp, emptyDir: {}}], extraVolumeMounts: [{name: tmp, mountPath: /tmp}]}",
	} {
		if _, err := tryInstall(t, values); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}

// TestCollisionsNameTheirValue checks that for each variable that the chart sets, the message about a collision names
// an existing value of the chart, unless there is none.
func TestCollisionsNameTheirValue(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(kubernetes.ChartFolder(), "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	known := paths("", values)
	named := regexp.MustCompile(` set (\S+?)(?: or (\S+)|, or add the key \S+ to the secret in (\S+)| to false to use your own volume)?$`)
	without := []string{"PORT", "HEALTH_FILE", "PROMETHEUS_PORT"}
	installed := install(t, kubernetes.Everything)
	for _, service := range []string{"api", "frontend", "runner"} {
		for _, name := range slices.Sorted(maps.Keys(installed.environment(t, service))) {
			if strings.Contains(kubernetes.Everything, "{name: "+name) {
				continue // from extraEnv
			}
			message := collision(t, service, name)
			found := named.FindStringSubmatch(message)
			if found == nil != slices.Contains(without, name) {
				t.Errorf("%s of %s: %s", name, service, message)
			}
			for _, path := range found[min(1, len(found)):] {
				if path != "" && !known[path] {
					t.Errorf("%s of %s: there is no value %s", name, service, path)
				}
			}
		}
	}
}

// collision returns the error of an installation with everything and one more environment variable of a service.
func collision(t *testing.T, service, name string) string {
	t.Helper()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(kubernetes.Everything), &values); err != nil {
		t.Fatal(err)
	}
	values[service].(map[string]any)["extraEnv"] = []any{map[string]any{"name": name, "value": "a"}}
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryInstall(t, string(text)); err != nil {
		return err.Error()
	}
	t.Errorf("%s.extraEnv may contain %s", service, name)
	return ""
}

// paths returns the paths of all values, such as "api.autoscaling.enabled".
func paths(prefix string, values map[string]any) map[string]bool {
	all := make(map[string]bool)
	for name, value := range values {
		all[prefix+name] = true
		if below, ok := value.(map[string]any); ok {
			maps.Copy(all, paths(prefix+name+".", below))
		}
	}
	return all
}
