package server

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

const noFigures = `{"uptime24h":null,"uptime30d":null,"p95":null}`

// summaries returns the members summary of a list, or of one monitor, as JSON by the name of the monitor.
func (a *api) summaries(path string) map[string]string {
	a.t.Helper()
	type named struct {
		Name    string
		Summary map[string]any
	}
	got := a.do("GET", path, "")
	if !strings.HasPrefix(string(got.body), "[") {
		got.body = []byte("[" + string(got.body) + "]")
	}
	found := make(map[string]string)
	for _, m := range decodeAs[[]named](a.t, got) {
		found[m.Name] = toJSON(a.t, m.Summary)
	}
	return found
}

// waitForSummary waits for an event summary.
func (s *stream) waitForSummary() {
	s.t.Helper()
	for !strings.HasPrefix(s.next(), "event: summary\ndata: {\"date\":\"") {
	}
}

// storeRecent stores a monitor that was OK for the last hour and failed for the last 20 minutes, and returns it.
func (a *api) storeRecent() *simulated {
	a.t.Helper()
	at := monitor.Date(time.Now())
	m := newSimulated(1, time.Minute, 1<<40, at.Add(-time.Hour))
	m.ignored = ""
	must(a.t, a.store.CreateMonitor(a.t.Context(), m.m))
	for ; m.next.Before(at); m.next = m.next.Add(m.interval) {
		if m.next.After(at.Add(-20 * time.Minute)) {
			m.status = monitor.StatusError
		}
		m.check(m.next, 12.345, at.Add(-2*time.Hour))
	}
	m.write(a.t, a.store, at.Truncate(time.Hour))
	return m
}

func TestSummaries(t *testing.T) {
	a := startAPI(t, nil)
	events := a.listen()
	m := a.storeRecent()
	must(t, a.store.CreateMonitor(t.Context(), monitorB))
	one := "/api/monitors/" + m.m.ID + "?include=summary"
	for _, path := range []string{"/api/monitors", "/api/monitors?include=latest,history"} {
		if body := string(a.do("GET", path, "").body); strings.Contains(body, `"summary"`) {
			t.Errorf("%s has summaries", path)
		}
	}
	a.summaries(one) // starts the computation
	events.waitForSummary()
	a.listen().waitForSummary() // connected just after the computation
	for _, path := range []string{listPath, "/api/monitors?include=summary", one, "/api/monitors?include=summary&include=latest"} {
		got := a.summaries(path)[m.m.Name]
		if !strings.HasPrefix(got, `{"p95":12.3,"uptime24h":6`) || !strings.Contains(got, `"uptime30d":6`) {
			t.Errorf("%s: summary is %s", path, got)
		}
	}
	same(t, "summary of a monitor without results", a.summaries(listPath)["beta"], toJSON(t, map[string]any{"uptime24h": nil, "uptime30d": nil, "p95": nil}))
	if body := string(a.do("GET", listPath, "").body); !strings.Contains(body, `"summary":`+noFigures) {
		t.Errorf("list is %s", body)
	}
	same(t, "number of summaries of a group", len(a.summaries("/api/monitors?include=summary&group=none")), 0)

	same(t, "status", a.do("DELETE", "/api/results", "").status, 204)
	for _, path := range []string{listPath, one} {
		same(t, path+" after the deletion", plain(t, []byte(a.summaries(path)[m.m.Name])), plain(t, []byte(noFigures)))
	}
	m.state, m.status = nil, monitor.StatusOK
	clear(m.hours)
	m.check(monitor.Date(time.Now()), 50, time.Now())
	m.write(t, a.store, time.Now().Truncate(time.Hour))
	if got := a.summaries(listPath)[m.m.Name]; strings.Contains(got, "12.3") {
		t.Errorf("after the deletion and a new result, the summary is %s", got)
	}
}

// TestListIsEncodedOncePerSummary: a computation that changes nothing does not make the API encode the list again.
func TestListIsEncodedOncePerSummary(t *testing.T) {
	s := &countingStore{Store: openStore(t)}
	now, changes := base.Add(30*time.Minute), 0
	m := newSimulated(1, 4*time.Minute, 1<<40, now.Add(-time.Hour))
	must(t, s.CreateMonitor(t.Context(), m.m))
	step := func(status monitor.Status) {
		now = now.Add(5 * time.Minute)
		m.status = status
		m.check(now.Add(-time.Second), 10, now)
		m.write(t, s.Store.(store.Store), base)
	}
	keeper := newKeeper(s, &changes)
	h := newMonitorHandler(s, newListCache(), keeper, probe.Registry{}, slog.New(slog.DiscardHandler))
	router := chi.NewRouter()
	h.mount(routes{reading: router, uncompressed: router, protected: router})
	reads := func() int {
		before := s.reads.Load()
		serve(router, httptest.NewRequest("GET", listPath, nil))
		return int(s.reads.Load() - before)
	}
	refresh := func() {
		must(t, keeper.Refresh(t.Context(), now))
	}
	step(monitor.StatusOK)
	same(t, "reads of the first list", reads(), 1)
	refresh()
	same(t, "reads after the first computation", reads(), 1)
	refresh()
	same(t, "reads after a computation without a change", reads(), 0)
	step(monitor.StatusFailed)
	same(t, "reads after a result", reads(), 1)
	now = now.Add(time.Minute)
	refresh()
	same(t, "reads after a computation with a change", reads(), 1)
	same(t, "reads without a change", reads(), 0)
	same(t, "changes", changes, 2)
}
