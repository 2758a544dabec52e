package statuspage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// scene is a page on two monitors, whose keeper is at a time that the test sets.
type scene struct {
	*testing.T
	*Keeper
	store    *sqlite.Store
	now      time.Time
	monitors []*simulated
	page     document.Page
}

// newScene has a page with the first of two monitors, which are checked every five minutes for an hour.
func newScene(t *testing.T) *scene {
	s := &scene{T: t, store: openStore(t), now: now.Add(-time.Hour)}
	s.Keeper = newTestKeeper(t, s.store, &s.now)
	for n := range 2 {
		m := &simulated{Monitor: newMonitor(n)}
		must(t, s.store.CreateMonitor(t.Context(), m.Monitor))
		s.monitors = append(s.monitors, m)
	}
	s.page = testPage("acme", "Europe/Amsterdam")
	s.page.Sections[0].Entries = s.page.Sections[0].Entries[:1]
	must(t, s.store.CreateStatusPage(t.Context(), s.page))
	s.check(12)
	s.refresh(topics{})
	return s
}

// check lets time pass while the monitors are checked.
func (s *scene) check(times int) {
	for range times {
		s.now = s.now.Add(5 * time.Minute)
		var b store.Batch
		for _, m := range s.monitors {
			m.check(s.now, &b)
			if m.state != nil {
				b.States = append(b.States, *m.state)
			}
		}
		must(s.T, s.store.AppendBatch(s.Context(), b))
	}
}

func (s *scene) refresh(changed topics) {
	s.Helper()
	refresh(s.T, s.Keeper, changed)
}

