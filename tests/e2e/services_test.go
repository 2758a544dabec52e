package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// startServices starts api and runner over a new database on the server. Where that has no change streams, the runner
// polls each second.
func startServices(t *testing.T, uri string) (runner *servicetest.Service, api string, settings map[string]string) {
	t.Helper()
	settings = map[string]string{"MONGO_URI": uri, "MONGO_DB": mongotest.Database(t, uri), "POLLING_INTERVAL": "1s"}
	_, api = servicetest.API(t, settings)
	runner, _ = servicetest.Runner(t, settings)
	return runner, api, settings
}

func TestTheMainJobWithSeparateServices(t *testing.T) {
	mongotest.Each(t, testTheMainJob)
}

func testTheMainJob(t *testing.T, uri string) {
	runner, api, settings := startServices(t, uri)
	checkMainJob(t, api, 5*time.Second)
	testThePage(t, api)

	created := len(servicetest.Get[[]monitor.Monitor](t, api+"/monitors"))
	servicetest.Eventually(t, "the runner's heartbeat with its monitors", func() bool {
		running := servicetest.Running(t, api)
		return len(running) == 1 && running[runner.RunnerID(t)] == created
	})
	if code := runner.Stop(t); code != 0 {
		t.Errorf("the runner's exit code is %d", code)
	}
	if left := servicetest.Running(t, api); len(left) != 0 {
		t.Errorf("after its stop the runner is still listed: %v", left)
	}
	testTheScheduleGoesOn(t, api, settings)
}

// testThePage starts the frontend, which tells the page where the API is and isn't it itself.
func testThePage(t *testing.T, api string) {
	t.Helper()
	frontend := servicetest.Start(t, "frontend", map[string]string{"PORT": "0", "API_ENDPOINT": api})
	page := "http://localhost:" + frontend.Port(t)
	if status, body := servicetest.Call(t, http.MethodGet, page+"/config.json", nil); status != http.StatusOK || !strings.Contains(string(body), api) {
		t.Errorf("the page's configuration is %d %s", status, body)
	}
	if status, _ := servicetest.Call(t, http.MethodGet, page+"/api/monitors", nil); status != http.StatusNotFound {
		t.Errorf("the page's host answers %d for the API", status)
	}
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
	mongotest.Each(t, testAnUnsavedMonitor)
}

func testAnUnsavedMonitor(t *testing.T, uri string) {
	runner, api, _ := startServices(t, uri)
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
