package server

import (
	"net/url"
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
	// Latest holds a *monitor.Result or a *briefResult, and Since a *time.Time. They are nil pointers if there is no
	// result, and nil if they were not requested.
	Latest  any           `json:"latest,omitempty"`
	Since   any           `json:"since,omitempty"`
	History []store.Point `json:"history,omitzero"`
	// Series holds a *series, a nil pointer if there is no result. It is nil if it was not requested.
	Series any `json:"series,omitempty"`
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

// includeOptions selects the members of a monitor's state that a response contains.
type includeOptions struct {
	latest, history, series, summary bool
	// brief shortens the latest result.
	brief bool
}

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
			case "brief":
				include.latest, include.brief = true, true
			case "history":
				include.history = true
			case "series":
				include.series = true
			case "summary":
				include.summary = true
			default:
				return includeOptions{}, monitor.Invalidf("include must be latest, brief, history, series or summary, not %.50q", name)
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
	if o.series {
		item.Series = newSeries(history)
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
		item = item.masked(secrets)
	}
	if o.brief {
		item.Latest = newBriefResult(item.Latest, secrets.Searches[m.Type])
	}
	return item
}

// briefResult is the latest result of a monitor without what a list does not show.
type briefResult struct {
	Date    time.Time      `json:"date"`
	Status  monitor.Status `json:"status"`
	Value   float64        `json:"value"`
	Message string         `json:"message"`
	// Outputs has only what the check searched for. If this is a number, it is the value, which then has no unit.
	Outputs map[string]any       `json:"outputs"`
	Ignored monitor.IgnoreReason `json:"excluded,omitempty"`
}

// newBriefResult returns a *briefResult of the latest result of a monitor; a nil pointer if there is none.
func newBriefResult(latest any, searches []secret.Search) *briefResult {
	r, _ := latest.(*monitor.Result)
	if r == nil {
		return nil
	}
	found := make(map[string]any)
	for _, s := range searches {
		if value, exists := r.Outputs[s.Output]; exists {
			found[s.Output] = value
		}
	}
	return &briefResult{r.Date, r.Status, r.Value, r.Message, found, r.Ignored}
}
