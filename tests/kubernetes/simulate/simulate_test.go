package simulate

import (
	"net/http"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/tests/kubernetes"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
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
			if status, _ := servicetest.Call(t, http.MethodGet, nanomon.Page+"/", nil); status != http.StatusOK {
				t.Errorf("the page: %d", status)
			}
			watched := servicetest.Create(t, nanomon.API, monitor.Monitor{
				Name: "page", Type: "http", Interval: "1s", Target: nanomon.Page, Enabled: true,
			})
			servicetest.Eventually(t, "a result", func() bool {
				results := servicetest.Results(t, nanomon.API, watched.ID)
				return len(results) > 0 && results[0].Status == monitor.StatusOK
			})
		})
	}
}
