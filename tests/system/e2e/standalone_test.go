// Package e2e tests the real binaries through their API, page, command line and log.
package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

// example is a monitor with its expected result.
type example struct {
	monitor monitor.Monitor
	status  monitor.Status
	// message is a part of the result's message.
	message string
	// outputs lists some of the result's outputs.
	outputs []string
}

func newMonitor(name, kind, target string, properties map[string]string, rule string) monitor.Monitor {
	return monitor.Monitor{Name: name, Type: kind, Interval: "1s", Target: target, Properties: properties, Rule: rule, Enabled: true}
}

// examples starts targets and returns a monitor for each.
func examples(t *testing.T) []example {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("load: 42")) }))
	t.Cleanup(web.Close)
	host, port, err := net.SplitHostPort(web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"server": servicetest.NameServer(t)}
	refused := servicetest.RefusedAddress(t)
	return []example{
		{newMonitor("http", "http", web.URL, map[string]string{"bodyRegex": `load: (\d+)`}, "status == 200 && regexMatch == 42"), monitor.StatusOK, "", []string{"status", "respTime", "bodyLen", "regexMatch"}},
		{newMonitor("tcp", "tcp", net.JoinHostPort(host, port), nil, "respTime < 1000"), monitor.StatusOK, "", []string{"respTime", "ipAddress"}},
		{newMonitor("ping", "ping", "127.0.0.1", map[string]string{"count": "1"}, "packetLoss == 0"), monitor.StatusOK, "", []string{"avgRtt", "packetLoss"}},
		{newMonitor("dns", "dns", "host.test", names, "'192.0.2.7' IN (result1, result2)"), monitor.StatusOK, "", []string{"result1", "resultCount"}},
		{newMonitor("rule", "http", web.URL, nil, "status == 204"), monitor.StatusError, "Rule violated: status == 204", []string{"status"}},
		{newMonitor("rule without an answer", "dns", "host.test", names, "result2 > 3"), monitor.StatusFailed, "rule eval error: this check produced no result2", nil},
		{newMonitor("rule with a number", "tcp", web.Listener.Addr().String(), nil, "respTime"), monitor.StatusFailed, "rule didn't return a bool", nil},
		{newMonitor("refused", "http", "http://"+refused, nil, ""), monitor.StatusFailed, "refused", nil},
		{newMonitor("refused port", "tcp", refused, nil, ""), monitor.StatusFailed, "refused", nil},
		{newMonitor("expired", "http", servicetest.ExpiredURL(t), nil, ""), monitor.StatusFailed, "expired", nil},
		{newMonitor("slow", "http", servicetest.SlowURL(t), map[string]string{"timeout": "300ms"}, ""), monitor.StatusFailed, "300ms", nil},
		{newMonitor("unknown name", "dns", "nowhere.test", names, ""), monitor.StatusFailed, "nowhere.test", nil},
		{newMonitor("unresolvable", "http", "http://nowhere.invalid/", map[string]string{"timeout": "1s"}, ""), monitor.StatusFailed, "nowhere.invalid", nil},
	}
}

func TestStandaloneChecksNewMonitors(t *testing.T) {
	_, api, page := servicetest.Standalone(t, t.TempDir())
	checkFirstResults(t, api, 2*time.Second)

	status, body := servicetest.Call(t, http.MethodGet, page+"/", nil)
	if status != http.StatusOK || !strings.Contains(string(body), "<title>NanoMon") {
		t.Errorf("page: %d %.100s", status, body)
	}
	if status, _ := servicetest.Call(t, http.MethodGet, page+"/api/monitors", nil); status != http.StatusOK {
		t.Errorf("API on the page's port: %d", status)
	}
}

// checkFirstResults creates the example monitors and checks the first result of each, which must be stored within limit.
func checkFirstResults(t *testing.T, api string, limit time.Duration) {
	t.Helper()
	all := examples(t)
	t.Run("monitors", func(t *testing.T) {
		for _, want := range all {
			t.Run(want.monitor.Name, func(t *testing.T) {
				t.Parallel()
				checkFirstResult(t, api, limit, want)
			})
		}
	})
}

