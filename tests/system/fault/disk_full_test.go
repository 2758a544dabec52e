package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/fulldisk"
	"nanomon/tests/support/servicetest"
)

// hook is a receiver of webhooks.
type hook struct {
	url   string
	mu    sync.Mutex
	kinds []string
	texts []string
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var document struct{ Kind, Message string }
		if err := json.NewDecoder(r.Body).Decode(&document); err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.kinds, h.texts = append(h.kinds, document.Kind), append(h.texts, document.Message)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// received returns the kinds of all notifications, and their messages.
func (h *hook) received() (kinds, messages string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.kinds, " "), strings.Join(h.texts, "\n")
}

// healthValue returns the value of a gauge without labels.
func healthValue(t *testing.T, url, name string) float64 {
	t.Helper()
	family := servicetest.Scrape(t, url)[name]
	if len(family.GetMetric()) != 1 {
		t.Fatalf("%s has the series %v", name, family.GetMetric())
	}
	return family.Metric[0].GetGauge().GetValue()
}

// TestFullDisk fills the disk with the database. NanoMon must say so everywhere, work again when the disk has space,
// and lose no result.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := fulldisk.Mount(t)
	hook := newHook(t)
	service, api, _ := servicetest.StandaloneWith(t, filepath.Join(disk.Dir, "data"), map[string]string{
		"ALERT_WEBHOOK_URL": hook.url, "PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": "0",
	})
	metrics := service.MetricsURL(t)
	target := servicetest.NewTarget(t)
	target.ImportMonitors(t, api, 8, "1s")

	disk.Fill(t)
	servicetest.Eventually(t, "the API to be unhealthy", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, api+"/health", nil)
		return status == http.StatusServiceUnavailable
	})
	const reason = "the disk with the database is full"
	wantResponse(t, http.MethodGet, api+"/health", http.StatusServiceUnavailable, reason)
	wantResponse(t, http.MethodGet, api+"/status", http.StatusOK, reason)
	wantNoImport(t, target, api, reason)
	wantResponse(t, http.MethodGet, api+"/monitors", http.StatusOK, `"name":"/0"`)
	servicetest.Eventually(t, "the metrics to show the failure", func() bool {
		return healthValue(t, metrics, "nanomon_runner_store_healthy") == 0 &&
			healthValue(t, api+"/metrics", "nanomon_api_store_healthy") == 0
	})
	servicetest.Eventually(t, "the notification", func() bool {
		kinds, messages := hook.received()
		return kinds == string(store.KindStoreUnavailable) && strings.Contains(messages, reason)
	})
	disk.Empty(t)
	emptied := time.Now()
	servicetest.Eventually(t, "the API to be healthy", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, api+"/health", nil)
		return status == http.StatusOK
	})
	servicetest.EventuallyWithin(t, time.Minute, "the second notification", func() bool {
		kinds, _ := hook.received()
		return kinds == string(store.KindStoreUnavailable)+" "+string(store.KindStoreAvailable)
	})
	if healthValue(t, metrics, "nanomon_runner_store_healthy") != 1 {
		t.Error("nanomon_runner_store_healthy is not 1")
	}
	if n := strings.Count(service.Log(), `msg="store unavailable" error=`); n != 1 {
		t.Errorf("%d log lines of the API about the failure, want 1", n)
	}
	if lost := checksWithoutResult(t, target, storedUntil(t, api, emptied)); len(lost) > 0 && lost[0].Time.Before(emptied) {
		t.Errorf("the check of %s at %s has no result", lost[0].Path, lost[0].Time)
	}
}

// wantNoImport checks that an import of large monitors fails with a reason. A small write may succeed on a full disk.
func wantNoImport(t *testing.T, target *servicetest.Target, api, reason string) {
	t.Helper()
	large := make([]monitor.Monitor, 10)
	for i := range large {
		large[i] = target.Monitor(fmt.Sprintf("/large%d", i), "1h")
		large[i].Properties = map[string]string{"body": strings.Repeat("x", 50_000)}
	}
	status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/import", large)
	if status != http.StatusServiceUnavailable || !strings.Contains(string(body), reason) {
		t.Errorf("import of large monitors: %d %s", status, body)
	}
}

// storedUntil waits until a result after the date is stored and returns all results.
func storedUntil(t *testing.T, api string, date time.Time) (results []monitor.Result) {
	t.Helper()
	servicetest.Eventually(t, "new results to be stored", func() bool {
		results = allResults(t, api)
		return len(results) > 0 && results[0].Date.After(date)
	})
	return results
}

// TestDeletedDatabase deletes the database file of a running NanoMon.
func TestDeletedDatabase(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	hook := newHook(t)
	service, api, _ := servicetest.StandaloneWith(t, folder, map[string]string{"ALERT_WEBHOOK_URL": hook.url})
	if err := os.Remove(filepath.Join(folder, "nanomon.db")); err != nil {
		t.Fatal(err)
	}
	const reason = "the database file was deleted or replaced"
	wantResponse(t, http.MethodGet, api+"/health", http.StatusServiceUnavailable, reason)
	wantResponse(t, http.MethodDelete, api+"/monitors", http.StatusServiceUnavailable, reason)
	service.WaitLog(t, `msg="store unavailable" error=".*nanomon.db.*`+reason)
	servicetest.Eventually(t, "the notification", func() bool {
		kinds, messages := hook.received()
		return kinds == string(store.KindStoreUnavailable) && strings.Contains(messages, reason)
	})
}
