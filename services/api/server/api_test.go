package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/common/web"
)

// patience is the maximum time that a test waits for an expected event. Only failing tests reach it.
const patience = 20 * time.Second

// The ids of the seeded monitors, and an unused one.
const (
	idA     = "65a50000000000000000000a"
	idB     = "65a50000000000000000000b"
	idOther = "65a5000000000000000000ff"
)

var (
	base     = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	monitorA = monitor.Monitor{
		ID: idA, Name: "alpha", Type: "http", Interval: "30s", Target: "http://localhost/a", Enabled: true,
		Rule: "status == 200", Group: "web", Properties: map[string]string{"timeout": "2s"},
		Labels: map[string]string{"team": "payments"}, Updated: base,
	}
	monitorB = monitor.Monitor{
		ID: idB, Name: "beta", Type: "tcp", Interval: "1m", Target: "localhost:5432",
		Properties: map[string]string{}, Updated: base,
	}
)

// resultN returns the n-th result of monitor A. Its date grows with n.
func resultN(n int) monitor.Result {
	return monitor.Result{
		ID: fmt.Sprintf("65a500000000%012x", 1000+n), Date: base.Add(time.Duration(n) * time.Second),
		Status: monitor.Status(n % 3), Value: float64(n), MonitorID: idA, MonitorName: "alpha",
		MonitorTarget: "http://localhost/a", Outputs: map[string]any{"status": 200.0},
	}
}

// api is a client of a running server with an SQLite store.
type api struct {
	t     *testing.T
	url   string
	store *sqlite.Store
	// token is sent with every request unless it is empty.
	token string
	// stop stops the server; stopped receives the error of web.Serve.
	stop    context.CancelFunc
	stopped <-chan error
}

func openStore(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "nanomon.db")})
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newServer(s Store) *Server {
	config := Config{Version: "1.2.3", BuildInfo: "test build", StoreName: "sqlite"}
	return New(config, s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
}

// startAPI starts a server with the store s. If s is nil, it uses the store of the returned api.
func startAPI(t *testing.T, s Store) *api {
	t.Helper()
	a := &api{t: t, store: openStore(t)}
	if s == nil {
		s = a.store
	}
	server := newServer(s)
	handler := conformingHandler(t, server)
	ln, err := web.Listen(t.Context(), 0)
	must(t, err)
	a.url = fmt.Sprintf("http://127.0.0.1:%d", ln.Addr().(*net.TCPAddr).Port)
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	stopped, ran := make(chan error, 1), make(chan error, 1)
	a.stopped = stopped
	go func() { ran <- server.Run(ctx) }()
	served := make(chan struct{})
	go func() {
		defer close(served)
		stopped <- web.Serve(ctx, ln, handler, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() {
		cancel()
		<-served
		must(t, <-ran)
	})
	return a
}

// seed stores the monitors A and B, and results and a state of A.
func (a *api) seed(results int) {
	a.t.Helper()
	must(a.t, a.store.CreateMonitor(a.t.Context(), monitorA))
	must(a.t, a.store.CreateMonitor(a.t.Context(), monitorB))
	if results == 0 {
		return
	}
	batch, state := store.Batch{}, store.State{MonitorID: idA, Streak: 1}
	for n := range results {
		r := resultN(n)
		batch.Results = append(batch.Results, r)
		state.Latest, state.Since = r, base.Add(-time.Minute)
		state.History = append(state.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value})
	}
	batch.States = []store.State{state}
	must(a.t, a.store.AppendBatch(a.t.Context(), batch))
}

// response is a response with its complete body.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (a *api) sign(r *http.Request) {
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
}

func (a *api) do(method, path, body string) response {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	must(a.t, err)
	return a.send(r)
}

func (a *api) send(r *http.Request) response {
	a.t.Helper()
	a.sign(r)
	res, err := http.DefaultClient.Do(r)
	must(a.t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	must(a.t, err)
	return response{res.StatusCode, res.Header, data}
}

func (a *api) monitors() []monitor.Monitor {
	a.t.Helper()
	list, err := a.store.Monitors(a.t.Context())
	must(a.t, err)
	return list
}

func (a *api) results() []monitor.Result {
	a.t.Helper()
	list, err := a.store.Results(a.t.Context(), store.ResultFilter{Limit: 10_000})
	must(a.t, err)
	return list
}

func (a *api) pending() []store.OnDemandCheck {
	a.t.Helper()
	list, err := a.store.PendingOnDemandChecks(a.t.Context(), time.Now())
	must(a.t, err)
	return list
}

// wantProblem checks status and detail of a problem, and that it has all other members.
func (got response) wantProblem(t *testing.T, status int, detail string) {
	t.Helper()
	var p map[string]any
	must(t, json.Unmarshal(got.body, &p))
	if got.status != status || p["detail"] != detail {
		t.Errorf("response is %d %s, want %d %s", got.status, got.body, status, detail)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("content type is %s", kind)
	}
	if p["type"] != "about:blank" || p["title"] != http.StatusText(status) || p["status"] != float64(status) || p["instance"] == "" {
		t.Errorf("problem is %s", got.body)
	}
}

// wantJSON compares the decoded body with the decoded want.
func (got response) wantJSON(t *testing.T, status int, want string) {
	t.Helper()
	if got.status != status {
		t.Fatalf("response is %d %s, want %d", got.status, got.body, status)
	}
	if want == "" {
		if len(got.body) > 0 {
			t.Errorf("response has the body %s", got.body)
		}
		return
	}
	if diff := cmp.Diff(plain(t, []byte(want)), plain(t, got.body)); diff != "" {
		t.Errorf("response differs (-want +got):\n%s", diff)
	}
}

// plain decodes JSON to maps, slices and scalars.
func plain(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

func decodeAs[T any](t *testing.T, got response) T {
	t.Helper()
	if got.status != http.StatusOK {
		t.Fatalf("response is %d %s", got.status, got.body)
	}
	var v T
	must(t, json.Unmarshal(got.body, &v))
	return v
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	must(t, err)
	return string(data)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares got with want.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}
