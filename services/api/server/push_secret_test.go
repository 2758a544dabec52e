package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"nanomon/services/common/probe"
	"nanomon/services/common/web"
	"nanomon/tests/support/oidctest"
)

// holdsCanary reports whether text contains the canary in any form.
func holdsCanary(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, canary) || strings.Contains(text, strings.ReplaceAll(canary, "-", "")) || strings.Contains(text, canary[:30])
}

// lockedBuffer is a log that the server writes while the test reads it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// startLogged starts a server that logs everything. Its store is s, or that of the returned api if s is nil.
func startLogged(t *testing.T, s Store) (*api, *lockedBuffer) {
	t.Helper()
	log, a := new(lockedBuffer), &api{t: t, store: openStore(t)}
	if s == nil {
		s = a.store
	}
	server := New(Config{StoreName: "sqlite"}, s, probe.All(probe.Guard{}), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	testServer := httptest.NewServer(conformingHandler(t, server))
	t.Cleanup(func() {
		cancel()
		must(t, <-ran)
		testServer.Close()
	})
	a.url = testServer.URL
	return a, log
}

// pingEverywhere sends pings to valid and to wrong addresses with the canary, and checks the responses.
func (a *api) pingEverywhere(t *testing.T) {
	t.Helper()
	for _, path := range []string{
		"/api/push/" + canary, "/api/push/" + strings.ToUpper(canary), "/api/push/" + canary + "/", "/api/push/" + canary + "/start?rid=" + otherUUID,
		"/api/push/" + canary + "/fail", "/api/push/" + canary + "/log", "/api/push/" + canary + "/7", "/api/push/" + canary + "/700",
		"/api/push/" + canary + "/stop", "/api/push/" + canary + "/a/b", "/api/push/" + canary + "?rid=5", "/api/push/" + canary + "/start?a=%zz",
		"/api/push/" + canary[:35], "/api/push/" + strings.ReplaceAll(canary, "-", ""), "/api/push/x/" + canary, "/api/push/" + canary + "/" + canary,
		"/api/push/" + strings.ReplaceAll(canary, "-", "%2D"), "/api/push/" + canary + "%2Ffail",
		"/api/ping/" + canary, "/ping/" + canary + "/start", "/" + canary, "/push/" + strings.ToUpper(canary), "/api/monitors/" + canary,
		"/api/monitors/" + canary + "/run", "/api/incidents/" + canary,
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			r, err := http.NewRequestWithContext(t.Context(), method, a.url+path, strings.NewReader("text of the job"))
			must(t, err)
			got := a.send(r)
			if holdsCanary(string(got.body)) || holdsCanary(fmt.Sprint(got.header)) {
				t.Errorf("response to %s %s is %d %v %s", method, path, got.status, got.header, got.body)
			}
			if strings.HasPrefix(path, web.PingPath) && got.header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s %s: headers %v", method, path, got.header)
			}
		}
	}
}

// TestUUIDIsSecret searches the UUID of a ping URL in everything that the API writes.
func TestUUIDIsSecret(t *testing.T) {
	a, log := startLogged(t, nil)
	id := a.createPush()
	stream := a.listen()
	a.pingEverywhere(t)
	a.wantStatus(t, 200, "PATCH", "/api/monitors", `{"ids":["`+id+`"],"set":{"group":"jobs"}}`)
	events := stream.next()
	if n := len(a.waiting()); n == 0 || !strings.Contains(log.String(), "path=/api/push/{uuid}/fail") {
		t.Errorf("%d pings, log:\n%s", n, log)
	}
	shown := map[string]string{"log": log.String(), "events": fmt.Sprint(stream.header) + stream.begin + events}
	for _, path := range []string{
		"/api/monitors", "/api/monitors?include=latest,history,maintenance,series,summary", "/api/monitors/" + id, "/api/monitors/" + id + "/pings",
		"/api/monitors/" + id + "/results", "/api/monitors/" + id + "/stats", "/api/monitors/" + id + "/report", "/api/results", "/api/notifications",
		"/api/incidents", "/api/report", "/api/status", "/api/health", "/api/monitor-types", "/api/openapi.yaml", "/api/metrics",
	} {
		got := a.do("GET", path, "")
		shown[path] = fmt.Sprint(got.header) + string(got.body)
	}
	if metrics := shown["/api/metrics"]; !strings.Contains(metrics, `route="/api/push/{uuid}/{exitStatus}"`) {
		t.Errorf("metrics are:\n%s", metrics)
	}
	export := string(a.do("GET", "/api/monitors", "").body)
	shown["dry run of an import"] = string(a.do("POST", "/api/monitors/import?dryRun=true", export).body)
	for name, text := range shown {
		if holdsCanary(text) {
			t.Errorf("%s shows the UUID:\n%s", name, text)
		}
	}
	if got := decodeAs[pingURL](t, a.do("GET", "/api/monitors/"+id+"/ping-url", "")); got.UUID != canary {
		t.Errorf("ping URL is %+v", got)
	}
}

// TestUUIDIsSecretWhileStoreIsUnavailable does the same with failing requests, which are logged with their cause.
func TestUUIDIsSecretWhileStoreIsUnavailable(t *testing.T) {
	a, log := startLogged(t, unavailableStore{})
	a.pingEverywhere(t)
	if text := log.String(); holdsCanary(text) || !strings.Contains(text, "level=WARN msg=request") {
		t.Errorf("log:\n%s", text)
	}
}

// TestOnlyAdminsSeePingURLs checks that a client without permission gets no ping URL, but can ping with one.
func TestOnlyAdminsSeePingURLs(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	id := admin.createPush()
	same(t, "ping URL", decodeAs[pingURL](t, admin.do("GET", "/api/monitors/"+id+"/ping-url", "")).UUID, canary)
	reader := &api{t: t, store: admin.store, url: admin.url, token: newKey(t, admin.store, "read")}
	for client, status := range map[*api]int{anonymous: 401, reader: 403} {
		client.wantStatus(t, status, "GET", "/api/monitors/"+id+"/ping-url", "")
		client.wantStatus(t, status, "POST", "/api/monitors/"+id+"/ping-url", "")
		client.wantStatus(t, 200, "GET", "/api/monitors/"+id+"/pings", "")
		client.wantStatus(t, 200, "POST", "/api/push/"+canary, "")
	}
	same(t, "pings", len(admin.waiting()), 2)
}

// TestPingsFromEverywhere sends pings with host names, origins and content types that other routes refuse.
func TestPingsFromEverywhere(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	a := startAPI(t, nil)
	a.createPush()
	off := New(Config{Hosts: web.NewHosts(nil, log)}, a.store, probe.All(probe.Guard{}), log)
	for name, h := range map[string]http.Handler{
		"without sign-in": conformingHandler(t, off), "with sign-in": conformingHandler(t, newSignedIn(oidctest.New(t), a.store, true)),
	} {
		r := httptest.NewRequest("POST", "/api/push/"+canary+"/1", strings.NewReader("a=b"))
		r.Host = "jobs.example.org"
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer nonsense")
		w := serve(h, r)
		if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
	same(t, "pings", len(a.waiting()), 2)
}
