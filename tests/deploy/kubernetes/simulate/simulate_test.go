package simulate

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"nanomon/tests/deploy/kubernetes"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
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
					t.Errorf("the %s exited with code %d", name, code)
				}
			}
		})
	}
}

// TestWorkshopMonitors imports the monitors of the workshop.
func TestWorkshopMonitors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), "docs", "workshop-monitors.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, api, _ := servicetest.Standalone(t, t.TempDir())
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/import", json.RawMessage(text)); status != http.StatusNoContent {
		t.Errorf("import: %d %s", status, body)
	}
}
