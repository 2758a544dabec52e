package simulate

import (
	"testing"

	"nanomon/tests/kubernetes"
	"nanomon/tests/mongotest"
)

func TestManifestsRun(t *testing.T) {
	uri := mongotest.Start(t)
	for name, folders := range map[string][]string{"basic": {"basic"}, "ingress": {"basic", "ingress"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := kubernetes.Manifests(folders...)
			if err != nil {
				t.Fatal(err)
			}
			nanomon := Start(t, objects, uri)
			nanomon.Use(t)
			for name, service := range nanomon.Services {
				if code := service.Stop(t); code != 0 {
					t.Errorf("the %s ended with the code %d", name, code)
				}
			}
		})
	}
}
