package statuspage

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/api/summary"
	"nanomon/services/common/rollup"
)

// windowDays are the windows of uptimes that consist of whole days, by name.
var windowDays = map[string]int{"7d": 7, "30d": 30, "90d": 90}

// build returns what a page shows at the time of the refresh, and sets when it must be computed again.
func (c *collector) build(p *page) *view.Page {
	p.isDue, p.until = false, c.validUntil(p)
	v := &view.Page{
		ID: publicID(p.ID), Slug: p.Slug, Title: p.Title, Introduction: p.Introduction, HasLogo: p.Logo != "",
		NoIndex: p.NoIndex, Show: p.Show, Zone: p.calendar.zone, Updated: p.Updated,
	}
	b := builder{collector: c, page: p, view: v}
	for _, s := range p.sections {
		next := view.Section{Title: s.title}
		for _, e := range s.entries {
			next.Entries = append(next.Entries, b.entry(e))
		}
		v.Sections = append(v.Sections, next)
	}
	b.addMaintenance()
	b.addMessages()
	b.addEvents()
	v.Overall = overall(v)
	return v
}

// validUntil returns the time at which a page must be computed again although nothing happens: the next minute, or
// earlier if a result becomes stale.
func (c *collector) validUntil(p *page) time.Time {
	until := c.now.Truncate(time.Minute).Add(time.Minute)
	for _, t := range p.members {
		if at := t.latest.Add(t.stale + time.Millisecond); at.After(c.now) && at.Before(until) {
			until = at
		}
	}
	return until
}

// builder computes what a page shows.
type builder struct {
	collector *collector
	page      *page
	view      *view.Page
	// incidents contains the incidents of all entries.
	incidents []*view.Incident
}

// entry returns an entry, and collects its incidents.
func (b *builder) entry(e *entry) view.Entry {
	now := b.collector.now
	v := view.Entry{ID: e.id, Name: e.name, Level: b.level(e)}
	incidents := merged(e.members)
	for _, i := range incidents {
		b.incidents = append(b.incidents, &view.Incident{
			ID: publicID(b.page.ID, e.id, i.id), Entry: e.name, Start: i.start, End: i.end,
		})
	}
	if b.page.Show.Uptime {
		b.addUptime(&v, e, incidents)
	}
	if b.page.Show.ResponseTime {
		v.Response = response(e, now)
	}
	return v
}

// level returns the level of an entry, from the levels of its monitors.
func (b *builder) level(e *entry) view.Level {
	count := make(map[view.Level]int)
	for _, t := range e.members {
		count[t.level(b.collector.windows.active, b.collector.now)]++
	}
	switch {
	case count[view.Unknown] == len(e.members):
		return view.Unknown
	case count[view.Down] > 0 && count[view.Operational] > 0:
		return view.Partial
	case count[view.Down] > 0:
		return view.Down
	case count[view.Operational] > 0:
		return view.Operational
	default:
		return view.InMaintenance
	}
}

// addUptime sets the days and the uptimes of an entry.
func (b *builder) addUptime(v *view.Entry, e *entry, incidents []*mergedIncident) {
	now, cal := b.collector.now, b.page.calendar
	var sums [view.Days]spent
	var ok, checked float64
	for _, t := range e.members {
		extension := t.extension(now)
		for _, log := range t.days {
			if log.calendar == cal {
				log.addTo(&sums, extension)
			}
		}
		up, counted := t.recent.Uptime(now, b.collector.expired, extension)
		ok, checked = ok+up, checked+counted
	}
	v.Uptimes = make(map[string]float64)
	setUptime(v, "24h", ok, checked)
	for name, days := range windowDays {
		ok, checked = 0, 0
		for _, s := range sums[view.Days-days:] {
			ok, checked = ok+float64(s.ok), checked+float64(s.ok+s.down)
		}
		setUptime(v, name, ok, checked)
	}
	mean := func(millis int64) time.Duration {
		return time.Duration(millis) * time.Millisecond / time.Duration(len(e.members))
	}
	v.Days = make([]view.Day, view.Days)
	for i, s := range sums {
		start, end := cal.starts[i], cal.starts[i+1]
		if end.After(now) {
			end = now
		}
		v.Days[i] = view.Day{
			Date: cal.date(i), Uptime: summary.Percent(float64(s.ok), float64(s.ok+s.down)),
			Length: end.Sub(start), Down: mean(s.down), Maintenance: mean(s.maintenance), NotChecked: mean(s.notChecked),
			Incidents: countIncidents(incidents, start, end),
		}
	}
}

func setUptime(v *view.Entry, window string, ok, checked float64) {
	if percent := summary.Percent(ok, checked); percent != nil {
		v.Uptimes[window] = *percent
	}
}

// response returns the median response time of the last 24 hours, rounded; nil if there is none.
func response(e *entry, now time.Time) *float64 {
	sum := rollup.New()
	for _, t := range e.members {
		if t.hasResponse {
			_ = t.recent.AddTo(sum, now) // A damaged rollup is left out. The summaries report it.
		}
	}
	value, known := sum.Quantile(0.5)
	if !known {
		return nil
	}
	value = summary.Round(value)
	return &value
}

// publicID returns a stable text for ids that must not be published.
func publicID(ids ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{"status page"}, ids...), "\n")))
	return hex.EncodeToString(sum[:12])
}

// mergedIncident is an incident of an entry. end is zero while it is open.
type mergedIncident struct {
	id string
	incident
}

// merged returns the incidents of monitors, oldest first. Incidents that overlap are one.
func merged(members []*tracked) []*mergedIncident {
	var all []*mergedIncident
	for _, t := range members {
		for id, i := range t.incidents {
			if !t.isOver(i) {
				all = append(all, &mergedIncident{id, i})
			}
		}
	}
	slices.SortFunc(all, func(a, b *mergedIncident) int {
		return cmp.Or(a.start.Compare(b.start), strings.Compare(a.id, b.id))
	})
	var joined []*mergedIncident
	for _, next := range all {
		if n := len(joined); n > 0 && (joined[n-1].end.IsZero() || !next.start.After(joined[n-1].end)) {
			if last := joined[n-1]; next.end.IsZero() || !last.end.IsZero() && next.end.After(last.end) {
				last.end = next.end
			}
			continue
		}
		joined = append(joined, next)
	}
	return joined
}

// countIncidents returns the number of incidents that overlap a time.
func countIncidents(incidents []*mergedIncident, start, end time.Time) int {
	count := 0
	for _, i := range incidents {
		if i.start.Before(end) && (i.end.IsZero() || i.end.After(start)) {
			count++
		}
	}
	return count
}
