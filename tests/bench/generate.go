package main

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// batchSize is the minimum number of results of a batch, unless it is the last one. It is that of the runner.
const batchSize = 500

// generate fills a database with a history of the last days. The results are stored in the order of time, as a runner
// stores them, because the order affects the size of the file and the time of reads.
func generate(t testing.TB, d database, h *generatedHistory, days int) {
	t.Helper()
	d.use(t, func(db store.Store) error { return h.store(t.Context(), db, days) })
}

// generatedHistory generates results of monitors that never change their status.
type generatedHistory struct {
	monitors []monitor.Monitor
	// failing is the number of monitors at the end of the list that are always in error; the others are OK.
	failing  int
	interval time.Duration
	random   *rand.Rand
	// states are the states of the monitors after the last round.
	states []store.State
	// open contains the aggregates of each monitor in the current hour and day.
	open map[store.Period][]*rollup.Aggregate
	// parts contains the aggregates of each monitor in the parts of the current hour.
	parts []rollup.Series
}

func newHistory(g *target, monitors int, interval time.Duration) *generatedHistory {
	h := &generatedHistory{
		interval: interval, random: rand.New(rand.NewPCG(1, 2)), states: make([]store.State, monitors),
		open: make(map[store.Period][]*rollup.Aggregate),
	}
	for i := range monitors {
		h.monitors = append(h.monitors, g.monitor("http", i, interval))
	}
	for _, p := range []store.Period{store.Hour, store.Day} {
		h.open[p] = newAggregates(monitors)
	}
	h.parts = newParts(monitors)
	return h
}

// label adds three labels to each monitor.
func (h *generatedHistory) label() {
	for i := range h.monitors {
		h.monitors[i].Labels = map[string]string{
			"env":    []string{"production", "staging"}[i%2],
			"region": []string{"eu-west", "us-east", "ap-south"}[i%3],
			"team":   []string{"payments", "search", "checkout", "identity", "platform"}[i%5],
		}
	}
}

func newAggregates(n int) []*rollup.Aggregate {
	all := make([]*rollup.Aggregate, n)
	for i := range all {
		all[i] = rollup.New()
	}
	return all
}

func newParts(n int) []rollup.Series {
	all := make([]rollup.Series, n)
	for i := range all {
		all[i] = make(rollup.Series, store.PartsPerHour)
	}
	return all
}

// store stores the monitors, their results of the last days, the rollups, status changes and states, and an incident.
func (h *generatedHistory) store(ctx context.Context, db store.Store, days int) error {
	if err := db.ImportMonitors(ctx, h.monitors); err != nil {
		return err
	}
	end := time.Now().UTC().Truncate(time.Hour)
	start := end.Add(-time.Duration(days) * 24 * time.Hour)
	first := h.monitors[0]
	incident := store.Incident{
		ID: store.IncidentID(first.ID, 1), MonitorID: first.ID, Number: 1, MonitorName: first.Name, FirstNotOK: start,
		Opened: start, Resolved: start.Add(time.Hour), Severity: monitor.StatusFailed,
	}
	if err := db.MergeIncidents(ctx, []store.Incident{incident}); err != nil {
		return err
	}
	batch := store.Batch{StatusChanges: h.firstChanges(start)}
	for at := start; at.Before(end); at = at.Add(h.interval) {
		batch.Results = append(batch.Results, h.round(at)...)
		if len(batch.Results) >= batchSize {
			if err := db.AppendBatch(ctx, batch); err != nil {
				return err
			}
			batch = store.Batch{}
		}
		if err := h.storeRollups(ctx, db, at); err != nil {
			return err
		}
	}
	batch.States = h.states
	if err := db.AppendBatch(ctx, batch); err != nil {
		return err
	}
	return clearDirtyHours(ctx, db, end)
}

// firstChanges returns the status change of each monitor's first result.
func (h *generatedHistory) firstChanges(at time.Time) []store.StatusChange {
	var changes []store.StatusChange
	for i, m := range h.monitors {
		status, _ := h.status(i)
		changes = append(changes, store.StatusChange{
			MonitorID: m.ID, Date: at, Kind: store.ChangeStatus, To: status.String(),
		})
	}
	return changes
}

