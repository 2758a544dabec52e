package sqlite

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestPlansOfPushQueries(t *testing.T) {
	s := openNew(t)
	for query, index := range map[string]string{
		selectPings:                           "INDEX pings_by_date ((received,id)>",
		deleteSurplusPings:                    "COVERING INDEX pings_by_monitor (monitor=?)",
		deletePings[0].statement:              "COVERING INDEX pings_by_date (received",
		deletePings[1].statement:              "COVERING INDEX pings_by_date (received",
		deletePings[2].statement:              "COVERING INDEX receiving_periods_by_end (until",
		"DELETE FROM pings WHERE id = ?":      "(id=?)",
		"DELETE FROM pings WHERE monitor = ?": "pings_by_monitor (monitor=?)",
		selectPushStates:                      "(monitor=?)",
		selectReceivingPeriods:                "receiving_periods_by_end (until",
		selectPingURL:                         "(monitor=?)",
		selectPingURLOwner:                    "(uuid=?)",
	} {
		wantPlan(t, s, query, index)
	}
	if plan := strings.Join(planOf(t, s, deleteOrphanPushStates), "\n"); strings.Count(plan, "SCAN push_states") != 1 ||
		!strings.Contains(plan, "SCAN push_states USING COVERING INDEX") {
		t.Errorf("orphans are not found in an index:\n%s", plan)
	}
}

// TestSizeOfPings adds pings of the largest size, without a runner, and expects a limited file and a line in the log.
func TestSizeOfPings(t *testing.T) {
	s := openNew(t)
	var text bytes.Buffer
	s.surplus.Log = slog.New(slog.NewTextHandler(&text, nil))
	id := sampleMonitors(1)[0]
	body := []byte(strings.Repeat("x", store.MaxPingBody))
	var adding errgroup.Group
	adding.SetLimit(100)
	for n := range store.MaxWaitingPings + 200 {
		p := store.Ping{ID: fmt.Sprintf("%024x", n), MonitorID: id, Received: start.Add(time.Duration(n) * time.Second), Kind: store.PingSuccess, Body: body}
		adding.Go(func() error { return s.AddPing(t.Context(), p) })
	}
	if err := adding.Wait(); err != nil {
		t.Fatal(err)
	}
	// The last deletion may come before all pings that are added at the same time.
	if n := count(t, s, "pings"); n < store.MaxWaitingPings || n > store.MaxWaitingPings+16+100 {
		t.Errorf("%d pings are stored", n)
	}
	if strings.Count(text.String(), "too many pings are waiting") != 1 {
		t.Errorf("log: %q", text.String())
	}
	var size int64
	if err := s.readers.QueryRow("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size); err != nil {
		t.Fatal(err)
	}
	if perPing := size / store.MaxWaitingPings; perPing > store.MaxPingBody*3/2 {
		t.Errorf("the file has %d bytes for each ping", perPing)
	}
}

// TestDamagedPushState expects an error, and that other data can be read.
func TestDamagedPushState(t *testing.T) {
	s := openNew(t)
	id := sampleMonitors(1)[0]
	raw, _ := rawID(id)
	err := s.write(t.Context(), "damage", func(t *tx) error {
		_, err := t.exec("INSERT INTO push_states (monitor, seq, state) VALUES (?, 1, 'no JSON')", raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PushStates(t.Context(), []string{id}); err == nil || monitor.IsInvalid(err) {
		t.Errorf("error %v, want one about damage", err)
	}
	newer := store.PushState{MonitorID: id, Sequence: 2, Since: start}
	if err := s.AppendBatch(t.Context(), store.Batch{PushStates: []store.PushState{newer}}); err != nil {
		t.Fatal(err)
	}
	if list, err := s.PushStates(t.Context(), []string{id}); err != nil || len(list) != 1 || list[0].Sequence != 2 {
		t.Errorf("push states %v, error %v", list, err)
	}
}

// BenchmarkPings stores pings of 100 monitors, which arrive together, reads them, and stores the results, states and push states that follow.
func BenchmarkPings(b *testing.B) {
	s := openNew(b)
	monitors := sampleMonitors(100)
	for n := 0; b.Loop(); n++ {
		batch := sampleBatch(monitors, n, true)
		var adding sync.WaitGroup
		for i, r := range batch.Results {
			p := store.Ping{ID: r.ID, MonitorID: monitors[i], Received: r.Date, Kind: store.PingSuccess, Body: []byte("done")}
			adding.Go(func() {
				if err := s.AddPing(b.Context(), p); err != nil {
					b.Error(err)
				}
			})
			state := store.PushState{MonitorID: monitors[i], Sequence: int64(n + 1), Schedule: "every 1m", Since: start, Ended: r.Date}
			for range store.MaxPushPings {
				state.Pings = append(state.Pings, store.PushPing{ID: r.ID, Received: r.Date, Kind: store.PingSuccess})
			}
			batch.PushStates, batch.DonePings = append(batch.PushStates, state), append(batch.DonePings, p.ID)
		}
		adding.Wait()
		pings, err := s.Pings(b.Context(), nil, 1000)
		if err != nil || len(pings) != len(monitors) {
			b.Fatal(len(pings), err)
		}
		if err := s.AppendBatch(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	busy := b.Elapsed() - time.Duration(b.N)*patientPause // the pings wait for it once in each round
	b.ReportMetric(float64(busy.Microseconds())/float64(b.N*len(monitors)), "µs/ping")
}
