package kubernetes

import "testing"

func TestManifests(t *testing.T) {
	for name, test := range map[string]struct{ folders, external []string }{
		"basic":   {[]string{"basic"}, nil},
		"ingress": {[]string{"basic", "ingress"}, nil},
		"steps":   {[]string{"basic", "ingress", "steps"}, []string{"Image/prometheus", "ConfigMap/prometheus"}},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := Manifests(test.folders...)
			if err != nil {
				t.Fatal(err)
			}
			if err := Check(objects, test.external...); err != nil {
				t.Error(err)
			}
		})
	}
}
