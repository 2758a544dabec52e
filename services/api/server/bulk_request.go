package server

import (
	"net/http"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// bulkRequest is the body of a request for a change of several monitors. It has exactly one of Set, Delete, Silence and
// Run.
type bulkRequest struct {
	IDs     []string        `json:"ids"`
	Set     *monitorChanges `json:"set"`
	Delete  bool            `json:"delete"`
	Silence *string         `json:"silence"`
	Run     bool            `json:"run"`

	// duration is the parsed Silence.
	duration time.Duration
}

// monitorChanges contains the new values of fields. A nil field stays; a nil label is removed.
type monitorChanges struct {
	Enabled  *bool              `json:"enabled"`
	Group    *string            `json:"group"`
	Interval *string            `json:"interval"`
	Labels   map[string]*string `json:"labels"`
}

// readBulkRequest reads and validates the body of a request, except for the monitors that it names. It converts the ids
// to lower case.
func readBulkRequest(w http.ResponseWriter, r *http.Request) (bulkRequest, error) {
	request, err := readObject[bulkRequest](w, r)
	if err == nil {
		err = request.validateIDs()
	}
	if err == nil {
		err = request.validateAction()
	}
	return request, err
}

func (b *bulkRequest) validateIDs() error {
	limit := maxImport
	if b.Run {
		limit = maxRun
	}
	switch n := len(b.IDs); {
	case n == 0:
		return monitor.Invalidf("ids must contain the id of at least one monitor")
	case n > limit:
		return monitor.Invalidf("ids has %d monitors, at most %d are allowed", n, limit)
	}
	seen := make(map[string]bool, len(b.IDs))
	for i, id := range b.IDs {
		if !monitor.ValidID(id) {
			return monitor.Invalidf("ids contains the invalid id %.50q: an id has 24 hexadecimal digits", id)
		}
		id = strings.ToLower(id)
		if seen[id] {
			return monitor.Invalidf("ids contains %s twice", id)
		}
		b.IDs[i], seen[id] = id, true
	}
	return nil
}

func (b *bulkRequest) validateAction() (err error) {
	actions := 0
	for _, requested := range []bool{b.Set != nil, b.Delete, b.Silence != nil, b.Run} {
		if requested {
			actions++
		}
	}
	switch {
	case actions != 1:
		return monitor.Invalid("the request must have exactly one of set, delete, silence and run",
			`For example {"ids": [...], "set": {"enabled": false}}.`)
	case b.Silence != nil:
		b.duration, err = silenceDuration("silence", *b.Silence)
	case b.Set != nil && b.Set.Enabled == nil && b.Set.Group == nil && b.Set.Interval == nil && len(b.Set.Labels) == 0:
		return monitor.Invalid("set changes nothing", "Use one or more of enabled, group, interval and labels.")
	}
	return err
}

// change returns the change that the store makes. by is the sender of the request.
func (b *bulkRequest) change(by string, now time.Time) store.BulkChange {
	c := store.BulkChange{MonitorIDs: b.IDs, Date: monitor.Date(now), Delete: b.Delete}
	if b.Silence != nil {
		c.Silence = &store.Silence{Until: monitor.Date(now.Add(b.duration)), By: by}
	}
	if b.Set != nil {
		c.Edit = &store.MonitorEdit{
			Enabled: b.Set.Enabled, Group: b.Set.Group, Interval: trimmed(b.Set.Interval),
			Labels: make(map[string]*string, len(b.Set.Labels)),
		}
		for key, value := range b.Set.Labels {
			c.Edit.Labels[key] = trimmed(value)
		}
	}
	return c
}

// trimmed returns a text without the blanks around it.
func trimmed(text *string) *string {
	if text == nil {
		return nil
	}
	return new(strings.TrimSpace(*text))
}
