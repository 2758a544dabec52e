package statuspage

import (
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var now = time.Date(2026, 11, 30, 12, 30, 0, 0, time.UTC)

// stateOf returns a state whose history has one letter for each result, newest last: o is OK, f failed, e error, m
// failed in maintenance, n OK in maintenance, and b failed and blocked. The latest result is some time old.
func stateOf(letters string, age time.Duration) *store.State {
	s := new(store.State)
	for i, letter := range letters {
		p := store.Point{Date: now.Add(-age - time.Duration(len(letters)-1-i)*time.Minute)}
		switch letter {
		case 'f', 'm', 'b':
			p.Status = monitor.StatusFailed
		case 'e':
			p.Status = monitor.StatusError
		}
		switch letter {
		case 'm', 'n':
			p.Ignored = monitor.IgnoredMaintenance
		case 'b':
			p.Ignored = monitor.IgnoredBlocked
		}
		s.History = append(s.History, p)
		s.Latest = monitor.Result{Date: p.Date, Status: p.Status, Ignored: p.Ignored}
	}
	s.History = s.History[max(0, len(s.History)-store.HistoryLength):]
	return s
}

// member returns a monitor with these results; none if letters is empty.
func member(letters string, properties map[string]string) *tracked {
	t := new(tracked)
	t.define(monitor.Monitor{ID: "65a500000000000000000001", Type: "http", Interval: "1m", Enabled: true, Properties: properties})
	if letters != "" {
		t.follow(stateOf(letters, 0), now)
	}
	return t
}

func TestLevelOfMonitors(t *testing.T) {
	failCount := func(n string) map[string]string { return map[string]string{"alertFailCount": n} }
	push := member("of", nil)
	push.define(monitor.Monitor{Type: "push", Interval: "1m", Enabled: true})
	disabled := member("ooo", nil)
	disabled.monitor.Enabled = false
	stale := new(tracked)
	stale.define(monitor.Monitor{Interval: "1m", Enabled: true})
	stale.follow(stateOf("fff", 4*time.Minute), now)
	open, ended := member("oof", nil), member("oof", nil)
	muted, mutedDown := member("ofo", map[string]string{"alertMute": "true"}), member("off", map[string]string{"alertMute": "true"})
	muted.incidents, mutedDown.incidents = map[string]incident{"a": {start: now}}, map[string]incident{"a": {start: now}}
	if len(merged([]*tracked{muted})) != 0 || len(merged([]*tracked{mutedDown})) != 1 {
		t.Error("the open incident of a muted monitor is listed while the monitor is OK, or not listed while it is not")
	}
	open.incidents = map[string]incident{"a": {start: now}}
	ended.incidents = map[string]incident{"a": {start: now, end: now}}
	for name, c := range map[string]struct {
		tracked *tracked
		want    view.Level
	}{
		"no result":                              {member("", nil), view.Unknown},
		"disabled":                               {disabled, view.Unknown},
		"stale":                                  {stale, view.Unknown},
		"OK":                                     {member("ffo", nil), view.Operational},
		"not OK, less than the failure count":    {member("off", nil), view.Operational},
		"not OK, the failure count":              {member("ofef", nil), view.Down},
		"own failure count":                      {member("of", failCount(" 1 ")), view.Down},
		"own failure count is not reached":       {member("offff", failCount("5")), view.Operational},
		"own failure count that can't be parsed": {member("offf", failCount("x")), view.Down},
		"failure count is longer than the history":  {member("ffffffffffffffffffffffffffffff", failCount("100")), view.Down},
		"history is shorter than the failure count": {member("fffffffff", failCount("100")), view.Operational},
		"push":                                 {push, view.Down},
		"blocked":                              {member("oob", nil), view.Down},
		"in maintenance and not OK":            {member("offfm", nil), view.InMaintenance},
		"in maintenance and OK":                {member("oon", nil), view.InMaintenance},
		"after maintenance":                    {member("ommmmf", nil), view.Operational},
		"after maintenance, the failure count": {member("ommmmfff", nil), view.Down},
		"open incident":                        {open, view.Down},
		"open incident, muted and OK":          {muted, view.Operational},
		"open incident, muted and not OK":      {mutedDown, view.Down},
		"ended incident":                       {ended, view.Operational},
	} {
		if got := c.tracked.level(maintenance.Active{}, now); got != c.want {
			t.Errorf("%s: level %d, want %d", name, got, c.want)
		}
	}
}

// TestLevelAfterNewResults: results count like the history in a state.
func TestLevelAfterNewResults(t *testing.T) {
	m := member("oo", nil)
	m.kind, m.isDue = "ok", false
	p := new(page)
	m.users = []*page{p}
	for i, c := range []struct {
		status  monitor.Status
		ignored monitor.IgnoreReason
		want    view.Level
		due     bool
	}{
		{monitor.StatusOK, "", view.Operational, false},
		{monitor.StatusFailed, "", view.Operational, true},
		{monitor.StatusFailed, "", view.Operational, true},
		{monitor.StatusFailed, "", view.Down, true},
		{monitor.StatusFailed, "", view.Down, false},
		{monitor.StatusFailed, monitor.IgnoredMaintenance, view.InMaintenance, true},
		{monitor.StatusOK, "", view.Operational, true},
		{monitor.StatusError, monitor.IgnoredBlocked, view.Down, true},
	} {
		at := now.Add(time.Duration(i+1) * time.Minute)
		p.isDue = false
		m.add(monitor.Result{Date: at, Status: c.status, Ignored: c.ignored}, at)
		if got := m.level(maintenance.Active{}, at); got != c.want || p.isDue != c.due {
			t.Errorf("result %d: level %d, want %d; the page is due: %t", i, got, c.want, p.isDue)
		}
		if m.isDue {
			t.Errorf("result %d: the history must be read", i)
		}
	}
}

func TestLevelOfEntries(t *testing.T) {
	c := newCollector(nil)
	c.now = now
	inWindow := member("offf", nil)
	inWindow.monitor.Group = "db"
	c.windows.set([]maintenance.Window{{Groups: []string{"db"}, Start: now.Add(-time.Hour), End: now.Add(time.Hour)}})
	c.windows.follow(now)
	b := builder{collector: c}
	up, down, unknown := member("ooo", nil), member("fff", nil), member("", nil)
	for name, e := range map[string]struct {
		members []*tracked
		want    view.Level
	}{
		"up":                                   {[]*tracked{up, up}, view.Operational},
		"some down":                            {[]*tracked{up, down}, view.Partial},
		"all down":                             {[]*tracked{down, down}, view.Down},
		"all unknown":                          {[]*tracked{unknown, unknown}, view.Unknown},
		"up and unknown":                       {[]*tracked{up, unknown}, view.Operational},
		"down and unknown":                     {[]*tracked{down, unknown}, view.Down},
		"down in maintenance":                  {[]*tracked{inWindow}, view.InMaintenance},
		"in maintenance and unknown":           {[]*tracked{inWindow, unknown}, view.InMaintenance},
		"in maintenance and up":                {[]*tracked{inWindow, up}, view.Operational},
		"in maintenance and down":              {[]*tracked{inWindow, down}, view.Down},
		"in maintenance, up, down and unknown": {[]*tracked{inWindow, up, down, unknown}, view.Partial},
	} {
		if got := b.level(&entry{members: e.members}); got != e.want {
			t.Errorf("%s: level %d, want %d", name, got, e.want)
		}
	}
}

func TestOverall(t *testing.T) {
	letters := map[rune]view.Level{
		'?': view.Unknown, 'o': view.Operational, 'm': view.InMaintenance, 'p': view.Partial, 'd': view.Down,
	}
	for _, c := range []struct {
		levels  string
		message string
		level   view.Level
		want    string
	}{
		{"", "", view.Unknown, "No current data"},
		{"??", "", view.Unknown, "No current data"},
		{"ooo", "", view.Operational, "All systems operational"},
		{"opo", "", view.Partial, "Partial outage: B"},
		{"odo", "", view.Partial, "Partial outage: B"},
		{"ddpo", "", view.Partial, "Partial outage: A, B, C"},
		{"ddppdo", "", view.Partial, "Partial outage: A, B, C and 2 more"},
		{"pp", "", view.Partial, "Partial outage: A, B"},
		{"dd", "", view.Down, "Major outage"},
		{"d?", "", view.Down, "Major outage"},
		{"dm", "", view.Partial, "Partial outage: A"},
		{"om", "", view.InMaintenance, "Maintenance: B"},
		{"mm", "", view.InMaintenance, "Maintenance: A, B"},
		{"o?m", "", view.Unknown, "Some systems are not checked: B"},
		{"oo", "Slow", view.Partial, "Reported problem: Slow"},
		{"??", "Slow", view.Partial, "Reported problem: Slow"},
		{"od", "Slow", view.Partial, "Partial outage: B"},
		{"dd", "Slow", view.Down, "Major outage"},
	} {
		v := new(view.Page)
		for i, letter := range c.levels {
			e := view.Entry{Name: string(rune('A' + i)), Level: letters[letter]}
			v.Sections = append(v.Sections, view.Section{Entries: []view.Entry{e}})
		}
		if c.message != "" {
			v.Messages = []view.Message{{Title: c.message}}
		}
		if got := overall(v); got.Text != c.want || got.Level != c.level {
			t.Errorf("%s %s: %d %q, want %d %q", c.levels, c.message, got.Level, got.Text, c.level, c.want)
		}
	}
}

// TestOverallWithMaintenance: public maintenance is named although the other monitors of its entry are OK.
func TestOverallWithMaintenance(t *testing.T) {
	for name, c := range map[string]struct {
		level   view.Level
		active  bool
		message bool
		want    view.Overall
	}{
		"active":             {view.Operational, true, false, view.Overall{Level: view.InMaintenance, Text: "Maintenance: B"}},
		"planned":            {view.Operational, false, false, view.Overall{Level: view.Operational, Text: "All systems operational"}},
		"message":            {view.Operational, true, true, view.Overall{Level: view.Partial, Text: "Reported problem: Slow"}},
		"outage and message": {view.Partial, true, true, view.Overall{Level: view.Partial, Text: "Partial outage: A"}},
	} {
		v := &view.Page{
			Sections:    []view.Section{{Entries: []view.Entry{{Name: "A", Level: c.level}, {Name: "B", Level: view.Operational}}}},
			Maintenance: []view.Maintenance{{Entries: []string{"B"}, Active: c.active}},
		}
		if c.message {
			v.Messages = []view.Message{{Title: "Slow"}}
		}
		if got := overall(v); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
