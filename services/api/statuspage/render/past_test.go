package render

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/statuspage"
)

// monthsOf returns what a page shows of the months before December 2026, without elements.
func monthsOf(v *view.Page, count int) string {
	v.Past = nil
	for i := range count {
		v.Past = append(v.Past, view.Month{Start: time.Date(2026, time.Month(11-i), 1, 0, 0, 0, 0, time.UTC)})
	}
	text := strings.NewReplacer("</h3>", "|", "</p>", "|", "<h3>", "", `<h3 class="none">`, "", `<p class="none">`, "").Replace(string(markup(past(v))))
	_, text, _ = strings.Cut(text, "</h2>")
	return strings.TrimSuffix(text, "|</section>")
}

func TestQuietMonthsAreOneLine(t *testing.T) {
	open := func(month time.Month) []view.Incident {
		return []view.Incident{{ID: "i", Entry: "Mail", Start: time.Date(2026, month, 5, 0, 0, 0, 0, time.UTC)}}
	}
	report := func(month time.Month) []view.Message {
		return []view.Message{{ID: "m", Updates: []statuspage.Update{{Date: now}, {Date: time.Date(2026, month, 5, 0, 0, 0, 0, time.UTC)}}}}
	}
	for _, c := range []struct {
		incidents []view.Incident
		messages  []view.Message
		months    int
		want      string
	}{
		{nil, nil, 1, "November 2026|No incidents"},
		{nil, nil, 2, "No incidents in October and November 2026"},
		{nil, nil, 3, "No incidents from September to November 2026"},
		{nil, nil, 12, "No incidents from December 2025 to November 2026"},
		{open(11), nil, 3, "November 2026|No other incidents|No incidents in September and October 2026"},
		{open(10), nil, 3, "November 2026|No incidents|October 2026|No other incidents|September 2026|No incidents"},
		{nil, report(9), 3, "No incidents in October and November 2026|September 2026|No other incidents"},
		{open(6), report(6), 2, "No incidents in October and November 2026"},
	} {
		v := &view.Page{Slug: "acme", Show: statuspage.Show{Incidents: true}, Incidents: c.incidents, Messages: c.messages}
		if got := monthsOf(v, c.months); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDurationsHaveNoSecondsFromAMinuteOn(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Millisecond: "less than a second", 59 * time.Second: "59 seconds", 62 * time.Second: "1 minute", 90 * time.Second: "2 minutes",
		59*time.Minute + 40*time.Second: "1 hour", 25*time.Hour + 30*time.Minute: "1 day 1 hour",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestHiddenEventsHaveTheirName: without past incidents, only messages are left.
func TestHiddenEventsHaveTheirName(t *testing.T) {
	for showIncidents, want := range map[bool]string{true: "<summary>4 earlier incidents</summary>", false: "<summary>4 earlier messages</summary>"} {
		v := fine()
		v.Show.Incidents, v.Past = showIncidents, v.Past[:1]
		for range shownEvents + 4 {
			v.Past[0].Events = append(v.Past[0].Events, view.Event{Message: resolvedMessage()})
		}
		if !strings.Contains(string(Page(v)), want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}

func TestResponseTimesAreShort(t *testing.T) {
	for ms, want := range map[float64]string{0.04: "0.0 ms", 9.94: "9.9 ms", 9.96: "10 ms", 10.4: "10 ms", 212.6: "213 ms", 999.4: "999 ms", 999.6: "1.0 s", 2671: "2.7 s"} {
		if got := milliseconds(ms); got != want {
			t.Errorf("%v is %q, want %q", ms, got, want)
		}
	}
}

func TestPageWithoutEntriesSaysSo(t *testing.T) {
	const text = "This page has no entries yet."
	v := fine()
	if strings.Contains(string(Page(v)), text) {
		t.Error("a page with entries has none")
	}
	v.Sections = nil
	if page := string(Page(v)); !strings.Contains(page, text) || strings.Contains(page, "legend\"") {
		t.Error("the page does not say that it has no entries")
	}
}

func TestEntriesInMaintenanceDoNotRespond(t *testing.T) {
	v := fine()
	for level, want := range map[view.Level]bool{
		view.Operational: true, view.Partial: true, view.Down: false, view.Unknown: false, view.InMaintenance: false,
	} {
		e := sampleEntry(1, "Website", 84)
		e.Level = level
		if got := response(v, e) != nil; got != want {
			t.Errorf("%s: the response time is shown is %v", levelOf(level).text, got)
		}
	}
}
