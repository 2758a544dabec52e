package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/mongo"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// receivedPings is the response of /api/monitors/{id}/pings.
type receivedPings struct{ Pings []store.PushPing }

// pushJob creates a push monitor that opens an incident at once, and returns it with its ping URL.
func pushJob(t *testing.T, api string) (m monitor.Monitor, uuid string) {
	t.Helper()
	m = servicetest.Create(t, api, monitor.Monitor{Name: "backup", Type: "push", Target: "every 1h", Enabled: true,
		Properties: map[string]string{"alertFailCount": "1"}})
	return m, servicetest.Get[struct{ UUID string }](t, api+"/monitors/"+m.ID+"/ping-url").UUID
}

// ping sends a ping and returns the response with its header as text.
func ping(t *testing.T, method, url string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("no space left on device"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var header bytes.Buffer
	if err := res.Header.Write(&header); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, header.String() + string(body)
}

// wantPings waits until the runner has processed the pings, oldest first.
func wantPings(t *testing.T, api, id string, want ...store.PingKind) {
	t.Helper()
	var got []store.PingKind
	servicetest.Eventually(t, "the pings of the monitor", func() bool {
		got = nil
		for _, p := range slices.Backward(servicetest.Get[receivedPings](t, api+"/monitors/"+id+"/pings").Pings) {
			got = append(got, p.Kind)
		}
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("pings %v, want %v", got, want)
	}
}

// TestPingURLIsSecret searches the UUID of a ping URL in everything that the program writes: log, responses of the API and
// the page, metrics, the webhook of an incident. Only the response of ping-url and the database contain it.
func TestPingURLIsSecret(t *testing.T) {
	sent := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- fmt.Sprint(r.URL, r.Header) + string(body)
	}))
	t.Cleanup(hook.Close)
	folder := t.TempDir()
	service, api, page := servicetest.StandaloneWith(t, folder, map[string]string{
		"LOG_LEVEL": "debug", "PROMETHEUS_ENABLED": "true", "PROMETHEUS_PORT": "0", "ALERT_WEBHOOK_URL": hook.URL,
	})
	m, uuid := pushJob(t, api)
	shown := make(map[string]string)
	for _, url := range []string{
		api + "/push/" + uuid + "/start", page + "/api/push/" + uuid, page + "/api/push//" + uuid + "/log", api + "/push/" + uuid + "/3",
		api + "/push/" + uuid + "/x/y", api + "/push/" + uuid[1:], page + "/push/" + uuid, page + "/" + uuid + "/start", page + "/docs/" + uuid,
	} {
		for _, method := range []string{"POST", "PUT", "OPTIONS"} {
			_, shown[method+" "+url] = ping(t, method, url)
		}
	}
	wantPings(t, api, m.ID, store.PingStart, store.PingSuccess, store.PingLog, store.PingFail)
	servicetest.Eventually(t, "the webhook of the incident", func() bool { return len(sent) > 0 })
	for _, path := range []string{
		"/monitors?include=latest,history,series,summary", "/monitors/" + m.ID, "/monitors/" + m.ID + "/pings", "/monitors/" + m.ID + "/results",
		"/monitors/" + m.ID + "/report", "/incidents?include=deliveries", "/notifications", "/status", "/metrics", "/openapi.yaml",
	} {
		_, shown[path] = ping(t, "GET", api+path)
	}
	_, shown["metrics of the runner"] = ping(t, "GET", service.MetricsURL(t))
	for _, path := range []string{"/", "/config", "/worker.js", "/docs/api"} {
		_, shown["page "+path] = ping(t, "GET", page+path)
	}
	service.Stop(t)
	shown["log"] = service.Log()
	for len(sent) > 0 {
		shown["webhook"] += <-sent
	}
	for name, text := range shown {
		if text = strings.ToLower(text); strings.Contains(text, uuid[1:]) || strings.Contains(text, strings.ReplaceAll(uuid, "-", "")) {
			t.Errorf("%s shows the ping URL:\n%s", name, text)
		}
	}
	if log := shown["log"]; !strings.Contains(log, "path=/api/push/{uuid}/3 status=200") || !strings.Contains(log, "path=/push/{uuid} status=40") {
		t.Errorf("the log does not contain the pings:\n%s", log)
	}
	if data, err := os.ReadFile(filepath.Join(folder, "nanomon.db")); err != nil || !bytes.Contains(data, []byte(uuid)) {
		t.Errorf("the database does not contain the ping URL: %v", err)
	}
}

// TestPingsWithSeparateServices sends a ping to one of two APIs, and reads it from the other one.
func TestPingsWithSeparateServices(t *testing.T) {
	settings := map[string]string{"MONGO_URI": mongotest.Start(t), "MONGO_DB": "push"}
	_, first := servicetest.API(t, settings)
	second, other := servicetest.API(t, settings)
	servicetest.Runner(t, settings)
	m, uuid := pushJob(t, first)
	if status, text := ping(t, "POST", other+"/push/"+uuid+"/fail"); status != 200 || !strings.HasSuffix(text, "OK") {
		t.Fatalf("%d %s", status, text)
	}
	wantPings(t, first, m.ID, store.PingFail)
	if results := servicetest.Results(t, first, m.ID); len(results) != 1 || results[0].Status != monitor.StatusError {
		t.Errorf("results are %+v", results)
	}
	if strings.Contains(second.Log(), uuid) {
		t.Errorf("the log shows the ping URL:\n%s", second.Log())
	}
}

// TestStoppedAPIEndsItsReceivingPeriod: without that, a rolling update looks like a lost ping.
func TestStoppedAPIEndsItsReceivingPeriod(t *testing.T) {
	settings := map[string]string{"MONGO_URI": mongotest.Start(t), "MONGO_DB": "ended_periods"}
	_, api := servicetest.API(t, settings)
	pushJob(t, api)
	stopped, _ := servicetest.API(t, settings) // finds the monitor when it starts
	db, err := mongo.Open(t.Context(), mongo.Config{URI: settings["MONGO_URI"], Database: settings["MONGO_DB"], Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	var period store.ReceivingPeriod
	read := func() bool {
		list, err := db.ReceivingPeriods(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(p store.ReceivingPeriod) bool { return strings.HasSuffix(p.Process, ":"+stopped.Port(t)) })
		if i >= 0 {
			period = list[i]
		}
		return i >= 0
	}
	servicetest.Eventually(t, "a receiving period", read)
	if period.Ended {
		t.Errorf("the period of a running process has ended: %+v", period)
	}
	began := time.Now()
	stopped.Stop(t)
	if !read() || !period.Ended || period.To.Before(began.Truncate(time.Millisecond)) {
		t.Errorf("period after the stop at %s: %+v", began, period)
	}
}
