package main

import (
	"context"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// fill creates a monitor with results from start to end.
func fill(m monitor.Monitor, s store.Store, start, end time.Time, outcome func(i int) (monitor.Status, string, monitor.Exclusion)) {
	ctx := context.Background()
	must(s.CreateMonitor(ctx, m))
	state := store.State{MonitorID: m.ID}
	var b store.Batch
	lastStatus, lastEx := "", "counted"
	i := 0
	for at := start; at.Before(end); at = at.Add(m.Every()) {
		status, message, ex := outcome(i)
		value := 0.0
		outputs := map[string]any{}
		if status != monitor.StatusFailed {
			value = float64(80+(i*37)%61) + float64(i%7)/8
			outputs = map[string]any{"respTime": value, "status": 200.0, "bodyLen": 512.0, "bodyTruncated": false, "finalUrl": m.Target}
			if status == monitor.StatusError {
				outputs["status"] = 503.0
			}
		}
		r := monitor.Result{ID: monitor.NewID(at), Date: monitor.Date(at), Status: status, Value: value, Message: message, MonitorID: m.ID,
			MonitorName: m.Name, MonitorTarget: m.Target, Outputs: outputs, Excluded: ex}
		counted := string(ex)
		if ex == "" {
			counted = store.Counted
		}
		if counted != lastEx {
			b.Transitions = append(b.Transitions, store.Transition{MonitorID: m.ID, Date: r.Date, Track: store.TrackExcluded, From: lastEx, To: counted})
			lastEx = counted
		}
		if status.String() != lastStatus {
			b.Transitions = append(b.Transitions, store.Transition{MonitorID: m.ID, Date: r.Date, Track: store.TrackStatus, From: lastStatus, To: status.String()})
			lastStatus, state.Streak, state.Since = status.String(), 0, r.Date
		}
		state.Latest = r
		state.Streak++
		state.History = append(state.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Excluded: r.Excluded})
		state.History = state.History[max(0, len(state.History)-store.HistoryLength):]
		b.Results = append(b.Results, r)
		i++
	}
	b.States = []store.State{state}
	must(s.AppendBatch(ctx, b))
}

// seed stores the API key and the monitors that have a long history.
func (g *gen) seed() {
	s, done := g.open()
	defer done()
	ctx := context.Background()
	now := monitor.Date(time.Now())
	var key string
	k := store.Key{ID: monitor.NewID(now), Name: "terraform", Scope: store.KeyAdministers, Created: now}
	key, k.Hash = auth.NewKey()
	must(s.CreateKey(ctx, k))
	g.key = key
	day := now.Truncate(24 * time.Hour)
	archive := monitor.Monitor{ID: monitor.NewID(day.AddDate(0, 0, -17)), Name: "Archive", Type: "http", Interval: "6h", Target: "http://archive.nanomon.test/health",
		Rule: "status == 200", Enabled: true, Properties: map[string]string{"timeout": "4s"}, Group: "Back office", Updated: day.AddDate(0, 0, -17)}
	fill(archive, s, day.AddDate(0, 0, -17).Add(41*time.Minute), now, func(i int) (monitor.Status, string, monitor.Exclusion) {
		switch {
		case i == 13 || i == 14 || i == 40:
			return monitor.StatusFailed, "connection refused", ""
		case i == 21:
			return monitor.StatusError, "Rule violated: status == 200", monitor.ExcludedMaintenance
		case i == 30:
			return monitor.StatusError, "Rule violated: status == 200", ""
		}
		return monitor.StatusOK, "", ""
	})
	docs := monitor.Monitor{ID: monitor.NewID(day.AddDate(0, 0, -2)), Name: "Docs", Type: "http", Interval: "20m", Target: "http://docs.nanomon.test/",
		Enabled: true, Properties: map[string]string{"headers": `{"X-From": "nanomon"}`}, Group: "Shop", Updated: day.AddDate(0, 0, -2)}
	fill(docs, s, day.AddDate(0, 0, -2).Add(7*time.Minute), now, func(i int) (monitor.Status, string, monitor.Exclusion) {
		if i%50 == 49 || i == 30 || i == 31 {
			return monitor.StatusFailed, "no answer within 5s", ""
		}
		return monitor.StatusOK, "", ""
	})
}
