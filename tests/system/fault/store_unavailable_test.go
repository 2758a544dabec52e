package fault

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestNoResultIsLostWhileStoreIsUnavailable kills the database server for a minute. The API must report that the store is
// unavailable, and the runner must continue its checks. After the restart, each check must have exactly one result.
func TestNoResultIsLostWhileStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	const downtime, monitors = 60 * time.Second, 40
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"}
	_, api := servicetest.API(t, settings)
	runner, _ := servicetest.Runner(t, settings)
	target := servicetest.NewTarget(t)
	target.ImportMonitors(t, api, monitors, "1s")

	server.Kill()
	killed := time.Now()
	checkAPIWhileUnavailable(t, api, downtime)
	server.Restart()
	restarted := time.Now()
	servicetest.Eventually(t, "the API to be healthy", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, api+"/health", nil)
		return status == http.StatusOK
	})
	servicetest.Eventually(t, "the queued results to be stored", func() bool {
		observe(time.Second) // each request makes the stand-in scan all results
		newest := servicetest.Get[[]monitor.Result](t, api+"/results?max=1")
		return len(newest) == 1 && newest[0].Date.After(restarted.Add(time.Second))
	})
	t.Logf("the queued results were stored %s after the restart", time.Since(restarted).Round(time.Millisecond))
	stopped := time.Now()
	if code := runner.Stop(t); code != 0 {
		t.Errorf("runner: exit code %d", code)
	}
	runner.WaitLog(t, `msg="runner stopped".* skipped=0 dropped=0 `)
	if gap, path := longestGap(target, killed, stopped); gap > 1900*time.Millisecond {
		t.Errorf("%s was not checked for %s", path, gap)
	}

	results := allResults(t, api)
	if lost := checksWithoutResult(t, target, results); len(lost) > 0 {
		t.Errorf("%d checks have no result, the first is of %s at %s", len(lost), lost[0].Path, lost[0].Time)
	}
	t.Logf("%d checks, %d results", len(target.Checks()), len(results))
}

// checkAPIWhileUnavailable sends requests to the API each second. Each response must report that the store is unavailable.
func checkAPIWhileUnavailable(t *testing.T, api string, length time.Duration) {
	t.Helper()
	for began := time.Now(); time.Since(began) < length; observe(time.Second) {
		var requests sync.WaitGroup
		for _, path := range []string{"/health", "/monitors", "/results"} {
			requests.Go(func() { wantUnavailable(t, http.MethodGet, api+path) })
		}
		requests.Go(func() { wantUnavailable(t, http.MethodDelete, api+"/monitors") })
		requests.Go(func() { wantResponse(t, http.MethodGet, api+"/status", http.StatusOK, `"healthy":false`) })
		requests.Go(func() { wantResponse(t, http.MethodGet, api+"/", http.StatusOK, "nanomon-api") })
		requests.Wait()
	}
}

func wantUnavailable(t *testing.T, method, url string) {
	t.Helper()
	header := wantResponse(t, method, url, http.StatusServiceUnavailable, `"status":503`)
	if kind := header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("%s %s: content type %q", method, url, kind)
	}
}

// wantResponse sends a request and returns the header of the response. The response must arrive within 5 s, have the
// given status and contain part in its body.
func wantResponse(t *testing.T, method, url string, status int, part string) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	sent := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status || !strings.Contains(string(body), part) {
		t.Errorf("%s %s: %d %s %v", method, url, response.StatusCode, body, err)
	}
	if duration := time.Since(sent); duration > 5*time.Second {
		t.Errorf("%s %s took %s", method, url, duration)
	}
	return response.Header
}

// TestPasswordIsNeverLogged closes the connections and kills the database server: no log line of the services may
// contain the user name or the password in MONGO_URI.
func TestPasswordIsNeverLogged(t *testing.T) {
	t.Parallel()
	const password = "s3cret"
	server := mongotest.FerretDB(t)
	proxy := servicetest.NewProxy(t, server.Address())
	// The stand-in accepts any user with the mechanism that sends the password in plain text.
	uri := "mongodb://user:" + password + "@" + proxy.Address + "/?authMechanism=PLAIN&authSource=$external"
	settings := map[string]string{"MONGO_URI": uri, "POLLING_INTERVAL": "1s"}
	service, api := servicetest.API(t, settings)
	runner, _ := servicetest.Runner(t, settings)
	target := servicetest.NewTarget(t)
	target.ImportMonitors(t, api, 3, "1s")

	proxy.CloseConnections()
	server.Kill()
	runner.WaitLog(t, "store unavailable, retrying")
	wantUnavailable(t, http.MethodGet, api+"/monitors")
	server.Restart()
	runner.WaitLog(t, "store available again")
	if code := runner.Stop(t); code != 0 {
		t.Errorf("runner: exit code %d", code)
	}
	credentials := regexp.MustCompile(`s3cret|user:`)
	for name, log := range map[string]string{"api": service.Log(), "runner": runner.Log()} {
		if found := credentials.FindString(log); found != "" {
			t.Errorf("the log of the %s contains %q:\n%s", name, found, log)
		}
	}
}
