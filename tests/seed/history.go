package main

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// disabledFor is how long ago a monitor that is disabled was last checked.
const disabledFor = 50 * time.Hour

// shape says how a monitor's results go.
type shape struct {
	// Base is the usual value, in milliseconds for most types.
	Base float64 `json:"base"`
	// Wave is by which part of Base the value rises at the busiest time of the day, 14 o'clock.
	Wave float64 `json:"wave"`
	// Jitter is by which part of Base two values in a row usually differ.
	Jitter float64 `json:"jitter"`
	// Outputs are outputs that never change.
	Outputs map[string]any `json:"outputs"`
	// Parts are outputs that are a part of the value, such as 0.8.
	Parts map[string]float64 `json:"parts"`
	// Incidents are the times at which the results are bad.
	Incidents []incident `json:"incidents"`
}

type incident struct {
	// Ago is when it began, before now.
	Ago duration `json:"ago"`
	// Length is how long it lasted; absent, it goes on.
	Length duration `json:"length"`
	// Status is 1 for an error, 2 for failed.
	Status  monitor.Status `json:"status"`
	Message string         `json:"message"`
	// Factor is by how much the value is greater meanwhile; absent, it is as ever.
	Factor float64 `json:"factor"`
	// Outputs replace those of the shape.
	Outputs map[string]any `json:"outputs"`
	// Ignored is why the results don't count meanwhile.
	Ignored monitor.IgnoreReason `json:"excluded"`
}

// duration is written as a Go duration.
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

// at is the incident of a time; nil when there is none.
func (s shape) at(before time.Duration) *incident {
	for i, in := range s.Incidents {
		since := time.Duration(in.Ago) - before
		if since >= 0 && (in.Length == 0 || since < time.Duration(in.Length)) {
			return &s.Incidents[i]
		}
	}
	return nil
}

// value is a measurement at a time: the daily wave, chance, and now and then a slow one.
func (s shape) value(at time.Time, random *rand.Rand) float64 {
	hour := float64(at.Hour()) + float64(at.Minute())/60
	wave := s.Wave * (1 + math.Cos((hour-14)/12*math.Pi)) / 2
	chance := s.Jitter * random.NormFloat64()
	if random.IntN(200) == 0 {
		chance += 6 * s.Jitter * random.Float64()
	}
	return math.Round(s.Base*max(0.3, 1+wave+chance)*100) / 100
}

// span is the time of a history: statistics from start, single results from results, both up to now.
type span struct{ start, results, now time.Time }

// history is all that a store holds of a monitor, as the runner would have written it.
type history struct {
	results     []monitor.Result
	transitions []store.StatusChange
	state       store.State
	rollups     []store.Rollup
}

func invent(e entry, during span, random *rand.Rand) *history {
	h, every := &history{}, e.Monitor.Every()
	sums := sums{e.Monitor.ID, make(map[store.Period][]sum)}
	end := during.now
	if !e.Monitor.Enabled {
		end = end.Add(-disabledFor)
	}
	phase := monitor.Date(during.start.Add(time.Duration(random.Int64N(int64(every)))))
	for at := phase; at.Before(end); at = at.Add(every) {
		r := e.result(at, during.now.Sub(at), random)
		h.follow(r)
		sums.add(r)
		if !at.Before(during.results) {
			h.results = append(h.results, r)
		}
	}
	if !e.Monitor.Enabled {
		h.log(store.StatusChange{
			MonitorID: e.Monitor.ID, Date: end, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled,
		})
	}
	h.rollups = sums.over(during.now)
	return h
}

// result is that of a check at a time, which is before ago.
func (e entry) result(at time.Time, ago time.Duration, random *rand.Rand) monitor.Result {
	m, s := e.Monitor, e.Shape
	r := monitor.Result{
		ID: newID(at, random), Date: at, MonitorID: m.ID, MonitorName: m.Name, MonitorTarget: m.Target,
		Value: s.value(at, random), Outputs: make(map[string]any),
	}
	in := s.at(ago)
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

// follow brings the state and the log of changes on to the next result.
func (h *history) follow(r monitor.Result) {
	s := &h.state
	was := ""
	if s.Streak > 0 {
		was = s.Latest.Status.String()
	}
	if from, to := counting(s.Latest), counting(r); from != to {
		h.log(store.StatusChange{MonitorID: r.MonitorID, Date: r.Date, Kind: store.ChangeIgnored, From: from, To: to})
	}
	if is := r.Status.String(); was != is {
		h.log(store.StatusChange{MonitorID: r.MonitorID, Date: r.Date, Kind: store.ChangeStatus, From: was, To: is})
		s.Streak, s.Since = 0, r.Date
	}
	s.MonitorID, s.Latest = r.MonitorID, r
	s.Streak++
	s.History = append(s.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored})
	s.History = s.History[max(0, len(s.History)-store.HistoryLength):]
}

// counting is the value that the track of exclusions has from a result on.
func counting(r monitor.Result) string { return cmp.Or(string(r.Ignored), store.Counted) }

func (h *history) log(t store.StatusChange) { h.transitions = append(h.transitions, t) }

// sums are the rollups of a monitor whose results come in order.
type sums struct {
	monitorID string
	of        map[store.Period][]sum
}

type sum struct {
	start   time.Time
	summary *rollup.Aggregate
}

func (s *sums) add(r monitor.Result) {
	for _, p := range []store.Period{store.Hour, store.Day} {
		start, all := r.Date.Truncate(p.Length()), s.of[p]
		if len(all) == 0 || !all[len(all)-1].start.Equal(start) {
			all = append(all, sum{start, rollup.New()})
			s.of[p] = all
		}
		all[len(all)-1].summary.Add(r.Status, r.Value)
	}
}

// over are the rollups of the periods that have ended at now.
func (s *sums) over(now time.Time) []store.Rollup {
	var over []store.Rollup
	for p, all := range s.of {
		for _, one := range all {
			if !one.start.Add(p.Length()).After(now) {
				over = append(over, store.Rollup{MonitorID: s.monitorID, Period: p, Start: one.start, Summary: one.summary.Encode()})
			}
		}
	}
	return over
}
