package mongo

import (
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// TestNewestOfManyResults measures the time to read the newest 100 of 100,000 results. The stand-in only has the index
// of _id and scans all results, so its times say little about a real server.
func TestNewestOfManyResults(t *testing.T) {
	const monitors, perMonitor = 100, 1000
	limit := 20 * time.Millisecond
	if !mongotest.Real() {
		limit = 10 * time.Second
	}
	uri := mongotest.StartWatchable(t)
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
	base := newMonitor(0, "").Updated
	for i := range perMonitor / 10 {
		docs := make([]resultDoc, 10*monitors)
		for n := range docs {
			date := base.Add(time.Duration(i*len(docs)+n) * time.Second)
			var err error
			docs[n], err = toResultDoc(monitor.Result{
				ID: monitor.NewID(date), Date: date, Value: 1, MonitorID: newMonitor(n%monitors, "").ID, MonitorName: "name",
				MonitorTarget: "http://localhost", Outputs: map[string]any{"respTime": 1.0, "status": 200.0},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := insertNew(t.Context(), s.results, docs); err != nil {
			t.Fatal(err)
		}
	}
	for name, filter := range map[string]store.ResultFilter{
		"of a monitor":                  {MonitorID: newMonitor(50, "").ID, Limit: 100},
		"of a monitor, from the middle": {MonitorID: newMonitor(50, "").ID, To: base.Add(monitors * perMonitor / 2 * time.Second), Limit: 100},
		"over all":                      {Limit: 100},
	} {
		took := make([]time.Duration, 21)
		for i := range took {
			start := time.Now()
			list, err := s.Results(t.Context(), filter)
			if err != nil || len(list) != 100 {
				t.Fatalf("%d results, error %v", len(list), err)
			}
			took[i] = time.Since(start)
		}
		slices.Sort(took)
		t.Logf("newest 100 %s: median %s, least %s, most %s", name, took[10], took[0], took[20])
		if took[10] > limit {
			t.Errorf("newest 100 %s: median %s, want at most %s", name, took[10], limit)
		}
	}
}
