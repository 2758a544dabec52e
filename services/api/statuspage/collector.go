package statuspage

import (
	"context"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

const (
	// maxResults is the number of results that are read at once, and maxResultReads the number of such reads in a
	// refresh. If there are more results, the states are read instead.
	maxResults     = 1000
	maxResultReads = 20
	// maxLoads is the number of monitors whose history is read in a refresh, and maxChecks is the number of monitors of
	// which a refresh checks whether it should be read although nothing is known to have changed.
	maxLoads  = 2000
	maxChecks = 200
	// maxLoadTime is the time after which a refresh stops to read history, so that the pages do not become old.
	maxLoadTime = 3 * time.Second
	// expiredInterval is the time between two reads of the date before which status changes have expired.
	expiredInterval = 5 * time.Minute
)

// topics says what has changed in the store since the last refresh.
type topics struct{ pages, monitors, incidents bool }

// or returns the topics that are in one of two sets.
func (t topics) or(other topics) topics {
	return topics{t.pages || other.pages, t.monitors || other.monitors, t.incidents || other.incidents}
}

// collector follows the store and computes what pages show. Only one goroutine may use it at a time.
type collector struct {
	store     Store
	pages     []*page
	calendars map[*time.Location]*calendar
	windows   windows
	// tracked contains the monitors of the pages by id, and all contains the same in no particular order.
	tracked map[string]*tracked
	all     []*tracked
	// queue contains the monitors whose history must be read, and checked is the position of the checks in all.
	queue   []*tracked
	checked int
	// now is the time of the refresh.
	now time.Time
	// revision is that of the monitors, and cursor is the position in the results; both are empty before the first
	// read.
	revision, cursor string
	// cleared is the time of the last deletion of all results. expired is the date before which status changes have
	// expired, and expiredRead is the time at which it was read.
	cleared, expired, expiredRead time.Time
	// incidentsRead is the time of the last complete read of the incidents; zero if one is necessary. lastOpened is the
	// latest opening of an incident.
	incidentsRead, lastOpened time.Time
	// unread contains the monitors that were added since the last read of incidents.
	unread []*tracked
}

func newCollector(s Store) *collector {
	return &collector{store: s, tracked: make(map[string]*tracked), calendars: make(map[*time.Location]*calendar)}
}

// refresh applies what has changed in the store. list contains all pages if changed.pages is set. It reports whether
// much is left to read, so that the next refresh should follow at once.
func (c *collector) refresh(
	ctx context.Context, list []document.Page, changed topics, now time.Time,
) (more bool, err error) {
	if !changed.pages {
		list = c.documents()
	}
	if changed.monitors, err = c.startAt(ctx, monitor.Date(now), changed.monitors); err != nil {
		return false, err
	}
	if changed.pages || changed.monitors || c.revision == "" { // The last read may have failed after a reset.
		if err := c.readDefinitions(ctx, list, changed.pages); err != nil {
			return false, err
		}
	}
	c.followTime()
	if err := c.readResults(ctx); err != nil {
		return false, err
	}
	c.check()
	if more, err = c.loadQueue(ctx); err != nil {
		return false, err
	}
	if changed.incidents || len(c.unread) > 0 || c.incidentsRead.IsZero() || c.now.Sub(c.incidentsRead) >= allIncidentsAfter {
		err = c.readIncidents(ctx)
	}
	return more, err
}

// startAt sets the time. It forgets all history if the results were deleted or if the clock was set back, and then
// reports that the monitors must be read.
func (c *collector) startAt(ctx context.Context, now time.Time, changed bool) (bool, error) {
	// This is read first: if results are deleted afterwards, the next refresh notices it.
	cleared, err := store.Call(ctx, store.ShortCall, c.store.ResultsCleared)
	if err != nil {
		return false, err
	}
	if !cleared.Equal(c.cleared) || now.Before(c.now.Add(-time.Second)) {
		clear(c.tracked)
		c.revision, c.cursor, c.queue, changed = "", "", nil, true
		c.incidentsRead, c.lastOpened = time.Time{}, time.Time{}
	}
	c.cleared, c.now = cleared, now
	if now.Sub(c.expiredRead).Abs() >= expiredInterval {
		if c.expired, err = store.Call(ctx, store.ShortCall, c.store.StatusChangesExpired); err == nil {
			c.expiredRead = now
		}
	}
	return changed, err
}

// followTime handles the end of a day, and the start and the end of maintenance.
func (c *collector) followTime() {
	for _, each := range c.calendars {
		c.followDay(each)
	}
	changed := c.windows.follow(c.now)
	for _, p := range c.pages {
		p.isDue = p.isDue || changed || !c.now.Before(p.until)
	}
}

// followDay makes today the last day of a calendar. If the clock went back to an earlier day, the days of the monitors
// must be read again.
func (c *collector) followDay(each *calendar) {
	if !each.follow(c.now) {
		return
	}
	for _, t := range c.all {
		for _, log := range t.days {
			if log.calendar == each {
				log.follow()
				c.enqueue(t)
			}
		}
	}
}

// readResults applies the new results.
func (c *collector) readResults(ctx context.Context) error {
	for range maxResultReads {
		results, cursor, err := c.newResults(ctx)
		if err != nil {
			return err
		}
		if c.cursor == "" { // Read all states, after this position.
			c.enqueue(c.all...)
		}
		c.cursor = cursor
		for _, r := range results {
			if t := c.tracked[r.MonitorID]; t != nil {
				if t.add(r, c.now); t.isDue {
					c.enqueue(t)
				}
			}
		}
		if len(results) < maxResults {
			return nil
		}
	}
	c.cursor = ""
	return nil
}

func (c *collector) newResults(ctx context.Context) (results []monitor.Result, cursor string, err error) {
	err = store.Do(ctx, store.LongCall, func(ctx context.Context) error {
		results, cursor, err = c.store.ResultsSince(ctx, c.cursor, maxResults)
		return err
	})
	return results, cursor, err
}

// enqueue makes the history of monitors be read.
func (c *collector) enqueue(all ...*tracked) {
	for _, t := range all {
		if t.isDue = true; !t.isQueued {
			t.isQueued = true
			c.queue = append(c.queue, t)
		}
	}
}

// check enqueues monitors whose history should be read although nothing is known to have changed: those whose results
// seem to have stopped, because a result may have been missed, and a few others in turn.
func (c *collector) check() {
	for _, p := range c.pages {
		if !p.isDue {
			continue
		}
		for _, t := range p.members {
			if t.monitor.Enabled && t.isStale(c.now) && !t.confirmed.Equal(t.latest) {
				t.confirmed = t.latest
				c.enqueue(t)
			}
		}
	}
	for range min(maxChecks, len(c.all)) {
		c.checked = (c.checked + 1) % len(c.all)
		t := c.all[c.checked]
		if t.expire(c.expired); t.needsRead(c.now) {
			c.enqueue(t)
		}
	}
}

// loadQueue reads the history of the monitors in the queue, at most [maxLoads] and for [maxLoadTime]. It reports
// whether more are left.
func (c *collector) loadQueue(ctx context.Context) (more bool, err error) {
	started, n := time.Now(), min(len(c.queue), maxLoads)
	all := make([]*due, 0, n)
	for _, t := range c.queue[:n] {
		if c.tracked[t.monitor.ID] == t { // Otherwise no page shows it any more.
			all = append(all, &due{t, t.readFrom(c.now)})
		}
	}
	slices.SortStableFunc(all, func(a, b *due) int { return a.from.Compare(b.from) })
	loaded := 0
	for batch := range slices.Chunk(all, batchSize) {
		if time.Since(started) > maxLoadTime {
			break
		}
		if err := c.load(ctx, batch); err != nil {
			return false, err
		}
		loaded += len(batch)
	}
	var rest []*tracked
	for _, d := range all[loaded:] {
		rest = append(rest, d.tracked)
	}
	c.queue = append(rest, c.queue[n:]...)
	more = len(c.queue) > 0
	for _, d := range all[:loaded] {
		if d.isQueued = false; d.isDue {
			c.enqueue(d.tracked)
		}
	}
	return more, nil
}
