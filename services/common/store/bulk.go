package store

import (
	"maps"
	"time"

	"nanomon/services/common/monitor"
)

// BulkChange is a change of several monitors. Exactly one of Edit, Silence and Delete is set. The JSON form is stored.
type BulkChange struct {
	// MonitorIDs are different ids of monitors, in lower case.
	MonitorIDs []string `json:"monitors"`
	// Date is the time of the request.
	Date time.Time    `json:"date"`
	Edit *MonitorEdit `json:"edit,omitempty"`
	// Silence is the silence that each monitor gets. Its MonitorID is not used.
	Silence *Silence `json:"silence,omitempty"`
	Delete  bool     `json:"delete,omitempty"`
}

// MonitorEdit contains the new values of the fields that change. A nil field stays as it is.
type MonitorEdit struct {
	Enabled  *bool   `json:"enabled,omitempty"`
	Group    *string `json:"group,omitempty"`
	Interval *string `json:"interval,omitempty"`
	// Labels holds the new values by key. Nil removes the label. All other labels stay.
	Labels map[string]*string `json:"labels,omitempty"`
}

// ChangeOutcome says what a [BulkChange] did to a monitor.
type ChangeOutcome string

// The outcomes of a [BulkChange].
const (
	OutcomeChanged   ChangeOutcome = "changed"
	OutcomeUnchanged ChangeOutcome = "unchanged"
	OutcomeDeleted   ChangeOutcome = "deleted"
	// OutcomeMissing means that the monitor does not exist.
	OutcomeMissing ChangeOutcome = "missing"
)

// Apply returns m with the new values, and whether it differs. Then its date is the given one, or a millisecond after
// that of m, if this is later: the status changes of a monitor have the order in which they were made.
func (e MonitorEdit) Apply(m monitor.Monitor, date time.Time) (monitor.Monitor, bool) {
	edited := m
	edited.Enabled = valueOr(e.Enabled, m.Enabled)
	edited.Group = valueOr(e.Group, m.Group)
	edited.Interval = valueOr(e.Interval, m.Interval)
	edited.Labels = e.labels(m.Labels)
	if edited.Enabled == m.Enabled && edited.Group == m.Group && edited.Interval == m.Interval && maps.Equal(edited.Labels, m.Labels) {
		return m, false
	}
	edited.Updated = date
	if earliest := m.Updated.Add(time.Millisecond); date.Before(earliest) {
		edited.Updated = earliest
	}
	return edited, true
}

func valueOr[T any](value *T, or T) T {
	if value == nil {
		return or
	}
	return *value
}

// labels returns the labels with the new values, nil if none are left.
func (e MonitorEdit) labels(stored map[string]string) map[string]string {
	if len(e.Labels) == 0 {
		return stored
	}
	labels := make(map[string]string, len(stored)+len(e.Labels))
	maps.Copy(labels, stored)
	for key, value := range e.Labels {
		if value == nil {
			delete(labels, key)
		} else {
			labels[key] = *value
		}
	}
	if len(labels) == 0 {
		return nil
	}
	return labels
}
