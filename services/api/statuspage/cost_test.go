package statuspage

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// seed stores monitors in 10 groups that have been OK for 90 days, except for an hour each week.
func seed(b *testing.B, s *sqlite.Store, count int, at time.Time) (monitors []monitor.Monitor, states []store.State) {
	for n := range count {
		m := newMonitor(n)
		m.Group, m.Interval = fmt.Sprint("group ", n%10), "10s"
		monitors = append(monitors, m)
		r := monitor.Result{ID: monitor.NewID(at), MonitorID: m.ID, Date: at, Value: 25, Outputs: map[string]any{"respTime": 25.0}}
		state := store.State{MonitorID: m.ID, Latest: r, Streak: 1, Since: at.AddDate(0, 0, -90)}
		for i := range store.HistoryLength {
			date := at.Add(time.Duration(i+1-store.HistoryLength) * 10 * time.Second)
			state.History = append(state.History, store.Point{Date: date, Value: 25})
		}
		states = append(states, state)
		batch := store.Batch{Results: []monitor.Result{r}, States: states[n:]}
		for week := range 12 {
			date := at.AddDate(0, 0, -7*week-1).Add(time.Duration(n) * time.Second)
			batch.StatusChanges = append(batch.StatusChanges,
				store.StatusChange{MonitorID: m.ID, Date: date, Kind: store.ChangeStatus, From: "ok", To: "failed"},
				store.StatusChange{MonitorID: m.ID, Date: date.Add(time.Hour), Kind: store.ChangeStatus, From: "failed", To: "ok"})
		}
		must(b, s.AppendBatch(b.Context(), batch))
	}
	must(b, s.ImportMonitors(b.Context(), monitors))
	return monitors, states
}

func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkRefresh measures a minute of refreshes, every three seconds, while each monitor is checked every 10 seconds
// and each page shows all monitors in ten entries, and 90 of them in an entry of their own. It reports the time of the processor that this takes as a share of the
// minute, without storing the results.
func BenchmarkRefresh(b *testing.B) {
	for _, count := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(count, " monitors"), func(b *testing.B) {
			at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
			s := openStore(b)
			monitors, states := seed(b, s, count, at)
			for n := range 10 {
				p := testPage(fmt.Sprint("page-", n), "UTC")
				p.Sections[0].Entries = nil
				for i := range 10 {
					p.Sections[0].Entries = append(p.Sections[0].Entries, document.Entry{
						ID: fmt.Sprintf("%08x", i), Name: fmt.Sprint("Group ", i), Group: fmt.Sprint("group ", i),
					})
				}
				for i := range 90 {
					p.Sections[0].Entries = append(p.Sections[0].Entries, document.Entry{
						ID: fmt.Sprintf("%08x", 10+i), Name: fmt.Sprint("Monitor ", i), Monitor: monitors[i].ID,
					})
				}
				must(b, s.CreateStatusPage(b.Context(), p))
			}
			k := newTestKeeper(b, s, &at)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			started := time.Now()
			refresh(b, k, topics{})
			first := time.Since(started)
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ResetTimer()
			var used, longest time.Duration
			for range b.N {
				for range 20 {
					at = at.Add(interval)
					store3s(b, s, monitors, states, at)
					begin, began := cpu(), time.Now()
					refresh(b, k, topics{})
					used, longest = used+cpu()-begin, max(longest, time.Since(began))
				}
			}
			b.ReportMetric(100*used.Seconds()/60/float64(b.N), "%CPU")
			b.ReportMetric(float64(longest.Milliseconds()), "ms/longest")
			b.ReportMetric(float64(first.Milliseconds()), "ms/first")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
		})
	}
}

// store3s stores the results of three seconds: of three in ten monitors.
func store3s(b *testing.B, s *sqlite.Store, monitors []monitor.Monitor, states []store.State, at time.Time) {
	var batch store.Batch
	for n, m := range monitors {
		if due := (n + int(at.Unix())) % 10; due < 3 {
			r := monitor.Result{ID: monitor.NewID(at), MonitorID: m.ID, Date: at, Value: 25, Outputs: map[string]any{"respTime": 25.0}}
			states[n].Latest = r
			states[n].History = store.AppendPoint(states[n].History, store.Point{Date: at, Value: 25})
			batch.Results, batch.States = append(batch.Results, r), append(batch.States, states[n])
		}
	}
	must(b, s.AppendBatch(b.Context(), batch))
}
