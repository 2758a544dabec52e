package statuspage

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// counting counts the reads of much history: of status changes from more than two days ago, and of the incidents of all
// monitors from then on.
type counting struct {
	Store
	histories, incidents int
}

func (c *counting) StatusChangesOf(
	ctx context.Context, ids []string, from, to time.Time, limit int,
) ([]store.StatusChange, error) {
	if to.Sub(from) > 4*24*time.Hour {
		c.histories++
	}
	return c.Store.StatusChangesOf(ctx, ids, from, to, limit)
}

func (c *counting) Incidents(ctx context.Context, f store.IncidentFilter) ([]store.Incident, error) {
	if f.MonitorID == "" && now.Sub(f.From) > 2*24*time.Hour {
		c.incidents++
	}
	return c.Store.Incidents(ctx, f)
}

// TestExpiredHistory: when status changes expire, the pages forget the time before, and equal the reports, although
// the history is not read again.
func TestExpiredHistory(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(7, 25)), 4, time.Date(2026, 11, 3, 22, 30, 0, 0, time.UTC))
	s := &counting{Store: w.store}
	c := newCollector(s)
	expire := func() {
		_, err := w.store.Expire(t.Context(), w.now, store.Retention{Results: 1e6 * time.Hour, Rollups: 30 * 24 * time.Hour})
		must(t, err)
	}
	expire()
	_, err := c.refresh(t.Context(), []document.Page{testPage("a", "UTC"), testPage("b", "Asia/Kathmandu")}, topics{pages: true}, w.now)
	must(t, err)
	known, before := s.histories, c.expired
	for range 6 {
		edited := w.live(t, w.now.Add(61*time.Minute))
		expire()
		_, err := c.refresh(t.Context(), nil, topics{monitors: edited}, w.now)
		must(t, err)
		compare(t, c, w)
	}
	if s.histories != known || c.expired.Sub(before) < 4*time.Hour {
		t.Errorf("all histories are read %d times while %s expire", s.histories-known, c.expired.Sub(before))
	}
}

// TestIncidentsOfNewMonitors: if a page gets another monitor, only the incidents of this monitor are read.
func TestIncidentsOfNewMonitors(t *testing.T) {
	s := newScene(t)
	c := &counting{Store: s.store}
	s.Keeper = newTestKeeper(t, c, &s.now)
	for n, m := range s.monitors {
		start := s.now.AddDate(0, 0, -4*(1-n)).Add(-time.Minute)
		must(t, s.store.MergeIncidents(t.Context(), []store.Incident{{
			ID: store.IncidentID(m.ID, n), MonitorID: m.ID, Number: n, FirstNotOK: start, Opened: start,
			Resolved: start.Add(time.Minute), Severity: monitor.StatusFailed, Dependents: []string{},
		}}))
	}
	old, err := s.store.StatusPage(t.Context(), s.page.ID)
	must(t, err)
	second := s.page
	second.Sections = []document.Section{{Entries: []document.Entry{{ID: "00000001", Name: "Two", Monitor: s.monitors[1].ID}}}}
	must(t, s.store.ReplaceStatusPageIf(t.Context(), second, old))
	s.refresh(topics{})
	_, e := s.view()
	same(t, "incidents of today", e.Days[view.Days-1].Incidents, 1)
	known := c.incidents
	old, err = s.store.StatusPage(t.Context(), s.page.ID)
	must(t, err)
	must(t, s.store.ReplaceStatusPageIf(t.Context(), s.page, old))
	s.refresh(topics{pages: true})
	v, e := s.view()
	same(t, "name", v.Sections[0].Entries[0].Name, "One")
	same(t, "incidents four days ago", e.Days[view.Days-5].Incidents, 1)
	same(t, "reads of all incidents", c.incidents-known, 0)
}
