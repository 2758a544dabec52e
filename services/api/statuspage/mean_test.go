package statuspage

import (
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
)

// TestDaysOfSeveralMonitors: the times of a day do not add up over the monitors of an entry.
func TestDaysOfSeveralMonitors(t *testing.T) {
	s := newScene(t)
	s.page.Sections[0].Entries = []document.Entry{{ID: "00000002", Name: "Two", Group: "two"}}
	old, err := s.store.StatusPage(t.Context(), s.page.ID)
	must(t, err)
	must(t, s.store.ReplaceStatusPageIf(t.Context(), s.page, old))
	for _, m := range s.monitors {
		m.Group, m.Updated = "two", s.now
		must(t, s.store.ReplaceMonitor(t.Context(), m.Monitor))
	}
	s.monitors[0].status = monitor.StatusFailed
	s.check(3)
	s.refresh(topics{pages: true, monitors: true})
	_, e := s.view()
	day, before := e.Days[view.Days-1], e.Days[view.Days-2]
	same(t, "time not checked on a day", before.NotChecked, 24*time.Hour)
	same(t, "length of a day", before.Length, 24*time.Hour)
	same(t, "time down", day.Down, 5*time.Minute)
	same(t, "time not checked", day.NotChecked < day.Length, true)
}