func checkFirstResult(t *testing.T, api string, limit time.Duration, want example) {
	t.Helper()
	created := servicetest.Create(t, api, want.monitor)
	var results []monitor.Result
	servicetest.EventuallyWithin(t, limit, "the first result", func() bool {
		results = servicetest.Results(t, api, created.ID)
		return len(results) > 0
	})
	first := results[len(results)-1]
	if first.Status != want.status || !strings.Contains(first.Message, want.message) || (want.message == "") != (first.Message == "") {
		t.Errorf("status %d, message %q", first.Status, first.Message)
	}
	t.Logf("status %d, value %g, message %q", first.Status, first.Value, first.Message)
	for _, name := range want.outputs {
		if _, has := first.Outputs[name]; !has {
			t.Errorf("no output %s in %v", name, first.Outputs)
		}
	}
	if _, has := first.Outputs["body"]; has {
		t.Error("the result contains the body")
	}
}

func TestMonitorWithInvalidRuleIsRejected(t *testing.T) {
	_, api, _ := servicetest.Standalone(t, t.TempDir())
	status, body := servicetest.Call(t, http.MethodPost, api+"/monitors", newMonitor("n", "tcp", "127.0.0.1:1", nil, "respTimes < 3"))
	if status != http.StatusBadRequest || !strings.Contains(string(body), "rule invalid") || !strings.Contains(string(body), "respTimes") {
		t.Errorf("response %d %s", status, body)
	}
	if stored := servicetest.Get[[]monitor.Monitor](t, api+"/monitors"); len(stored) != 0 {
		t.Errorf("stored monitors: %v", stored)
	}
}

func TestAcknowledgedDataSurvivesCrash(t *testing.T) {
	folder := t.TempDir()
	service, api, _ := servicetest.Standalone(t, folder)
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	created := servicetest.Create(t, api, newMonitor("checked before the crash", "http", web.URL, nil, ""))
	servicetest.Eventually(t, "two results", func() bool { return len(servicetest.Results(t, api, created.ID)) >= 2 })

	before := servicetest.Results(t, api, created.ID)
	last := servicetest.Create(t, api, newMonitor("created just before the crash", "tcp", web.Listener.Addr().String(), nil, ""))
	service.Kill(t)

	_, api, _ = servicetest.Standalone(t, folder)
	if got := servicetest.Get[monitor.Monitor](t, api+"/monitors/"+last.ID); got.Name != "created just before the crash" {
		t.Errorf("the last monitor created before the crash: %+v", got)
	}
	servicetest.Eventually(t, "two results after the restart", func() bool {
		return len(servicetest.Results(t, api, created.ID)) >= len(before)+2
	})
	stored := make(map[string]bool)
	for _, result := range servicetest.Results(t, api, created.ID) {
		if stored[result.ID] {
			t.Errorf("result %s is stored twice", result.ID)
		}
		stored[result.ID] = true
	}
	for _, result := range before {
		if !stored[result.ID] {
			t.Errorf("result %s of %s was lost", result.ID, result.Date)
		}
	}
}

func TestStandaloneStopsCleanlyDuringCheck(t *testing.T) {
	service, api, _ := servicetest.Standalone(t, t.TempDir())
	servicetest.Create(t, api, newMonitor("slow", "http", servicetest.SlowURL(t), map[string]string{"timeout": "2s"}, ""))
	if code := service.Stop(t); code != 0 {
		t.Errorf("exit code %d, log:\n%s", code, service.Log())
	}
	if !strings.Contains(service.Log(), "runner stopped") {
		t.Errorf("the stop is not logged:\n%s", service.Log())
	}
}

func TestOnDemandCheckStoresNothing(t *testing.T) {
	_, api, _ := servicetest.Standalone(t, t.TempDir())
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/check", newMonitor("unsaved", "http", web.URL, nil, "status == 200"))
	var result monitor.Result
	if err := json.Unmarshal(body, &result); err != nil || status != http.StatusOK {
		t.Fatalf("response %d %s", status, body)
	}
	if result.Status != monitor.StatusError || result.Message != "Rule violated: status == 200" || result.Outputs["status"] != 404.0 {
		t.Errorf("result %+v", result)
	}
	if stored := servicetest.Get[[]monitor.Result](t, api+"/results"); len(stored) != 0 {
		t.Errorf("stored results: %v", stored)
	}
}
