package sqlite

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// sampleResult returns a typical result of an HTTP check.
func sampleResult(monitorID string, n int, at time.Time) monitor.Result {
	return monitor.Result{
		ID: monitor.NewID(at), Date: at, Value: 12.345 + float64(n%50), MonitorID: monitorID,
		MonitorName: "Web site of " + monitorID, MonitorTarget: "https://www.example.net/health?of=" + monitorID,
		Outputs: map[string]any{
			"respTime": 12.345 + float64(n%50), "status": 200.0, "bodyLen": 5120.0, "certExpiryDays": 42.0, "bodyTruncated": false,
			"dnsTime": 0.75, "connectTime": 1.5, "tlsTime": 4.25, "firstByteTime": 10.5, "ipAddress": "192.0.2.17",
		},
	}
}

// sampleBatch returns the n-th batch of a runner: one result of each monitor and, if withStates, its state.
func sampleBatch(monitors []string, n int, withStates bool) store.Batch {
	var b store.Batch
	at := start.Add(time.Duration(n) * 10 * time.Second)
	for i, id := range monitors {
		r := sampleResult(id, n, at.Add(time.Duration(i)*time.Millisecond))
		b.Results = append(b.Results, r)
		if withStates {
			history := make([]store.Point, store.HistoryLength)
			for h := range history {
				history[h] = store.Point{Date: r.Date.Add(time.Duration(h-len(history)+1) * 10 * time.Second), Value: r.Value}
			}
			b.States = append(b.States, store.State{MonitorID: id, Latest: r, Streak: n, Since: start, History: history})
		}
	}
	return b
}

var start = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

func sampleMonitors(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("65a500000000%012x", i)
	}
	return list
}

// BenchmarkAppend stores batches of 100 results of 100 monitors out of 1,000.
func BenchmarkAppend(b *testing.B) {
	for _, withStates := range []bool{false, true} {
		b.Run(fmt.Sprintf("states=%v", withStates), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "nanomon.db")
			s := openAt(b, path)
			monitors := sampleMonitors(1000)
			rows := 0
			for b.Loop() {
				b.StopTimer()
				n := rows / 100
				batch := sampleBatch(monitors[n%10*100:][:100], n/10, withStates)
				b.StartTimer()
				if err := s.AppendBatch(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				rows += 100
			}
			b.StopTimer()
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(rows), "µs/row")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size())/float64(rows), "B/row")
		})
	}
}

// BenchmarkNewestOfAll lists the newest 100 sealed results of 116 monitors with two checks per minute.
func BenchmarkNewestOfAll(b *testing.B) {
	s := openAt(b, filepath.Join(b.TempDir(), "nanomon.db"))
	monitors := sampleMonitors(116)
	for n := range 2 * 120 {
		if err := s.AppendBatch(b.Context(), sampleBatch(monitors, 3*n, false)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Seal(b.Context(), farFuture); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		list, err := s.Results(b.Context(), store.ResultFilter{Limit: 100})
		if err != nil || len(list) != 100 {
			b.Fatal(len(list), err)
		}
	}
}

// BenchmarkEachNumber reads the numbers of sealed results of a monitor.
func BenchmarkEachNumber(b *testing.B) {
	for _, c := range []struct {
		days     int
		interval time.Duration
		section  time.Duration
	}{{1, 30 * time.Second, 150 * time.Second}, {30, time.Minute, time.Hour}, {30, 30 * time.Second, time.Hour}, {30, time.Second, time.Hour}} {
		b.Run(fmt.Sprintf("%d days, every %s", c.days, c.interval), func(b *testing.B) {
			s := openAt(b, filepath.Join(b.TempDir(), "nanomon.db"))
			id, end := sampleMonitors(1)[0], start.AddDate(0, 0, c.days)
			var batch store.Batch
			for at := start; at.Before(end); at = at.Add(c.interval) {
				r := sampleResult(id, 0, at)
				for _, name := range []string{"respTime", "dnsTime", "connectTime", "tlsTime", "firstByteTime"} {
					r.Outputs[name] = math.Round(1000*rand.ExpFloat64()*20) / 1000
				}
				batch.Results = append(batch.Results, r)
				if len(batch.Results) == 5000 {
					if err := s.AppendBatch(b.Context(), batch); err != nil {
						b.Fatal(err)
					}
					batch.Results = batch.Results[:0]
				}
			}
			if err := errors.Join(s.AppendBatch(b.Context(), batch), s.Seal(b.Context(), end.Add(48*time.Hour))); err != nil {
				b.Fatal(err)
			}
			f := store.NumberFilter{
				MonitorID: id, From: start, To: end, Limit: 100_000, Section: c.section,
				Outputs: []string{"respTime", "status", "bodyLen", "certExpiryDays", "regexMatch", "dnsTime", "connectTime", "tlsTime", "firstByteTime"},
			}
			count := 0
			for b.Loop() {
				count = 0
				if _, err := s.EachNumber(b.Context(), f, func(time.Time, []float64) { count++ }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(count), "results")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
