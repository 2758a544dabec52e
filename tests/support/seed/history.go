package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// disabledFor is the time since the last check of a disabled monitor.
const disabledFor = 50 * time.Hour

// shape describes the results of a monitor.
type shape struct {
	// Base is the usual value, in milliseconds for most types.
	Base float64 `json:"base"`
	// Wave is the increase of the value at 14:00, the busiest time of the day, as a fraction of Base.
	Wave float64 `json:"wave"`
	// Jitter is the standard deviation of the value, as a fraction of Base.
	Jitter float64 `json:"jitter"`
	// Outputs contains constant outputs.
	Outputs map[string]any `json:"outputs"`
	// Parts contains outputs that are a fraction of the value, such as 0.8.
	Parts map[string]float64 `json:"parts"`
	// Incidents lists periods with different results.
	Incidents []incident `json:"incidents"`
}

type incident struct {
	// Ago is the time from the start of the incident to now.
	Ago duration `json:"ago"`
	// Length is the duration of the incident. If it is absent, the incident continues until now.
	Length duration `json:"length"`
	// Status is 0 for OK, 1 for error, 2 for failed.
	Status  monitor.Status `json:"status"`
	Message string         `json:"message"`
	// Factor multiplies the value during the incident. Factors below 1 have no effect.
	Factor float64 `json:"factor"`
	// Outputs replaces outputs of the shape.
	Outputs map[string]any `json:"outputs"`
	// Ignored is the reason why the results of the incident don't count; by default they count.
	Ignored monitor.IgnoreReason `json:"excluded"`
}

// duration is decoded from a JSON string in Go's format, such as "1h30m".
type duration time.Duration

func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	*d = duration(parsed)
	return err
}

// incidentAt returns the incident at the given time before now, or nil.
func (s shape) incidentAt(ago time.Duration) *incident {
	for i, in := range s.Incidents {
		elapsed := time.Duration(in.Ago) - ago
		if elapsed >= 0 && (in.Length == 0 || elapsed < time.Duration(in.Length)) {
			return &s.Incidents[i]
		}
	}
	return nil
}

// value returns a measurement: the base value with the daily wave, random jitter and a few outliers.
func (s shape) value(at time.Time, random *rand.Rand) float64 {
	hour := float64(at.Hour()) + float64(at.Minute())/60
	wave := s.Wave * (1 + math.Cos((hour-14)/12*math.Pi)) / 2
	noise := s.Jitter * random.NormFloat64()
	if random.IntN(200) == 0 {
		noise += 6 * s.Jitter * random.Float64()
	}
	return math.Round(s.Base*max(0.3, 1+wave+noise)*100) / 100
}

// period is the time of a history: rollups from start to now, and single results from results to now.
type period struct{ start, results, now time.Time }

// history contains the data that a runner would have stored for a monitor.
type history struct {
	results       []monitor.Result
	statusChanges []store.StatusChange
	state         store.State
	rollups       []store.Rollup
	incidents     []store.Incident
}

// newHistory generates the history of a monitor.
func newHistory(e entry, in period, random *rand.Rand) *history {
	h, interval := &history{}, e.Monitor.Every()
	rollups := rollups{e.Monitor.ID, make(map[store.Period][]openRollup)}
	end := in.now
	if !e.Monitor.Enabled {
		end = end.Add(-disabledFor)
	}
	first := monitor.Date(in.start.Add(time.Duration(random.Int64N(int64(interval)))))
	for at := first; at.Before(end); at = at.Add(interval) {
		r := e.result(at, in.now.Sub(at), random)
		h.apply(r)
		h.addToIncident(e.Monitor, r)
		rollups.add(r)
		if !at.Before(in.results) {
			h.results = append(h.results, r)
		}
	}
	if !e.Monitor.Enabled {
		h.log(store.StatusChange{
			MonitorID: e.Monitor.ID, Date: end, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled,
		})
	}
	h.rollups = rollups.complete(in.now)
	return h
}

// result returns the result of a check at a time, which is the given duration before now.
func (e entry) result(at time.Time, ago time.Duration, random *rand.Rand) monitor.Result {
	m, s := e.Monitor, e.Shape
	r := monitor.Result{
		ID: newID(at, random), Date: at, MonitorID: m.ID, MonitorName: m.Name, MonitorTarget: m.Target,
		Value: s.value(at, random), Outputs: make(map[string]any),
	}
	in := s.incidentAt(ago)
	if in == nil {
		in = &incident{}
	}
	r.Status, r.Message, r.Ignored = in.Status, in.Message, in.Ignored
	if r.Status == monitor.StatusFailed {
		r.Value = 0
		return r
	}
	r.Value *= max(1, in.Factor)
	for _, outputs := range []map[string]any{s.Outputs, in.Outputs} {
		for name, output := range outputs {
			r.Outputs[name] = output
		}
	}
	for name, part := range s.Parts {
		r.Outputs[name] = math.Round(part*r.Value*100) / 100
	}
	return r
}

