package cluster

import (
	"strings"
	"testing"
)

// TestFaultsAreSeen installs the chart with values that no rendering shows to be wrong, and checks that the tests of this
// package see them.
func TestFaultsAreSeen(t *testing.T) {
	for name, test := range map[string]struct{ values, external, problem, warning string }{
		"privileged pod": {
			`runner: {extraVolumes: [{name: host, hostPath: {path: /}}], extraVolumeMounts: [{name: host, mountPath: /host}]}`, "",
			"no pod of the runner", `FailedCreate: Error creating: pods "shop-nanomon-runner-`,
		},
		"missing key of a secret": {
			`mongodb: {existingSecret: database, existingSecretKey: url}`, "Secret/database",
			"couldn't find key url in Secret", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelease(t, "helm", namespace("fault", name), test.values, strings.Fields(test.external)...)
			installed := execute(t, test.values, "helm", "install", "shop", chart, "--values=-", "--namespace="+r.namespace)
			if installed.err != nil {
				t.Fatal(installed.errors)
			}
			r.eventually(r.warnings, func(got string) bool { return strings.Contains(got, test.warning) })
			r.eventually(r.unready, func(got string) bool { return strings.Contains(got, test.problem) })
		})
	}
}
