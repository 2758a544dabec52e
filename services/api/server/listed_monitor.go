package server

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
)

// listedMonitor is a monitor with the members that ?include= adds.
type listedMonitor struct {
	monitor.Monitor
	// Latest holds a *monitor.Result and Since a *time.Time. They are nil pointers if there is no result, and nil if
	// they were not requested.
	Latest  any           `json:"latest,omitempty"`
	Since   any           `json:"since,omitempty"`
	History []store.Point `json:"history,omitzero"`
	// Summary is nil unless it was requested.
	Summary *summary.Summary `json:"summary,omitempty"`
	// NotChecked is nil unless a runner can't check the monitor. It is requested together with Latest.
	NotChecked *notChecked `json:"notChecked,omitempty"`
	// InMaintenance reports whether a maintenance window of the monitor is active, also before the next result. It is
	// requested together with Latest.
	InMaintenance bool `json:"inMaintenance,omitempty"`
	// SilencedUntil is the end of the monitor's silence; zero if there is none. It is requested together with Latest.
	SilencedUntil time.Time `json:"silencedUntil,omitzero"`
}

// historyDigits is the number of significant digits of the values of a history in the list. They are for a small chart.
const historyDigits = 2

// roundHistory returns the points with dates in whole seconds and values with few digits, which halves the compressed
// list.
func roundHistory(points []store.Point) []store.Point {
	rounded := slices.Clone(points)
	for i := range rounded {
		p := &rounded[i]
		p.Date, p.Value = p.Date.Truncate(time.Second), summary.Significant(p.Value, historyDigits)
	}
	return rounded
}

// includeOptions selects the members of a monitor's state that a response contains.
type includeOptions struct{ latest, history, summary bool }

// needsState reports whether a response contains members of the state.
func (o includeOptions) needsState() bool { return o != includeOptions{} }

// parseInclude parses ?include=, which may be repeated or contain a list.
func parseInclude(query url.Values) (includeOptions, error) {
	var include includeOptions
	for _, names := range query["include"] {
		for name := range strings.SplitSeq(names, ",") {
			switch name {
			case "latest":
				include.latest = true
			case "history":
				include.history = true
			case "summary":
				include.summary = true
			default:
				return includeOptions{}, monitor.Invalidf("include must be latest, history or summary, not %.50q", name)
			}
		}
	}
	return include, nil
}

// apply returns the monitor with the selected members of its state, which may be nil, and masks secrets if masked is set.
func (o includeOptions) apply(
	secrets secret.Properties, m monitor.Monitor, state *store.State, now situation, masked bool,
) listedMonitor {
	var (
		latest  *monitor.Result
		since   *time.Time
		history []store.Point
	)
	if state != nil {
		latest, since, history = &state.Latest, &state.Since, state.History
	}
	item := listedMonitor{Monitor: m}
	if o.latest {
		item.Latest, item.Since = latest, since
	}
	if o.history {
		item.History = append([]store.Point{}, history...) // not nil
	}
	if o.summary {
		known := now.summaries.Of(m.ID, state)
		item.Summary = &known
	}
	if n, exists := now.notChecked[m.ID]; exists && m.Enabled && !n.endedBy(state) {
		item.NotChecked = &n
	}
	item.InMaintenance = m.Enabled && now.inMaintenance.Includes(m.ID, m.Group)
	item.SilencedUntil = now.silencedUntil[m.ID]
	if masked {
		return item.masked(secrets)
	}
	return item
}
