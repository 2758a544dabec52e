// Package statistics compares the statistics of the API, which come from results and rollups of three periods, with a plain
// computation from all results.
package statistics

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/api/server"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/runner/health"
	"nanomon/services/runner/housekeeping"
)

const (
	id  = "65a500000000000000000001"
	day = 24 * time.Hour
	// resultRetention is shorter than most windows, so statistics depend on rollups.
	resultRetention = 3 * day
)

// world is a store with random results, of which all holds a copy.
type world struct {
	t      *testing.T
	random *rand.Rand
	store  *sqlite.Store
	all    []monitor.Result
	get    func(query url.Values) stats
}

// stats is the part of an answer that depends on the results.
type stats struct {
	summary
	From, To time.Time
	Counts   counts
	P99      *float64
	Buckets  []struct {
		Start time.Time
		counts
		summary
	}
}

type counts struct{ OK, Error, Failed int }

type summary struct{ Avg, Min, Max, P50, P95 *float64 }

func TestStatisticsAgreeWithResults(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testStatistics(t, seed) })
		})
	}
}

func testStatistics(t *testing.T, seed uint64) {
	w := newWorld(t, seed)
	now := time.Now()
	late := w.fill(now.Add(-17*day), now)
	keep := store.Retention{Results: resultRetention, Rollups: 400 * day}
	if seed%2 == 1 {
		keep.Hours = 4 * day
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := slog.New(slog.DiscardHandler)
	h := housekeeping.New(housekeeping.Config{
		Retention: keep, Now: time.Now, Assigned: func() bool { return true }, Health: health.New(log, nil),
	}, w.store, log)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.Run(ctx)
	}()
	// The clock of the bubble passes at once. The housekeeper computes the rollups, then the oldest results expire.
	time.Sleep(5 * time.Minute)
	w.append(late)
	time.Sleep(time.Duration(10+w.random.IntN(60)) * time.Minute)
	w.compare(url.Values{"window": {"1h"}})
	for _, window := range []string{"24h", "7d", "30d", "365d"} {
		w.compare(url.Values{"window": {window}})
	}
	for range 30 {
		length := time.Duration(float64(time.Minute) * math.Exp(w.random.Float64()*math.Log(float64(380*day/time.Minute))))
		to := time.Now().Add(-time.Duration(w.random.Int64N(int64(18 * day))))
		w.compare(url.Values{"from": {to.Add(-length).Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}})
	}
	cancel()
	<-ended
	w.wantExpired()
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.CreateMonitor(t.Context(), monitor.Monitor{ID: id, Name: "m", Type: "http", Interval: "1m", Target: "http://localhost", Enabled: true}); err != nil {
		t.Fatal(err)
	}
	handler := server.New(server.Config{}, s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler)).Handler()
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), store: s}
	w.get = func(query url.Values) (answer stats) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest("GET", "http://localhost/api/monitors/"+id+"/stats?"+query.Encode(), nil))
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil || recorder.Code != 200 {
			t.Fatalf("%s: %d %s", query.Encode(), recorder.Code, recorder.Body)
		}
		return answer
	}
	return w
}

// fill stores results with gaps, incidents, maintenance and a clock that is sometimes set back. It returns results of the
// last days that it has not stored.
func (w *world) fill(from, now time.Time) (late []monitor.Result) {
	status, ignored := monitor.StatusOK, monitor.IgnoreReason("")
	for at := from; at.Before(now.Add(30 * time.Minute)); at = at.Add(w.pause()) {
		if w.random.IntN(50) == 0 {
			status = monitor.Status(w.random.IntN(3))
		}
		if w.random.IntN(100) == 0 {
			ignored = []monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}[w.random.IntN(3)]
		}
		r := monitor.Result{
			ID: monitor.NewID(at), Date: monitor.Date(at.UTC()), MonitorID: id, MonitorName: "m", Status: status, Ignored: ignored, Outputs: map[string]any{},
		}
		if status != monitor.StatusFailed {
			r.Value = math.Round(1000*math.Exp(w.random.NormFloat64()+3)) / 1000
		}
		w.all = append(w.all, r)
		if at.After(now.Add(-resultRetention+2*time.Hour)) && w.random.IntN(20) == 0 {
			late = append(late, r)
		}
	}
	isLate := func(r monitor.Result) bool {
		return slices.ContainsFunc(late, func(l monitor.Result) bool { return l.ID == r.ID })
	}
	w.append(slices.DeleteFunc(slices.Clone(w.all), isLate))
	return late
}

// pause returns the time to the next result: mostly some minutes. It is negative if the clock is set back.
func (w *world) pause() time.Duration {
	switch w.random.IntN(300) {
	case 0:
		return time.Duration(w.random.Int64N(int64(30 * time.Hour)))
	case 1:
		return -time.Duration(w.random.Int64N(int64(2 * time.Hour)))
	default:
		return time.Duration(w.random.Int64N(int64(24 * time.Minute)))
	}
}

func (w *world) append(results []monitor.Result) {
	w.t.Helper()
	for batch := range slices.Chunk(results, 1000) {
		if err := w.store.AppendBatch(w.t.Context(), store.Batch{Results: batch}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// compare requests statistics and compares them with a plain computation from the results.
func (w *world) compare(query url.Values) {
	w.t.Helper()
	got := w.get(query)
	name := fmt.Sprintf("%s (%s to %s, %d buckets)", query.Encode(), got.From, got.To, len(got.Buckets))
	w.compareOne(name, got.From, got.To, got.Counts, got.summary)
	for i, b := range got.Buckets {
		end := got.To
		if i+1 < len(got.Buckets) {
			end = got.Buckets[i+1].Start
		}
		w.compareOne(name+fmt.Sprint(" bucket ", i), b.Start, end, b.counts, b.summary)
	}
}

func (w *world) compareOne(name string, from, to time.Time, got counts, of summary) {
	w.t.Helper()
	var want [3]int
	var values []float64
	for _, r := range w.all {
		if r.Date.Before(from) || !r.Date.Before(to) {
			continue
		}
		if want[r.Status]++; r.Status != monitor.StatusFailed {
			values = append(values, r.Value)
		}
	}
	if [3]int{got.OK, got.Error, got.Failed} != want {
		w.t.Errorf("%s: counts %+v, want %v", name, got, want)
	}
	slices.Sort(values)
	for figure, f := range map[string]struct {
		got       *float64
		want      func() float64
		tolerance float64
	}{
		"average": {of.Avg, func() float64 { return sum(values) / float64(len(values)) }, 1e-9},
		"minimum": {of.Min, func() float64 { return values[0] }, 0},
		"maximum": {of.Max, func() float64 { return values[len(values)-1] }, 0},
		"p50":     {of.P50, func() float64 { return values[(len(values)-1)/2] }, 0.0101},
		"p95":     {of.P95, func() float64 { return values[int(0.95*float64(len(values)-1))] }, 0.0101},
	} {
		if (f.got == nil) != (len(values) == 0) || f.got != nil && math.Abs(*f.got-f.want()) > f.tolerance*f.want() {
			w.t.Errorf("%s: the %s is wrong: %v of %d values", name, figure, f.got, len(values))
		}
	}
}

func sum(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// wantExpired fails the test unless the store has deleted the old results, without which they would not have been needed.
func (w *world) wantExpired() {
	w.t.Helper()
	old, err := w.store.Results(w.t.Context(), store.ResultFilter{To: time.Now().Add(-resultRetention - time.Hour), Limit: 10})
	if err != nil || len(old) > 0 {
		w.t.Errorf("%d expired results, %v", len(old), err)
	}
}
