package statuspage

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"nanomon/services/api/report"
	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/localtime"
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// TestUptimeEqualsReports compares the days and the uptimes of pages with reports on the same monitors and times, over
// random histories, while they are followed.
func TestUptimeEqualsReports(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 25))
			// The clocks of these zones change on 2026-10-04, 2026-10-25 and 2026-11-01.
			zones := []string{"UTC", "Europe/Amsterdam", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"}
			start := time.Date(2026, 10, []int{3, 24, 31}[seed%3], 20, 0, 0, 0, time.UTC)
			w := newWorld(t, random, 4, start)
			var pages []document.Page
			for i, zone := range zones {
				pages = append(pages, testPage(fmt.Sprint("page-", i), zone))
			}
			c := newCollector(w.store)
			_, err := c.refresh(t.Context(), pages, topics{pages: true}, w.now)
			must(t, err)
			compare(t, c, w)
			for step := range 16 {
				// The collector reads the history when an hour has ended, so most steps are shorter.
				edited := w.live(t, w.now.Add(time.Duration(1+random.IntN([]int{900, 900, 900, 20_000}[step%4]))*time.Second))
				if step == 8 && seed == 1 {
					_, err := w.store.Expire(t.Context(), w.now, store.Retention{Results: 1e6 * time.Hour, Rollups: 30 * 24 * time.Hour})
					must(t, err)
					w.now = w.now.Add(expiredInterval)
				}
				_, err := c.refresh(t.Context(), nil, topics{monitors: edited}, w.now)
				must(t, err)
				compare(t, c, w)
			}
		})
	}
}

// compare compares two of the pages with reports.
func compare(t *testing.T, c *collector, w *world) {
	t.Helper()
	for range 2 {
		p := c.build(c.pages[w.random.IntN(len(c.pages))])
		in := p.Zone
		year, month, today := w.now.In(in).Date()
		for _, e := range p.Sections[0].Entries {
			members := w.members(e.Name)
			for name, days := range windowDays {
				if w.random.IntN(4) > 0 {
					continue
				}
				from := localtime.StartOfDay(year, month, today+1-days, in)
				want := w.report(t, members, from, w.now).Uptime
				if got, known := e.Uptimes[name]; known != (want != nil) || known && got != floored(*want) {
					t.Errorf("%s %s at %s: uptime of %s is %v, the report has %v", in, e.Name, w.now, name, got, want)
				}
			}
			want := w.report(t, members, w.now.Add(-24*time.Hour).Truncate(5*time.Minute), w.now).Uptime
			// A monitor that changes often has shares of 5 minutes, which are rounded.
			if got, known := e.Uptimes["24h"]; known != (want != nil) || known && math.Abs(got-floored(*want)) > 0.02 {
				t.Errorf("%s at %s: uptime of 24 hours is %v, the report has %v", e.Name, w.now, got, want)
			}
			for _, i := range []int{0, w.random.IntN(view.Days), view.Days - 2, view.Days - 1} {
				from := localtime.StartOfDay(year, month, today+1-view.Days+i, in)
				to := localtime.StartOfDay(year, month, today+2-view.Days+i, in)
				compareDay(t, e.Days[i], w.report(t, members, from, to), len(members), e.Name+" "+in.String())
			}
		}
	}
}

func compareDay(t *testing.T, got view.Day, want report.Total, members int, what string) {
	t.Helper()
	times := want.Times
	sum := times.OK + times.Error + times.Failed + times.Maintenance + times.Blocked + times.Disabled + times.NotChecked
	if (got.Uptime == nil) != (want.Uptime == nil) || got.Uptime != nil && *got.Uptime != floored(*want.Uptime) {
		t.Errorf("%s: uptime of %s differs from the report", what, got.Date)
	}
	for name, pair := range map[string][2]float64{
		"length": {got.Length.Seconds(), sum}, "down": {got.Down.Seconds(), times.Error + times.Failed},
		"maintenance": {got.Maintenance.Seconds(), times.Maintenance},
		"not checked": {got.NotChecked.Seconds(), times.Blocked + times.Disabled + times.NotChecked},
	} {
		if mean := pair[1] / float64(members); math.Abs(pair[0]-mean) > 1e-6 {
			t.Errorf("%s of %d: time %s of %s is %v s, the report has %v s", what, members, name, got.Date, pair[0], mean)
		}
	}
}

func floored(percent float64) float64 { return math.Floor(percent*100+1e-7) / 100 }

// members returns the monitors of an entry of [testPage].
func (w *world) members(name string) (found []monitor.Monitor) {
	for n, m := range w.monitors {
		if name == "Teams" || name == "One" && n == 0 || name == "Web" && m.Group == "web" || name == "Team" && m.Labels["team"] == "b" {
			found = append(found, m.Monitor)
		}
	}
	return found
}

// report returns the total of the report on monitors.
func (w *world) report(t *testing.T, members []monitor.Monitor, from, to time.Time) report.Total {
	t.Helper()
	if to.After(w.now) {
		to = w.now
	}
	r, err := report.Read(t.Context(), w.store, members, report.Span{From: from, To: to, End: to}, false, w.now)
	must(t, err)
	return r.Total
}