// status returns the status of a monitor and the message of its results.
func (h *generatedHistory) status(i int) (monitor.Status, string) {
	if i < len(h.monitors)-h.failing {
		return monitor.StatusOK, ""
	}
	return monitor.StatusError, "the rule is false: respTime < 50"
}

// round returns a result of each monitor, the first of them at a time, and updates the states and aggregates.
func (h *generatedHistory) round(at time.Time) []monitor.Result {
	results := make([]monitor.Result, len(h.monitors))
	for i, m := range h.monitors {
		r := h.result(m, at.Add(time.Duration(i)*h.interval/time.Duration(len(h.monitors))))
		r.Status, r.Message = h.status(i)
		s := &h.states[i]
		if s.Streak == 0 {
			s.MonitorID, s.Since = m.ID, r.Date
		}
		s.Latest = r
		s.Streak++
		s.History = append(s.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value})
		s.History = s.History[max(0, len(s.History)-store.HistoryLength):]
		for _, aggregates := range h.open {
			aggregates[i].Add(r.Status, r.Value)
		}
		h.parts[i].Add(store.PartOf(r.Date), r.Status, r.Value)
		results[i] = r
	}
	return results
}

// result returns a result with the outputs of a check of an HTTPS target.
func (h *generatedHistory) result(m monitor.Monitor, at time.Time) monitor.Result {
	total := 120 * max(0.3, 1+0.1*h.random.NormFloat64())
	part := func(share float64) float64 { // in milliseconds, with the precision of the probe
		return math.Round(total*share*(1+0.05*h.random.NormFloat64())*1000) / 1000
	}
	duration := part(1)
	return monitor.Result{
		ID: monitor.NewID(at), Date: monitor.Date(at), Value: duration,
		MonitorID: m.ID, MonitorName: m.Name, MonitorTarget: m.Target,
		Outputs: map[string]any{
			"respTime": duration, "status": 200.0, "bodyLen": 5120.0, "bodyTruncated": false, "certExpiryDays": 42.0,
			"dnsTime": part(0.05), "connectTime": part(0.1), "tlsTime": part(0.3), "firstByteTime": part(0.9),
			"ipAddress": "192.0.2.17", "finalUrl": "https://www.example.net/health",
		},
	}
}

// storeRollups stores the rollups of the hour and the day if the round at a time was their last.
func (h *generatedHistory) storeRollups(ctx context.Context, db store.Store, at time.Time) error {
	for p, aggregates := range h.open {
		start := at.Truncate(p.Length())
		if at.Add(h.interval).Truncate(p.Length()).Equal(start) {
			continue
		}
		rollups := make([]store.Rollup, len(aggregates))
		for i, a := range aggregates {
			rollups[i] = store.Rollup{MonitorID: h.monitors[i].ID, Period: p, Start: start, Summary: a.Encode()}
		}
		if err := db.PutRollups(ctx, rollups); err != nil {
			return err
		}
		h.open[p] = newAggregates(len(aggregates))
		if p == store.Hour {
			if err := h.storeParts(ctx, db, start); err != nil {
				return err
			}
		}
	}
	return nil
}

// storeParts stores the rollups of the parts of an hour, if they have not expired.
func (h *generatedHistory) storeParts(ctx context.Context, db store.Store, start time.Time) error {
	var rollups []store.Rollup
	for i, parts := range h.parts {
		if time.Since(start) < store.MinutesRetention {
			rollups = append(rollups, store.Rollup{
				MonitorID: h.monitors[i].ID, Period: store.Minutes, Start: start, Summary: parts.Encode(),
			})
		}
	}
	h.parts = newParts(len(h.parts))
	return db.PutRollups(ctx, rollups)
}

// clearDirtyHours unmarks the hours before end, because their rollups are stored.
func clearDirtyHours(ctx context.Context, db store.Store, end time.Time) error {
	for {
		hours, err := db.DirtyHours(ctx, end, end.Add(24*time.Hour), batchSize)
		if err != nil || len(hours) == 0 {
			return err
		}
		if err := db.ClearDirty(ctx, hours); err != nil {
			return err
		}
	}
}
