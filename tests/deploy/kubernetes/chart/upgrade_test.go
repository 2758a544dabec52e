package chart

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	apps "k8s.io/api/apps/v1"

	"nanomon/tests/deploy/kubernetes"
	"nanomon/tests/support/servicetest"
)

// TestValuesOfEarlierVersions renders the chart with the default values of each earlier version, and without values. It must make every
// object that the earlier version made, and no field may differ that Kubernetes refuses to change.
func TestValuesOfEarlierVersions(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(servicetest.Root(), "tests", "system", "upgrade", "testdata", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("found no earlier version (error %v)", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			values, err := os.ReadFile(filepath.Join(folder, "values.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(folder, "objects.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			for name, values := range map[string]string{"with its values": string(values), "without values": ""} {
				t.Run(name, func(t *testing.T) { wantUpgrade(t, install(t, values), want) })
			}
		})
	}
}

// wantUpgrade compares an installation with the objects of an earlier version, each with its fields that can't be changed.
func wantUpgrade(t *testing.T, made installation, want map[string]any) {
	t.Helper()
	if err := kubernetes.Check(made.objects); err != nil {
		t.Error(err)
	}
	got := make(map[string]any)
	for _, o := range made.objects {
		got[kubernetes.ID(o)] = immutable(t, o)
	}
	for id, fields := range want {
		now, ok := got[id]
		if !ok {
			t.Errorf("there is no %s any more", id)
		} else if diff := cmp.Diff(fields, now); diff != "" {
			t.Errorf("%s, - the earlier version, + now:\n%s", id, diff)
		}
	}
}

// immutable returns the fields of an object that Kubernetes refuses to change, as values from JSON. It returns nil for objects
// without such fields.
func immutable(t *testing.T, o kubernetes.Object) any {
	t.Helper()
	var fields []any
	switch o := o.(type) {
	case *apps.Deployment:
		fields = []any{o.Spec.Selector}
	case *apps.StatefulSet:
		fields = []any{o.Spec.Selector, o.Spec.ServiceName, o.Spec.PodManagementPolicy, o.Spec.VolumeClaimTemplates}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
