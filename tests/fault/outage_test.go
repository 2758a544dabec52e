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
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// While the database server is away for a minute, the API says so and lives, and the runner goes on checking. When the server
// is back, each check that was made has exactly one result, whenever it was made, and no interval is without one.
func TestNoResultIsLostInAnOutage(t *testing.T) {
	t.Parallel()
	const outage, monitors = 60 * time.Second, 40
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"}
	_, api := servicetest.API(t, settings)
	runner, _ := servicetest.Runner(t, settings)
	target := servicetest.NewTarget(t)
	target.Import(t, api, monitors, "1s")

	server.Kill()
	killed := time.Now()
	watchOutage(t, api, outage)
	server.Restart()
	back := time.Now()
	servicetest.Eventually(t, "the API to be healthy", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, api+"/health", nil)
		return status == http.StatusOK
	})
	servicetest.Eventually(t, "all that waited to be written", func() bool {
		experiment(time.Second) // a look costs the stand-in a scan of all results
		newest := servicetest.Get[[]monitor.Result](t, api+"/results?max=1")
		return len(newest) == 1 && newest[0].Date.After(back.Add(time.Second))
	})
	t.Logf("all that waited was written %s after the restart", time.Since(back).Round(time.Millisecond))
	stopped := time.Now()
	if code := runner.Stop(t); code != 0 {
		t.Errorf("the runner's exit code is %d", code)
	}
	runner.WaitLog(t, `msg="runner stopped".* skipped=0 dropped=0 `)
	if gap, path := longestGap(target, killed, stopped); gap > 1900*time.Millisecond {
		t.Errorf("%s was not checked for %s", path, gap)
	}

	results := stored(t, api)
	if lost := unstored(t, target, results); len(lost) > 0 {
		t.Errorf("%d checks have no result, the first is of %s at %s", len(lost), lost[0].Path, lost[0].Time)
	}
	t.Logf("%d checks, %d results", len(target.Checks()), len(results))
}

// watchOutage asks the API again and again while the store is away. Each answer must be an honest one, and come soon.
func watchOutage(t *testing.T, api string, length time.Duration) {
	t.Helper()
	for began := time.Now(); time.Since(began) < length; experiment(time.Second) {
		var asking sync.WaitGroup
		for _, path := range []string{"/health", "/monitors", "/results"} {
			asking.Go(func() { wantUnavailable(t, http.MethodGet, api+path) })
		}
		asking.Go(func() { wantUnavailable(t, http.MethodDelete, api+"/monitors") })
		asking.Go(func() { wantAnswer(t, http.MethodGet, api+"/status", http.StatusOK, `"healthy":false`) })
		asking.Go(func() { wantAnswer(t, http.MethodGet, api+"/", http.StatusOK, "nanomon-api") })
		asking.Wait()
	}
}

func wantUnavailable(t *testing.T, method, url string) {
	t.Helper()
	header := wantAnswer(t, method, url, http.StatusServiceUnavailable, `"status":503`)
	if kind := header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("%s %s: the answer is %q", method, url, kind)
	}
}

// wantAnswer asks for an answer with the status, with part in its body and within 5 s, and returns its header.
func wantAnswer(t *testing.T, method, url string, status int, part string) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	asked := time.Now()
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
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("%s %s took %s", method, url, took)
	}
	return response.Header
}

// A password in MONGO_URI is in no line that the services log, whatever becomes of the server.
func TestAPasswordIsInNoLog(t *testing.T) {
	t.Parallel()
	const password = "s3cret"
	server := mongotest.FerretDB(t)
	proxy := servicetest.NewProxy(t, server.Address())
	// The stand-in takes any user by the mechanism that sends the password as it is.
	uri := "mongodb://user:" + password + "@" + proxy.Address + "/?authMechanism=PLAIN&authSource=$external"
	settings := map[string]string{"MONGO_URI": uri, "POLLING_INTERVAL": "1s"}
	service, api := servicetest.API(t, settings)
	runner, _ := servicetest.Runner(t, settings)
	target := servicetest.NewTarget(t)
	target.Import(t, api, 3, "1s")

	proxy.CutAll()
	server.Kill()
	runner.WaitLog(t, "store unavailable, retrying")
	wantUnavailable(t, http.MethodGet, api+"/monitors")
	server.Restart()
	runner.WaitLog(t, "store available again")
	if code := runner.Stop(t); code != 0 {
		t.Errorf("the runner's exit code is %d", code)
	}
	shown := regexp.MustCompile(`s3cret|user:`)
	for name, log := range map[string]string{"api": service.Log(), "runner": runner.Log()} {
		if line := shown.FindString(log); line != "" {
			t.Errorf("the log of the %s shows %q:\n%s", name, line, log)
		}
	}
}
