package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"golang.org/x/sync/errgroup"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestNothingAppearsAfterDeletion deletes monitors whose results are on their way to the store.
func TestNothingAppearsAfterDeletion(t *testing.T) {
	t.Parallel()
	t.Run("standalone", func(t *testing.T) {
		t.Parallel()
		_, api, _ := servicetest.Standalone(t, t.TempDir())
		testNothingAppears(t, api)
	})
	t.Run("separate services", func(t *testing.T) {
		t.Parallel()
		settings := map[string]string{"MONGO_URI": mongotest.Start(t), "MONGO_DB": "deletion", "POLLING_INTERVAL": "1s"}
		_, api := servicetest.API(t, settings)
		servicetest.Runner(t, settings)
		testNothingAppears(t, api)
	})
}

func testNothingAppears(t *testing.T, api string) {
	target := servicetest.NewTarget(t)
	var cycles errgroup.Group
	cycles.SetLimit(10)
	for n := range 100 {
		cycles.Go(func() error {
			m := target.Monitor(fmt.Sprintf("/%d", n), "1s")
			if n%2 == 0 {
				m = monitor.Monitor{Name: "job", Type: "push", Target: "every 1h", Enabled: true}
			}
			m = servicetest.Create(t, api, m)
			for i := range 1 + n%50 { // until a point of time that differs
				if m.Type == "push" && i%10 == 0 {
					uuid := servicetest.Get[struct{ UUID string }](t, api+"/monitors/"+m.ID+"/ping-url").UUID
					servicetest.Call(t, http.MethodPost, api+"/push/"+uuid+"/fail", nil)
				}
				servicetest.Results(t, api, m.ID)
			}
			if status, body := servicetest.Call(t, http.MethodDelete, api+"/monitors/"+m.ID, nil); status >= 300 {
				return fmt.Errorf("delete %s: %d %s", m.ID, status, body)
			}
			return nil
		})
	}
	if err := cycles.Wait(); err != nil {
		t.Fatal(err)
	}
	// The results of a later monitor are stored after all others.
	last := servicetest.Create(t, api, target.Monitor("/last", "1s"))
	servicetest.Eventually(t, "results of the last monitor", func() bool { return len(servicetest.Results(t, api, last.ID)) > 2 })
	for _, r := range servicetest.Get[[]monitor.Result](t, api+"/results?max=1000") {
		if r.MonitorID != last.ID {
			t.Errorf("after the deletion, monitor %s has the result %s of %s", r.MonitorID, r.ID, r.Date)
		}
	}
}
