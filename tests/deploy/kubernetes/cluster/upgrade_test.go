package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/tests/support/servicetest"
)

// TestReuseValues installs the chart with the default values of each earlier version, and upgrades to the default values of
// this one with --reuse-values, which leaves values that the earlier version didn't have at their new defaults.
func TestReuseValues(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(servicetest.Root(), "tests", "system", "upgrade", "testdata", "*", "values.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found no earlier version (error %v)", err)
	}
	for _, file := range files {
		version := filepath.Base(filepath.Dir(file))
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			earlier := t.TempDir()
			values, err := os.ReadFile(file)
			if err = errors.Join(err, os.CopyFS(earlier, os.DirFS(filepath.Join(servicetest.Root(), chart)))); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(earlier, "values.yaml"), values, 0o600); err != nil {
				t.Fatal(err)
			}
			r := newRelease(t, "helm", namespace("reuse", version), "")
			r.helm("install", "shop", earlier, "--wait", "--timeout=2m")
			before := contents(r.states())
			r.upgrade("--reuse-values")
			r.wantHealthy()
			if diff := cmp.Diff(before, contents(r.states())); diff != "" {
				t.Errorf("secrets and claims, - before the upgrade, + after:\n%s", diff)
			}
		})
	}
}

// TestUpgradesAreRefused upgrades to values that Kubernetes would refuse half-way, or with which the release would get an
// empty database. Nothing may change.
func TestUpgradesAreRefused(t *testing.T) {
	t.Parallel()
	r := newRelease(t, "helm", "refused-upgrades", "")
	r.install()
	before := r.states()
	for value, sentence := range map[string]string{
		"mongodb.persistence.size=16Gi":         "mongodb.persistence.size can't change",
		"mongodb.persistence.storageClass=fast": "mongodb.persistence.storageClass can't change",
		"mongodb.persistence.enabled=false":     "mongodb.persistence.enabled can't change",
		"fullnameOverride=other":                "shop-nanomon-mongodb",
	} {
		upgraded := execute(t, "", "helm", "upgrade", "shop", chart, "--set="+value, "--namespace="+r.namespace)
		if upgraded.err == nil || !strings.Contains(upgraded.errors, sentence) {
			t.Errorf("%s: %v: want %q in:\n%s", value, upgraded.err, sentence, upgraded.errors)
		}
	}
	if diff := cmp.Diff(before, r.states()); diff != "" {
		t.Errorf("- before the refused upgrades, + after:\n%s", diff)
	}
}
