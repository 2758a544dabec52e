package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/servicetest"
)

const (
	// historyInterval is the interval of the monitors of a history.
	historyInterval = 30 * time.Second
	// resultsPerDay is the number of results of each of them.
	resultsPerDay = int(24 * time.Hour / historyInterval)
)

// history counts the bytes of a stored result in a history, and measures how fast results are stored.
func (b *bench) history(t testing.TB) {
	folder := t.TempDir()
	seed(t, folder, newTarget(t).url, b.plan.historyMonitors, b.plan.historyDays, historyInterval)
	results := b.plan.historyMonitors * b.plan.historyDays * resultsPerDay
	note := millions(results) + ", with rollups and status changes"
	b.add("bytes of a stored HTTP result", bytes, size(t, folder)/float64(results), 0, note)
	note = "in batches of 100 with the states of their monitors"
	b.add("stored results per second", perSecond, b.storeResults(t), 1/b.bareRequest(t), note)
}

// seed fills a data folder with a history of monitors that check the target.
func seed(t testing.TB, folder, target string, monitors, days int, interval time.Duration) {
	t.Helper()
	type object = map[string]any
	entries := make([]object, monitors)
	for i := range entries {
		entries[i] = object{
			"monitor": object{
				"name": fmt.Sprintf("monitor %06d", i), "type": "http", "interval": interval.String(), "enabled": true,
				"target": fmt.Sprintf("%s/%d", target, i), "rule": "status == 200", "group": fmt.Sprintf("group %d", i%20),
			},
			"shape": object{
				"base": 120, "wave": 0.5, "jitter": 0.1,
				"outputs": object{"status": 200, "bodyLen": 5120, "certExpiryDays": 42, "ipAddress": "192.0.2.17"},
				"parts":   object{"respTime": 1, "dnsTime": 0.05, "connectTime": 0.1, "tlsTime": 0.3, "firstByteTime": 0.9},
			},
		}
	}
	input, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	number := fmt.Sprint(days)
	program, err := seedProgram()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-days", number, "-results", number, folder)
	command.Stdin = strings.NewReader(string(input))
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("fill %s with a history: %v\n%s", folder, err, output)
	}
}

// seedProgram builds tests/support/seed and returns the path of the program.
var seedProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(servicetest.Root(), ".tools", "test", "seed")
	command := exec.Command("go", "build", "-trimpath", "-o", path, "./tests/support/seed")
	command.Dir = servicetest.Root()
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tests/support/seed: %w\n%s", err, output)
	}
	return path, nil
})

// size returns the bytes of all files in a folder.
func size(t testing.TB, folder string) float64 {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum += float64(info.Size())
	}
	return sum
}

// storeResults stores batches for a while and returns the number of results per second.
func (b *bench) storeResults(t testing.TB) float64 {
	t.Helper()
	db := openStore(t, t.TempDir())
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	stored, busy := 0, time.Duration(0)
	for at := time.Now(); busy < b.plan.writes; at = at.Add(time.Second) {
		batch := newBatch(at)
		started := time.Now()
		if err := db.AppendBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		busy += time.Since(started)
		stored += len(batch.Results)
	}
	return float64(stored) / busy.Seconds()
}

// newBatch returns a result of each of 100 monitors, and their states.
func newBatch(at time.Time) store.Batch {
	var batch store.Batch
	for i := range 100 {
		r := monitor.Result{
			ID: monitor.NewID(at), Date: monitor.Date(at), Value: 12.5 + float64(i), MonitorID: fmt.Sprintf("%024x", i),
			MonitorName: fmt.Sprintf("monitor %d", i), MonitorTarget: "https://www.example.net/health",
			Outputs: map[string]any{
				"respTime": 12.5 + float64(i), "status": 200.0, "bodyLen": 5120.0, "certExpiryDays": 42.0,
				"ipAddress": "192.0.2.17", "dnsTime": 0.75, "connectTime": 1.5, "tlsTime": 4.25, "firstByteTime": 10.5,
			},
		}
		points := make([]store.Point, store.HistoryLength)
		for n := range points {
			points[n] = store.Point{Date: r.Date.Add(time.Duration(n-len(points)+1) * time.Second), Value: r.Value}
		}
		batch.Results = append(batch.Results, r)
		batch.States = append(batch.States, store.State{
			MonitorID: r.MonitorID, Latest: r, Streak: 1, Since: r.Date, History: points,
		})
	}
	return batch
}

// bareRequest returns the median time in seconds of requests to a bare server, one after the other, each on a new
// connection.
func (b *bench) bareRequest(t testing.TB) float64 {
	t.Helper()
	p := startBare(t, bareSettings{})
	defer p.service.Kill(t)
	c := &client{api: p.url, connections: 1, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	r := c.measure(t.Context(), route{method: http.MethodGet, path: "/bytes/2"}, b.plan.read)
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.percentile(50).Seconds()
}

// millions returns a number of results for the table.
func millions(results int) string { return fmt.Sprintf("%.3g million results", float64(results)/1e6) }
