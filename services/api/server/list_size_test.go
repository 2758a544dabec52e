package server

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// The first load of the page and its list of 1,000 monitors must have at most 200 KB. This is the share of the list.
// tests/browser/budget.test.mjs limits the rest of the page.
const (
	maxListBrotli = 112_000
	maxListGzip   = 121_000
)

// TestListOfManyMonitorsIsSmall encodes 1,000 monitors whose names, dates and figures all differ.
func TestListOfManyMonitorsIsSmall(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	include := includeOptions{latest: true, brief: true, series: true, summary: true}
	listed := make([]listedMonitor, 1000)
	for i := range listed {
		m, state := noisyMonitor(random, i)
		listed[i] = include.apply(probe.All(probe.Guard{}).Secrets(), m, &state, situation{}, false)
		listed[i].Summary = noisySummary(random)
	}
	data, err := web.Encode(listed)
	must(t, err)
	for encoding, limit := range map[web.Encoding]int{web.Brotli: maxListBrotli, web.Gzip: maxListGzip} {
		document, err := web.NewDocument("application/json", data, encoding)
		must(t, err)
		w := httptest.NewRecorder()
		document.Serve(w, httptest.NewRequest("GET", "/", nil))
		t.Logf("%d bytes, %d with %s", len(data), w.Body.Len(), encoding)
		if w.Body.Len() > limit {
			t.Errorf("the list of 1,000 monitors has %d bytes with %s, want at most %d", w.Body.Len(), encoding, limit)
		}
	}
}

// noisyMonitor returns a monitor with random dates, and 30 results at regular intervals with random values. Some are not
// OK.
func noisyMonitor(random *rand.Rand, i int) (monitor.Monitor, store.State) {
	created := base.Add(-randomTime(random, 1000*time.Hour))
	m := monitor.Monitor{
		ID: randomID(random, created), Name: fmt.Sprintf("Service %d", random.IntN(10_000)), Type: "http", Interval: []string{"10s", "30s", "1m"}[i%3],
		Target: fmt.Sprintf("https://host-%d.example.com/service/%d/health", random.IntN(200), random.IntN(10_000)),
		Rule:   "status == 200 && respTime < 500", Enabled: true, Properties: map[string]string{"timeout": "3s"},
		Group: fmt.Sprintf("Group %d", i/50), Updated: created.Add(randomTime(random, 100*time.Hour)),
		Labels: map[string]string{
			"env": []string{"production", "staging"}[random.IntN(2)], "region": []string{"eu-west", "us-east", "ap-south"}[random.IntN(3)],
			"team": []string{"payments", "search", "checkout", "identity", "platform"}[random.IntN(5)],
		},
	}
	interval, err := time.ParseDuration(m.Interval)
	if err != nil {
		panic(err) // the intervals are constant
	}
	state := store.State{MonitorID: m.ID, Since: base.Add(-randomTime(random, 1000*time.Hour))}
	first := base.Add(randomTime(random, interval))
	for n := range store.HistoryLength {
		r := monitor.Result{
			Date:  first.Add(time.Duration(n)*interval + randomTime(random, 4*time.Millisecond)),
			Value: math.Round(1000*(5+200*random.Float64())) / 1000, Outputs: map[string]any{"status": 200},
		}
		if random.IntN(50) == 0 {
			r.Status, r.Message = monitor.StatusError, "Rule violated: "+m.Rule
		}
		state.Latest = r
		state.History = append(state.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value})
	}
	return m, state
}

// randomID returns an id in the form of [monitor.NewID].
func randomID(random *rand.Rand, created time.Time) string {
	return fmt.Sprintf("%08x%016x", created.Unix(), random.Uint64())
}

// randomTime returns less than limit, in milliseconds.
func randomTime(random *rand.Rand, limit time.Duration) time.Duration {
	return time.Duration(random.Int64N(limit.Milliseconds())) * time.Millisecond
}

func noisySummary(random *rand.Rand) *summary.Summary {
	day, month, p95 := 100.0, 100-math.Round(random.ExpFloat64()*50)/100, summary.Round(150+100*random.Float64())
	if random.IntN(2) == 0 {
		day = 100 - math.Round(random.ExpFloat64()*50)/100
	}
	return &summary.Summary{Uptime24h: &day, Uptime30d: &month, P95: &p95}
}
