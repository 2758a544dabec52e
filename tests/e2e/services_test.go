package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// startServices starts api, runner and frontend over one database. The runner polls each second.
func startServices(t *testing.T) (runner *servicetest.Service, api, page string, settings map[string]string) {
	t.Helper()
	uri := mongotest.Start(t)
	settings = map[string]string{"MONGO_URI": uri, "MONGO_DB": mongotest.Database(t, uri), "POLLING_INTERVAL": "1s", "PORT": "0"}
	const listening = `msg=listening address=\S*:(\d+)`
	api = "http://localhost:" + servicetest.Start(t, "api", settings).WaitLog(t, listening)[1] + "/api"
	page = "http://localhost:" + servicetest.Start(t, "frontend", map[string]string{"PORT": "0", "API_ENDPOINT": api}).WaitLog(t, listening)[1]
	runner = servicetest.Start(t, "runner", settings)
	runner.WaitLog(t, "runner started")
	return runner, api, page, settings
}

func TestTheMainJobWithSeparateServices(t *testing.T) {
	runner, api, page, settings := startServices(t)
	checkMainJob(t, api, 5*time.Second)

	if status, body := servicetest.Call(t, http.MethodGet, page+"/config.json", nil); status != http.StatusOK || !strings.Contains(string(body), api) {
		t.Errorf("the page's configuration is %d %s", status, body)
	}
	if status, _ := servicetest.Call(t, http.MethodGet, page+"/api/monitors", nil); status != http.StatusNotFound {
		t.Errorf("the page's host answers %d for the API", status)
	}

	var live struct{ Runners []store.Runner }
	servicetest.Eventually(t, "the runner's heartbeat with its monitors", func() bool {
		live = servicetest.Get[struct{ Runners []store.Runner }](t, api+"/status")
		return len(live.Runners) == 1 && live.Runners[0].Monitors == len(targets(t))
	})
	if code := runner.Stop(t); code != 0 {
		t.Errorf("the runner's exit code is %d", code)
	}
	if left := servicetest.Get[struct{ Runners []store.Runner }](t, api+"/status"); len(left.Runners) != 0 {
		t.Errorf("after its stop the runner is still listed: %v", left.Runners)
	}
	testTheScheduleGoesOn(t, api, settings)
}

// testTheScheduleGoesOn starts another runner in place of the one that was stopped.
func testTheScheduleGoesOn(t *testing.T, api string, settings map[string]string) {
	t.Helper()
	before := servicetest.Get[[]monitor.Result](t, api+"/results?max=1")[0]
	servicetest.Start(t, "runner", settings)
	servicetest.Eventually(t, "newer results", func() bool {
		return servicetest.Get[[]monitor.Result](t, api+"/results?max=1")[0].Date.After(before.Date)
	})
}

func TestAnUnsavedMonitorIsCheckedByTheRunner(t *testing.T) {
	runner, api, _, _ := startServices(t)
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	unsaved := newMonitor("try", "http", web.URL, map[string]string{"timeout": "1s"}, "")
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/check", unsaved); status != http.StatusOK {
		t.Errorf("answered %d %s", status, body)
	}
	runner.Stop(t)
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/check", unsaved); status != http.StatusGatewayTimeout {
		t.Errorf("without a runner answered %d %s", status, body)
	}
}
