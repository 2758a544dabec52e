// Package monitor is the vocabulary of NanoMon: what is watched, what a check found, and
// the errors that every service understands. It depends on the standard library only.
package monitor

import (
	"encoding/json"
	"time"
)

// MinInterval is the shortest time between two checks of one monitor.
const MinInterval = time.Second

// Monitor is one thing to watch, as it is stored and as the API shows it.
type Monitor struct {
	// ID is 24 lower-case hexadecimal digits; see [NewID].
	ID string `json:"id"`
	// Name is for people; it need not be unique.
	Name string `json:"name"`
	// Type names the probe that checks it, for example "http".
	Type string `json:"type"`
	// Interval is the time between two checks as a Go duration, kept as it was written; see [Monitor.Every].
	Interval string `json:"interval"`
	// Target is what the probe is pointed at; its form depends on Type.
	Target string `json:"target"`
	// Rule is an expression over the outputs of a check; empty means that any answer is OK.
	Rule string `json:"rule,omitempty"`
	// Enabled says whether the monitor is checked; true where a document doesn't say.
	Enabled bool `json:"enabled"`
	// Properties are the settings of the probe; never nil, and an empty value is never kept.
	Properties map[string]string `json:"properties"`
	// Group is a heading to show the monitor under.
	Group string `json:"group,omitempty"`
	// Updated is when the definition was last written.
	Updated time.Time `json:"updated"`
}

// Every is the interval as a duration, 0 when it can't be parsed.
func (m Monitor) Every() time.Duration {
	d, err := time.ParseDuration(m.Interval)
	if err != nil {
		return 0
	}
	return d
}

// StaleAfter is the age from which on the latest result of a monitor with the interval every no longer tells its
// status: checks were due since then and nobody ran them.
func StaleAfter(every time.Duration) time.Duration {
	return max(3*every, every+time.Minute)
}

// UnmarshalJSON reads a monitor; what is absent gets the default that [Monitor] promises.
func (m *Monitor) UnmarshalJSON(data []byte) error {
	type plain Monitor
	p := plain{Enabled: true}
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*m = Monitor(p)
	m.Normalize()
	return nil
}

// Normalize makes Properties non-nil and drops those that are empty, which means unset.
func (m *Monitor) Normalize() {
	set := make(map[string]string, len(m.Properties))
	for name, value := range m.Properties {
		if value != "" {
			set[name] = value
		}
	}
	m.Properties = set
}

// Status is the verdict on one check.
type Status int

const (
	// StatusOK means that the target answered and the rule, if there is one, holds.
	StatusOK Status = 0
	// StatusError means that the target answered and the rule does not hold.
	StatusError Status = 1
	// StatusFailed means that there was no answer, or that the rule could not be evaluated.
	StatusFailed Status = 2
)

// String is the status as a word for logs and transitions: ok, error or failed.
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

// Result is what one check found.
type Result struct {
	// ID is made by the runner, so that a result that is sent twice is stored once.
	ID string `json:"id"`
	// Date is when the check started, in UTC and whole milliseconds; see [Date].
	Date   time.Time `json:"date"`
	Status Status    `json:"status"`
	// Value is the probe's main figure, in milliseconds for most probes; 0 when there was no answer.
	Value float64 `json:"value"`
	// Message says why the status is not OK; empty otherwise.
	Message       string `json:"message"`
	MonitorID     string `json:"monitor_id"`
	MonitorName   string `json:"monitor_name"`
	MonitorTarget string `json:"monitor_target"`
	// Outputs are the further figures of the probe: float64, string or bool; never nil.
	Outputs map[string]any `json:"outputs"`
	// Ignored says why the result doesn't count; empty for most, which count.
	Ignored IgnoreReason `json:"excluded,omitempty"`
}

// IgnoreReason is why a result counts neither in uptime nor for alerts.
type IgnoreReason string

const (
	// IgnoredMaintenance means that the monitor was in a maintenance window.
	IgnoredMaintenance IgnoreReason = "maintenance"
	// IgnoredBlocked means that the result was bad while the monitor that it depends on was bad too.
	IgnoredBlocked IgnoreReason = "blocked"
)

// Date is t as results and states hold it: UTC, whole milliseconds, no monotonic reading.
func Date(t time.Time) time.Time {
	return time.UnixMilli(t.UnixMilli()).UTC()
}
