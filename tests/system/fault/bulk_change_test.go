package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestKilledBulkChange kills an API while it changes many monitors. On SQLite, either all are changed or none. On MongoDB,
// the API that starts next changes the others.
func TestKilledBulkChange(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		testKilledBulkChange(t, 2000, false, func() (*servicetest.Service, string) {
			s, api, _ := servicetest.Standalone(t, folder)
			return s, api
		})
	})
	t.Run("MongoDB", func(t *testing.T) {
		t.Parallel()
		settings := map[string]string{"MONGO_URI": mongotest.FerretDB(t).URI}
		testKilledBulkChange(t, 450, true, func() (*servicetest.Service, string) { return servicetest.API(t, settings) })
	})
}

// testKilledBulkChange kills the service several times during a change. If inSteps, the change is made in steps, and the
// first one must be visible before the kill.
func testKilledBulkChange(t *testing.T, monitors int, inSteps bool, start func() (*servicetest.Service, string)) {
	t.Helper()
	const rounds = 4
	victim, api := start()
	list := make([]monitor.Monitor, monitors)
	for i := range list {
		list[i] = monitor.Monitor{Name: fmt.Sprintf("%05d", i), Type: "tcp", Interval: "24h", Target: "localhost:1"}
	}
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/import", list); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
	ids := make([]string, monitors)
	for i, m := range servicetest.Get[[]monitor.Monitor](t, api+"/monitors") {
		ids[i] = m.ID
	}
	for round := range rounds {
		group := fmt.Sprint("round ", round)
		ended := sendUntilKilled(t, api, map[string]any{"ids": ids, "set": map[string]any{"group": group}})
		seen, reads := 0, 0
		servicetest.Eventually(t, "a monitor to be changed", func() bool {
			seen = len(servicetest.Get[[]monitor.Monitor](t, api+"/monitors?group="+fmt.Sprintf("round%%20%d", round)))
			reads++
			return seen > 0 || !inSteps && reads > 10*round
		})
		victim.Kill(t)
		<-ended
		victim, api = start()
		changed := 0
		for _, m := range servicetest.Get[[]monitor.Monitor](t, api+"/monitors") {
			if m.Group == group {
				changed++
			}
		}
		t.Logf("%d of %d monitors were changed before the kill, %d after the start", seen, len(ids), changed)
		if changed != len(ids) && (changed > 0 || inSteps) {
			t.Errorf("%d of %d monitors are changed", changed, len(ids))
		}
	}

	deleted := sendUntilKilled(t, api, map[string]any{"ids": ids[1:], "delete": true})
	servicetest.Eventually(t, "a monitor to be deleted", func() bool {
		return len(servicetest.Get[[]monitor.Monitor](t, api+"/monitors")) < monitors
	})
	victim.Kill(t)
	<-deleted
	_, api = start()
	if left := servicetest.Get[[]monitor.Monitor](t, api+"/monitors"); len(left) != 1 || left[0].ID != ids[0] {
		t.Errorf("%d monitors are left, want only %s", len(left), ids[0])
	}
}

// sendUntilKilled sends a bulk change whose response may never arrive. The channel closes when the request has ended.
func sendUntilKilled(t *testing.T, api string, change any) <-chan struct{} {
	t.Helper()
	body, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, api+"/monitors", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
	}()
	return ended
}
