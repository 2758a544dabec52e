package statuspage

import (
	"context"
	"reflect"
	"slices"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/localtime"
	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// page is a status page with what it shows.
type page struct {
	document.Page
	calendar *calendar
	sections []section
	// members contains the monitors of all entries, each once.
	members []*tracked
	// windows contains the public maintenance windows of its monitors.
	windows  []publicWindow
	messages []document.Message

	// isDue reports whether the content must be computed again, and until is the time at which it must be at the
	// latest.
	isDue bool
	until time.Time
	// published is the content at the last computation; nil before the first one. confirmed is the last time at which
	// the page was complete.
	published *Published
	confirmed confirmation
}

// section is a part of a page with at least one entry.
type section struct {
	title   string
	entries []*entry
}

// entry is a line of a page with at least one monitor.
type entry struct {
	id, name string
	members  []*tracked
}

// publicWindow is a maintenance window that a page shows, with the names of the affected entries.
type publicWindow struct {
	maintenance.Window
	names []string
}

// documents returns the pages as they are stored.
func (c *collector) documents() []document.Page {
	list := make([]document.Page, len(c.pages))
	for i, p := range c.pages {
		list[i] = p.Page
	}
	return list
}

// readDefinitions reads what people have edited: the maintenance windows, the monitors if they or the pages have
// changed, and the messages if pagesChanged is set. A store that can't report changes is read although nothing has
// changed: then the content stays.
func (c *collector) readDefinitions(ctx context.Context, list []document.Page, pagesChanged bool) error {
	windows, err := store.Call(ctx, store.LongCall, c.store.MaintenanceWindows)
	if err != nil {
		return err
	}
	// This is read first: if a monitor changes afterwards, the next refresh reads it.
	revision, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) (string, error) {
		return c.store.Revision(ctx, false)
	})
	if err != nil {
		return err
	}
	isSame := revision == c.revision && reflect.DeepEqual(list, c.documents())
	if !isSame {
		monitors, err := store.Call(ctx, store.LongCall, c.store.Monitors)
		if err != nil {
			return err
		}
		c.resolve(list, monitors)
		c.revision = revision
	}
	if !isSame || !reflect.DeepEqual(windows, c.windows.list) {
		c.windows.set(windows)
		for _, p := range c.pages {
			p.isDue = true
			p.findWindows(windows)
		}
	}
	if pagesChanged {
		return c.readMessages(ctx)
	}
	return nil
}

// readMessages reads the messages of all pages.
func (c *collector) readMessages(ctx context.Context) error {
	messages := make(map[string][]document.Message)
	for some := range slices.Chunk(c.pages, store.MaxStatusMessages/document.MaxMessages) {
		ids := make([]string, 0, len(some))
		for _, p := range some {
			if p.ID != "" { // The preview of a new page has none.
				ids = append(ids, p.ID)
			}
		}
		found, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]document.Message, error) {
			return c.store.StatusMessages(ctx, ids, c.now.AddDate(0, 0, -view.Days-1))
		})
		if err != nil {
			return err
		}
		for _, m := range found {
			if len(m.Updates) > 0 {
				messages[m.PageID] = append(messages[m.PageID], m)
			}
		}
	}
	for _, p := range c.pages {
		if next := messages[p.ID]; !reflect.DeepEqual(next, p.messages) {
			p.messages, p.isDue = next, true
		}
	}
	return nil
}

// resolve finds the monitors of the pages, and keeps what is known of them.
func (c *collector) resolve(list []document.Page, monitors []monitor.Monitor) {
	r := newResolver(c, monitors)
	known := make(map[string]*page, len(c.pages))
	for _, p := range c.pages {
		known[p.ID] = p
	}
	for _, t := range c.tracked {
		t.users = nil
	}
	pages := make([]*page, 0, len(list))
	for _, d := range list {
		p := r.page(d)
		if before := known[d.ID]; before != nil {
			p.published, p.confirmed, p.messages = before.published, before.confirmed, before.messages
		}
		pages = append(pages, p)
	}
	c.pages, c.tracked, c.all = pages, r.used, make([]*tracked, 0, len(r.used))
	zones := make(map[*time.Location]*calendar)
	for _, p := range pages {
		zones[p.calendar.zone] = p.calendar
	}
	c.calendars = zones
	for _, t := range c.tracked {
		c.all = append(c.all, t)
		t.findCalendars()
	}
	// A page with many monitors must not delay the others.
	bySize := slices.SortedStableFunc(slices.Values(pages), func(a, b *page) int {
		return len(a.members) - len(b.members)
	})
	for _, p := range bySize {
		for _, t := range p.members {
			if t.isDue {
				c.enqueue(t)
			}
		}
	}
}

// findCalendars sets the time zones of the days of a monitor.
func (t *tracked) findCalendars() {
	var logs []*dayLog
	for _, p := range t.users {
		has := func(log *dayLog) bool { return log.calendar == p.calendar }
		if slices.ContainsFunc(logs, has) {
			continue
		}
		if i := slices.IndexFunc(t.days, has); i >= 0 {
			logs = append(logs, t.days[i])
		} else {
			logs, t.isDue = append(logs, &dayLog{calendar: p.calendar, today: p.calendar.today}), true
		}
	}
	t.days = logs
}

// zone returns the time zone of a page. A stored page has a valid one.
func zone(name string) *time.Location {
	if found, err := localtime.Zone(name); err == nil {
		return found
	}
	return time.UTC
}

// findWindows finds the public maintenance windows of the monitors of a page.
func (p *page) findWindows(all []maintenance.Window) {
	p.windows = nil
	for _, w := range all {
		if !w.Public {
			continue
		}
		var names []string
		for _, s := range p.sections {
			for _, e := range s.entries {
				if slices.ContainsFunc(e.members, func(t *tracked) bool { return w.Covers(t.monitor) }) {
					names = append(names, e.name)
				}
			}
		}
		if len(names) > 0 {
			p.windows = append(p.windows, publicWindow{w, names})
		}
	}
}
