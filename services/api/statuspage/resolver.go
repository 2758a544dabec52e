package statuspage

import (
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
)

// resolver finds the monitors of entries.
type resolver struct {
	collector *collector
	monitors  []monitor.Monitor
	// byID contains the index of each monitor. byGroup and byLabel contain the indexes of the monitors of each group,
	// and of each label with its value and each key alone.
	byID             map[string]int
	byGroup, byLabel map[string][]int
	// used contains the monitors of all entries, by id.
	used map[string]*tracked
}

func newResolver(c *collector, monitors []monitor.Monitor) *resolver {
	r := &resolver{
		collector: c, monitors: monitors, byID: make(map[string]int, len(monitors)),
		byGroup: make(map[string][]int), byLabel: make(map[string][]int), used: make(map[string]*tracked),
	}
	for i, m := range monitors {
		r.byID[m.ID] = i
		r.byGroup[m.Group] = append(r.byGroup[m.Group], i)
		for key, value := range m.Labels {
			r.byLabel[key] = append(r.byLabel[key], i)
			r.byLabel[key+"="+value] = append(r.byLabel[key+"="+value], i)
		}
	}
	return r
}

// page returns a page with its monitors. It leaves out entries without monitors, and sections without entries.
func (r *resolver) page(d document.Page) *page {
	p := &page{Page: d, calendar: r.calendar(d)}
	members := make(map[*tracked]bool)
	for _, s := range d.Sections {
		next := section{title: s.Title}
		for _, e := range s.Entries {
			found := r.find(e)
			if len(found) == 0 {
				continue
			}
			next.entries = append(next.entries, &entry{e.ID, e.Name, found})
			for _, t := range found {
				if !members[t] {
					members[t] = true
					p.members, t.users = append(p.members, t), append(t.users, p)
				}
			}
		}
		if len(next.entries) > 0 {
			p.sections = append(p.sections, next)
		}
	}
	return p
}

// calendar returns the days in the time zone of a page.
func (r *resolver) calendar(d document.Page) *calendar {
	in := zone(d.Zone)
	found := r.collector.calendars[in]
	if found == nil {
		found = &calendar{zone: in}
		r.collector.calendars[in] = found
	}
	r.collector.followDay(found)
	return found
}

// find returns the monitors of an entry.
func (r *resolver) find(e document.Entry) []*tracked {
	var indexes []int
	switch {
	case e.Monitor != "":
		if i, exists := r.byID[e.Monitor]; exists {
			indexes = []int{i}
		}
	case e.Group != "":
		indexes = r.byGroup[e.Group]
	case e.Label != "":
		indexes = r.byLabel[e.Label]
	}
	found := make([]*tracked, len(indexes))
	for n, i := range indexes {
		found[n] = r.track(r.monitors[i])
	}
	return found
}

// track returns what is known of a monitor.
func (r *resolver) track(m monitor.Monitor) *tracked {
	t := r.used[m.ID]
	if t == nil {
		if t = r.collector.tracked[m.ID]; t == nil {
			t = &tracked{isDue: true}
			r.collector.unread = append(r.collector.unread, t)
		}
		t.define(m)
		r.used[m.ID] = t
	}
	return t
}