// view returns the content of the page, and its first entry.
func (s *scene) view() (*view.Page, view.Entry) {
	s.Helper()
	v := s.Page("acme").View
	return v, v.Sections[0].Entries[0]
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestPagesFollowResults(t *testing.T) {
	s := newScene(t)
	v, e := s.view()
	same(t, "text", v.Overall.Text, "All systems operational")
	same(t, "uptime", e.Uptimes["24h"], 100)
	same(t, "last day", e.Days[view.Days-1].Date, "2026-11-30")
	same(t, "response time", *e.Response, 25.8)
	s.monitors[0].status = monitor.StatusFailed
	s.check(2)
	s.refresh(topics{})
	v, _ = s.view()
	same(t, "text before the failure count", v.Overall.Text, "All systems operational")
	s.check(1)
	s.refresh(topics{})
	v, e = s.view()
	same(t, "text", v.Overall.Text, "Major outage")
	same(t, "time down", e.Days[view.Days-1].Down, 10*time.Minute)
	s.now = s.now.Add(16 * time.Minute)
	s.refresh(topics{})
	v, _ = s.view()
	same(t, "text without results", v.Overall.Text, "No current data")
}

func TestPagesFollowMonitors(t *testing.T) {
	s := newScene(t)
	m := s.monitors[0]
	m.Enabled, m.Updated = false, s.now.Add(time.Minute)
	s.now = s.now.Add(2 * time.Minute)
	must(t, s.store.ReplaceMonitor(t.Context(), m.Monitor))
	s.refresh(topics{monitors: true})
	v, e := s.view()
	same(t, "text while disabled", v.Overall.Text, "No current data")
	since := s.now.Sub(time.Date(2026, 11, 29, 23, 0, 0, 0, time.UTC))
	same(t, "time not checked while disabled", e.Days[view.Days-1].NotChecked, since-(56*time.Minute))
	must(t, s.store.DeleteMonitor(t.Context(), m.ID))
	s.refresh(topics{monitors: true})
	if v = s.Page("acme").View; len(v.Sections) != 0 {
		t.Errorf("the page of a deleted monitor has the sections %v", v.Sections)
	}
	must(t, s.store.DeleteStatusPage(t.Context(), s.page.ID))
	s.refresh(topics{pages: true})
	if s.Page("acme") != nil {
		t.Error("a deleted page is there")
	}
}

// TestMaintenanceIsNoOutage: a monitor that is not OK in maintenance all day is not down, whatever it was before.
func TestMaintenanceIsNoOutage(t *testing.T) {
	s := newScene(t)
	window := maintenance.Window{
		ID: monitor.NewID(s.now), Name: "secret name", Monitors: []string{s.monitors[0].ID}, Groups: []string{}, Public: true,
		PublicName: "Move", Start: s.now, End: s.now.Add(72 * time.Hour),
	}
	must(t, s.store.CreateMaintenanceWindow(t.Context(), window))
	s.monitors[0].ignored, s.monitors[0].status = monitor.IgnoredMaintenance, monitor.StatusFailed
	s.check(3 * 24 * 12 / 2)
	s.refresh(topics{monitors: true})
	v, e := s.view()
	same(t, "text", v.Overall.Text, "Maintenance: One")
	same(t, "level", e.Level, view.InMaintenance)
	day := e.Days[view.Days-2]
	same(t, "maintenance of a day", day.Maintenance, 24*time.Hour)
	if day.Uptime != nil || day.Down != 0 {
		t.Errorf("a day in maintenance has the uptime %v and %s down", day.Uptime, day.Down)
	}
	same(t, "uptime", e.Uptimes["7d"], 100)
	if len(v.Maintenance) != 1 || v.Maintenance[0].Name != "Move" || !v.Maintenance[0].Active || v.Maintenance[0].Entries[0] != "One" {
		t.Errorf("maintenance is %+v", v.Maintenance)
	}
	window.Public = false
	must(t, s.store.ReplaceMaintenanceWindow(t.Context(), window))
	s.refresh(topics{monitors: true})
	if v, e = s.view(); len(v.Maintenance) != 0 || e.Level != view.InMaintenance {
		t.Errorf("a window that is not public is shown: %+v", v.Maintenance)
	}
}

func TestDeletedResultsAreForgotten(t *testing.T) {
	s := newScene(t)
	s.monitors[0].status = monitor.StatusFailed
	s.check(12)
	s.refresh(topics{})
	_, e := s.view()
	same(t, "uptime before", e.Uptimes["24h"] < 60, true)
	must(t, s.store.DeleteResults(t.Context(), s.now))
	for _, m := range s.monitors {
		m.state, m.status = nil, monitor.StatusOK
	}
	s.refresh(topics{})
	v, e := s.view()
	same(t, "text", v.Overall.Text, "No current data")
	same(t, "uptimes", len(e.Uptimes), 0)
	s.check(1)
	s.refresh(topics{})
	if _, e = s.view(); e.Level != view.Operational {
		t.Errorf("after a new result the level is %d", e.Level)
	}
}

func TestDaysFollowMidnightAndTheClock(t *testing.T) {
	s := newScene(t)
	s.check(12 * 11) // until 23:30 UTC, which is 00:30 in Amsterdam
	s.refresh(topics{})
	_, e := s.view()
	same(t, "last day", e.Days[view.Days-1].Date, "2026-12-01")
	same(t, "length of the last day", e.Days[view.Days-1].Length, 30*time.Minute)
	same(t, "first day", e.Days[0].Date, "2026-09-03")
	same(t, "day with the change of the clock", e.Days[52].Date+e.Days[52].Length.String(), "2026-10-2525h0m0s")
	s.now = s.now.Add(-time.Hour)
	s.refresh(topics{})
	_, e = s.view()
	same(t, "last day after the clock was set back", e.Days[view.Days-1].Date, "2026-11-30")
	same(t, "length of that day", e.Days[view.Days-1].Length, 23*time.Hour+30*time.Minute)
}

func TestMessagesAndIncidents(t *testing.T) {
	s := newScene(t)
	at := func(day int) time.Time { return time.Date(2026, 11, day, 8, 0, 0, 0, time.UTC) }
	message := func(title string, day int, last document.State) document.Message {
		return document.Message{ID: monitor.NewID(at(day)), PageID: s.page.ID, Title: title, Entries: []string{"00000001", "0000000f"}, Updates: []document.Update{
			{Date: at(day), State: document.Investigating, Text: "first"}, {Date: at(day + 1), State: last, Text: "last"},
		}}
	}
	open, resolved := message("Slow", 29, document.Monitoring), message("Past", 3, document.Resolved)
	must(t, s.store.CreateStatusMessage(t.Context(), open))
	must(t, s.store.CreateStatusMessage(t.Context(), resolved))
	incident := func(number int, m *simulated, start, end time.Time) store.Incident {
		return store.Incident{ID: store.IncidentID(m.ID, number), MonitorID: m.ID, Number: number, FirstNotOK: start, Opened: start, Resolved: end, Severity: monitor.StatusFailed, Dependents: []string{}}
	}
	m := s.monitors[0]
	must(t, s.store.MergeIncidents(t.Context(), []store.Incident{
		incident(1, m, at(4), at(5)), incident(2, m, at(5).Add(-time.Hour), at(5).Add(time.Hour)), incident(3, m, at(30), time.Time{}),
		incident(1, s.monitors[1], at(6), at(7)),
	}))
	s.refresh(topics{pages: true, incidents: true})
	v, e := s.view()
	same(t, "text", v.Overall.Text, "Major outage") // while an incident is open
	same(t, "open messages", len(v.Messages), 1)
	same(t, "entries of the message", strings.Join(v.Messages[0].Entries, " "), "One")
	same(t, "first of the updates", v.Messages[0].Updates[0].Text, "last")
	same(t, "open incidents", len(v.Incidents), 1)
	same(t, "months", len(v.Past), 3)
	same(t, "events of this month", len(v.Past[0].Events), 2)
	same(t, "newest event", v.Past[0].Events[0].Incident.End, at(5).Add(time.Hour))
	same(t, "oldest event", v.Past[0].Events[1].Message.Title, "Past")
	counts := [3]int{e.Days[view.Days-28].Incidents, e.Days[view.Days-26].Incidents, e.Days[view.Days-1].Incidents}
	same(t, "incidents of 3, 5 and 30 November", counts, [3]int{0, 1, 1})
	must(t, s.store.MergeIncidents(t.Context(), []store.Incident{incident(3, m, at(30), s.now)}))
	s.refresh(topics{incidents: true})
	v, _ = s.view()
	same(t, "open incidents afterwards", len(v.Incidents), 0)
	same(t, "text afterwards", v.Overall.Text, "Reported problem: Slow")
	same(t, "time of the last change", v.Updated, s.now)
}

// TestPreview shows a page that is not stored, as if it were.
func TestPreview(t *testing.T) {
	s := newScene(t)
	want := s.Page("acme").View
	got, err := s.Preview(t.Context(), s.page)
	must(t, err)
	if !bytes.Equal(encode(t, got), encode(t, want)) {
		t.Errorf("preview is %s, the page is %s", encode(t, got), encode(t, want))
	}
	s.page.ID, s.page.Sections[0].Entries[0] = "", document.Entry{Name: "New", Label: "team"}
	got, err = s.Preview(t.Context(), s.page)
	must(t, err)
	same(t, "sections without monitors", len(got.Sections), 0)
	if after := s.Page("acme").View; after != want {
		t.Error("a preview changes the page")
	}
}

// TestPreviewEndsWithItsRequest: a preview that waits for another one ends when nobody waits for it any more.
func TestPreviewEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.set(nil, true)
		k := NewKeeper(m, slog.New(slog.DiscardHandler), time.Now)
		go k.Preview(t.Context(), testPage("first", "UTC"))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		began := time.Now()
		if _, err := k.Preview(ctx, testPage("second", "UTC")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		same(t, "time until the preview ends", time.Since(began), time.Second/2)
	})
}