// apply updates the state and the log of status changes with the next result.
func (h *history) apply(r monitor.Result) {
	s := &h.state
	previous := ""
	if s.Streak > 0 {
		previous = s.Latest.Status.String()
	}
	if from, to := ignoredValue(s.Latest), ignoredValue(r); from != to {
		h.log(store.StatusChange{MonitorID: r.MonitorID, Date: r.Date, Kind: store.ChangeIgnored, From: from, To: to})
	}
	if status := r.Status.String(); previous != status {
		h.log(store.StatusChange{MonitorID: r.MonitorID, Date: r.Date, Kind: store.ChangeStatus, From: previous, To: status})
		s.Streak, s.Since = 0, r.Date
	}
	s.MonitorID, s.Latest = r.MonitorID, r
	s.Streak++
	s.History = append(s.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored})
	s.History = s.History[max(0, len(s.History)-store.HistoryLength):]
}

// addToIncident begins, continues or ends an incident with the next result. The ids are the same
// as if a runner had reconstructed the incidents from the status changes.
func (h *history) addToIncident(m monitor.Monitor, r monitor.Result) {
	last := len(h.incidents) - 1
	open := last >= 0 && h.incidents[last].Resolved.IsZero()
	switch {
	case r.Ignored != "":
	case r.Status != monitor.StatusOK && !open:
		h.incidents = append(h.incidents, store.Incident{
			ID: fmt.Sprintf("%s-r%d", m.ID, r.Date.UnixMilli()), MonitorID: m.ID, MonitorName: m.Name, Group: m.Group,
			FirstNotOK: r.Date, Opened: r.Date, Severity: r.Status, FirstMessage: r.Message, Message: r.Message, Reconstructed: true,
		})
	case r.Status != monitor.StatusOK:
		h.incidents[last].Severity, h.incidents[last].Message = max(h.incidents[last].Severity, r.Status), r.Message
	case open:
		h.incidents[last].Resolved = r.Date
	}
}

// endedIncidents returns the incidents that have ended. A runner opens the others itself.
func (h *history) endedIncidents() []store.Incident {
	return slices.DeleteFunc(h.incidents, func(i store.Incident) bool { return i.Resolved.IsZero() })
}

// ignoredValue returns the value of a result in status changes of the kind [store.ChangeIgnored].
func ignoredValue(r monitor.Result) string { return cmp.Or(string(r.Ignored), store.Counted) }

func (h *history) log(c store.StatusChange) { h.statusChanges = append(h.statusChanges, c) }

// rollups computes the rollups of a monitor. Its results must be added in order.
type rollups struct {
	monitorID string
	byPeriod  map[store.Period][]openRollup
}

type openRollup struct {
	start   time.Time
	summary *rollup.Aggregate
	// parts are the summaries of the 5-minute parts of an hour.
	parts rollup.Series
}

func (r *rollups) add(result monitor.Result) {
	for _, p := range []store.Period{store.Hour, store.Day} {
		start, all := result.Date.Truncate(p.Length()), r.byPeriod[p]
		if len(all) == 0 || !all[len(all)-1].start.Equal(start) {
			all = append(all, openRollup{start, rollup.New(), make(rollup.Series, store.PartsPerHour)})
			r.byPeriod[p] = all
		}
		all[len(all)-1].summary.Add(result.Status, result.Value)
		all[len(all)-1].parts.Add(store.PartOf(result.Date), result.Status, result.Value)
	}
}

// complete returns the rollups of the hours and days that have ended at now, and the 5-minute rollups of the last hours.
func (r *rollups) complete(now time.Time) []store.Rollup {
	var complete []store.Rollup
	put := func(p store.Period, start time.Time, summary []byte) {
		complete = append(complete, store.Rollup{MonitorID: r.monitorID, Period: p, Start: start, Summary: summary})
	}
	for p, all := range r.byPeriod {
		for _, one := range all {
			if one.start.Add(p.Length()).After(now) {
				continue
			}
			put(p, one.start, one.summary.Encode())
			if p == store.Hour && one.start.After(now.Add(-store.MinutesRetention)) {
				put(store.Minutes, one.start, one.parts.Encode())
			}
		}
	}
	return complete
}
