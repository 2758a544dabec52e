// Package monitor defines monitors, results and the errors that all services use. It imports the standard library only.
package monitor

import (
	"encoding/json"
	"strings"
	"time"
)

// MinInterval is the minimum time between two checks of one monitor.
const MinInterval = time.Second

// Monitor defines a target and how to check it, as it is stored and as the API returns it.
type Monitor struct {
	// ID is 24 lower-case hexadecimal digits; see [NewID].
	ID string `json:"id"`
	// Name is shown to users; it need not be unique.
	Name string `json:"name"`
	// Type names the probe that checks it, for example "http".
	Type string `json:"type"`
	// Interval is the time between two checks, a Go duration stored as the user wrote it; see [Monitor.Every].
	Interval string `json:"interval"`
	// Target is the URL, host or name to check; its form depends on Type.
	Target string `json:"target"`
	// Rule is an expression over the outputs of a check. If it is empty, any response is OK.
	Rule string `json:"rule,omitempty"`
	// Enabled reports whether the monitor is checked; true if the document has no such field.
	Enabled bool `json:"enabled"`
	// Properties holds the settings of the probe. It is never nil and contains no empty value.
	Properties map[string]string `json:"properties"`
	// Group is the heading under which the page shows the monitor.
	Group string `json:"group,omitempty"`
	// Labels holds the values of the labels by key. In a request, nil means that the stored labels stay, and an empty map
	// that there are none.
	Labels map[string]string `json:"labels,omitempty"`
	// Updated is the time of the last change of the definition.
	Updated time.Time `json:"updated"`
}

// Every returns the interval as a duration, or 0 if it is invalid.
func (m Monitor) Every() time.Duration {
	d, err := time.ParseDuration(strings.TrimSpace(m.Interval))
	if err != nil {
		return 0
	}
	return d
}

// StaleAfter returns the age at which the latest result of a monitor with the given interval is stale: it no longer
// shows the status, because no runner ran the checks that were due since then.
func StaleAfter(interval time.Duration) time.Duration {
	return max(3*interval, interval+time.Minute)
}

// UnmarshalJSON decodes a monitor; absent fields get the defaults of [Monitor]. It removes the blanks around the target,
// the interval and the values of labels.
func (m *Monitor) UnmarshalJSON(data []byte) error {
	type plain Monitor
	p := plain{Enabled: true}
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*m = Monitor(p)
	m.Target, m.Interval = strings.TrimSpace(m.Target), strings.TrimSpace(m.Interval)
	for key, value := range m.Labels {
		m.Labels[key] = strings.TrimSpace(value)
	}
	m.Normalize()
	return nil
}

// Normalize removes properties with an empty value, which means unset, and makes Properties non-nil.
func (m *Monitor) Normalize() {
	set := make(map[string]string, len(m.Properties))
	for name, value := range m.Properties {
		if value != "" {
			set[name] = value
		}
	}
	m.Properties = set
}

// Status is the outcome of one check.
type Status int

const (
	// StatusOK means that the target responded and that the rule, if there is one, is true.
	StatusOK Status = 0
	// StatusError means that the target responded and that the rule is false.
	StatusError Status = 1
	// StatusFailed means that there was no response, or that the rule could not be evaluated.
	StatusFailed Status = 2
)

// String returns the status as logs and status changes contain it: ok, error or failed.
func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusError:
		return "error"
	default:
		return "failed"
	}
}

// Result is the result of one check.
type Result struct {
	// ID is set by the runner, so that a result that is sent twice is stored once.
	ID string `json:"id"`
	// Date is the start of the check in UTC and whole milliseconds; see [Date].
	Date   time.Time `json:"date"`
	Status Status    `json:"status"`
	// Value is the main measurement of the probe, in milliseconds for most probes; 0 if there was no response.
	Value float64 `json:"value"`
	// Message explains why the status is not OK. If the status is OK, it is the warning, or empty; see [Result.IsWarning].
	Message       string `json:"message"`
	MonitorID     string `json:"monitor_id"`
	MonitorName   string `json:"monitor_name"`
	MonitorTarget string `json:"monitor_target"`
	// Outputs holds all measurements of the probe as float64, string or bool; never nil.
	Outputs map[string]any `json:"outputs"`
	// Ignored is the reason why the result does not count; empty if it counts.
	Ignored IgnoreReason `json:"excluded,omitempty"`
	// NotChecked means that the runner could not make an on-demand check, for the reason in Message. The API answers with
	// a problem then. Stored results never have it.
	NotChecked bool `json:"notChecked,omitempty"`
}

// IsWarning reports whether the status of the result is OK with a warning, which is the message.
func (r Result) IsWarning() bool { return r.Status == StatusOK && r.Message != "" }

// IgnoreReason explains why a result counts neither in uptime nor for incidents.
type IgnoreReason string

const (
	// IgnoredMaintenance means that the monitor was in a maintenance window.
	IgnoredMaintenance IgnoreReason = "maintenance"
	// IgnoredBlocked means that neither the result nor the dependency was OK.
	IgnoredBlocked IgnoreReason = "blocked"
)

// Date converts t to the form in which results and states store dates: UTC, whole milliseconds, no monotonic clock
// reading.
func Date(t time.Time) time.Time {
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// CeilDate converts t like [Date], but rounds up. A stored date is before t exactly if it is before CeilDate(t), so both
// limits of a period are rounded with it.
func CeilDate(t time.Time) time.Time { return Date(t.Add(time.Millisecond - 1)) }