func encode(t *testing.T, v *view.Page) []byte {
	t.Helper()
	plain := *v
	plain.Zone = nil
	data, err := json.Marshal(plain)
	must(t, err)
	return data
}

// TestNothingUnpublishedIsInAView stores texts in everything that must stay private and looks for them.
func TestNothingUnpublishedIsInAView(t *testing.T) {
	s := newScene(t)
	const canary = "canary"
	hidden := newMonitor(77)
	for n, m := range []*monitor.Monitor{&s.monitors[0].Monitor, &hidden} {
		m.Name, m.Target, m.Rule, m.Group = canary, "http://canary/", "1 == 1 || 'canary' == ''", "canary"
		m.Labels, m.Properties = map[string]string{"canary": "canary"}, map[string]string{"body": "canary"}
		m.Updated = s.now
		if n == 0 {
			must(t, s.store.ReplaceMonitor(t.Context(), *m))
		} else {
			must(t, s.store.CreateMonitor(t.Context(), *m))
		}
	}
	old, err := s.store.StatusPage(t.Context(), s.page.ID)
	must(t, err)
	s.page.Sections[0].Entries = append(s.page.Sections[0].Entries, document.Entry{ID: "00000009", Name: "Group", Group: canary}, document.Entry{ID: "0000000a", Name: "Label", Label: canary})
	s.page.PasswordHash, s.page.Hosts = canary, []string{"canary.example.com"}
	must(t, s.store.ReplaceStatusPageIf(t.Context(), s.page, old))
	r := monitor.Result{ID: monitor.NewID(s.now), MonitorID: hidden.ID, MonitorName: canary, MonitorTarget: canary, Date: s.now, Status: monitor.StatusFailed, Message: canary, Outputs: map[string]any{"canary": canary}}
	must(t, s.store.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{r}, States: []store.State{{MonitorID: hidden.ID, Latest: r, Since: s.now, Streak: 1}}}))
	must(t, s.store.MergeIncidents(t.Context(), []store.Incident{{
		ID: store.IncidentID(hidden.ID, 1), MonitorID: hidden.ID, Number: 1, MonitorName: canary, Group: canary, FirstNotOK: s.now, Opened: s.now,
		Severity: monitor.StatusFailed, FirstMessage: canary, Message: canary, Dependents: []string{canary},
		Acknowledgement: &store.Acknowledgement{By: canary, Note: canary, Date: s.now},
	}}))
	window := maintenance.Window{ID: monitor.NewID(s.now), Name: canary, Monitors: []string{}, Groups: []string{canary}, Public: true, Start: s.now, End: s.now.Add(time.Hour)}
	must(t, s.store.CreateMaintenanceWindow(t.Context(), window))
	message := document.Message{ID: monitor.NewID(s.now), PageID: s.page.ID, Title: "Message", Entries: []string{"0000000a"}, Updates: []document.Update{{Date: s.now, State: document.Resolved, Text: "Text"}}}
	must(t, s.store.CreateStatusMessage(t.Context(), message))
	s.refresh(topics{true, true, true})
	p := s.Page("acme")
	all := encode(t, p.View)
	for _, body := range []Body{p.HTML, p.JSON, p.Atom} {
		w := httptest.NewRecorder()
		body.Serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		data, err := io.ReadAll(w.Body)
		must(t, err)
		all = append(all, data...)
	}
	for _, private := range []string{canary, hidden.ID, s.monitors[0].ID, s.page.ID, window.ID, message.ID, r.ID} {
		if i := bytes.Index(all, []byte(private)); i >= 0 {
			t.Errorf("%s is published: …%s…", private, all[max(0, i-50):i+50])
		}
	}
	v, _ := s.view()
	same(t, "entries", len(v.Sections[0].Entries), 3)
	same(t, "incidents", len(v.Incidents), 2)
	same(t, "name of the window", v.Maintenance[0].Name, "Planned maintenance")
	same(t, "entries of the message", v.Past[0].Events[0].Message.Entries[0], "Label")
	if s.OfHost("canary.example.com") != p {
		t.Error("the page is not found by its host name")
	}
}
