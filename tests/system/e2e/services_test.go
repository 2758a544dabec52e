package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// startServices starts the API and a runner with a new database on the server. If the server has no change streams, the
// runner polls each second.
func startServices(t *testing.T, uri string) (runner *servicetest.Service, api string, settings map[string]string) {
	t.Helper()
	settings = map[string]string{"MONGO_URI": uri, "MONGO_DB": mongotest.Database(t, uri), "POLLING_INTERVAL": "1s"}
	_, api = servicetest.API(t, settings)
	runner, _ = servicetest.Runner(t, settings)
	return runner, api, settings
}

func TestSeparateServicesCheckNewMonitors(t *testing.T) {
	mongotest.Each(t, testSeparateServices)
}

func testSeparateServices(t *testing.T, uri string) {
	runner, api, settings := startServices(t, uri)
	checkFirstResults(t, api, 5*time.Second)
	testFrontend(t, api)

	created := len(servicetest.Get[[]monitor.Monitor](t, api+"/monitors"))
	servicetest.Eventually(t, "the runner's heartbeat with its monitors", func() bool {
		assigned := servicetest.MonitorsPerRunner(t, api)
		return len(assigned) == 1 && assigned[runner.RunnerID(t)] == created
	})
	if code := runner.Stop(t); code != 0 {
		t.Errorf("runner: exit code %d", code)
	}
	if assigned := servicetest.MonitorsPerRunner(t, api); len(assigned) != 0 {
		t.Errorf("the stopped runner is still listed: %v", assigned)
	}
	testNewRunnerContinues(t, api, settings)
}

// testFrontend starts the frontend, which serves the API's URL in config.json and does not serve the API itself.
func testFrontend(t *testing.T, api string) {
	t.Helper()
	frontend := servicetest.Start(t, "frontend", map[string]string{"PORT": "0", "API_ENDPOINT": api})
	page := "http://localhost:" + frontend.Port(t)
	if status, body := servicetest.Call(t, http.MethodGet, page+"/config.json", nil); status != http.StatusOK || !strings.Contains(string(body), api) {
		t.Errorf("config.json: %d %s", status, body)
	}
	if status, _ := servicetest.Call(t, http.MethodGet, page+"/api/monitors", nil); status != http.StatusNotFound {
		t.Errorf("the frontend responds %d to an API request", status)
	}
}

// testNewRunnerContinues starts a runner after the only one was stopped, and waits for new results.
func testNewRunnerContinues(t *testing.T, api string, settings map[string]string) {
	t.Helper()
	before := servicetest.Get[[]monitor.Result](t, api+"/results?max=1")[0]
	servicetest.Start(t, "runner", settings)
	servicetest.Eventually(t, "newer results", func() bool {
		return servicetest.Get[[]monitor.Result](t, api+"/results?max=1")[0].Date.After(before.Date)
	})
}

func TestRunnerExecutesOnDemandCheck(t *testing.T) {
	mongotest.Each(t, testOnDemandCheck)
}

func testOnDemandCheck(t *testing.T, uri string) {
	runner, api, _ := startServices(t, uri)
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	unsaved := newMonitor("unsaved", "http", web.URL, map[string]string{"timeout": "1s"}, "")
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/check", unsaved); status != http.StatusOK {
		t.Errorf("response %d %s", status, body)
	}
	runner.Stop(t)
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/check", unsaved); status != http.StatusGatewayTimeout {
		t.Errorf("response without a runner: %d %s", status, body)
	}
}
