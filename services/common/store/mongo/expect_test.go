package mongo

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
)

// TestConditionalWriteOfOtherPrograms writes monitors under a condition that another program has stored: with null,
// missing and unknown fields, and properties in another order.
func TestConditionalWriteOfOtherPrograms(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
		date := time.Date(2024, 5, 6, 7, 8, 9, 123e6, time.UTC)
		sparse, full := bson.NewObjectID(), bson.NewObjectID()
		insert(t, s, "monitors", bson.D{
			field("_id", sparse), field("name", "sparse"), field("type", "tcp"), field("interval", "1m"),
			field("target", "localhost:22"), field("properties", nil), field("group", nil), field("updated", nil),
		}, bson.D{
			field("updated", date), field("_id", full), field("name", "full"), field("type", "http"), field("interval", "30s"),
			field("target", "http://localhost"), field("rule", ""), field("enabled", false), field("unknown", 1),
			field("properties", bson.D{field("method", "GET"), field("body", ""), field("a", "b")}),
		})
		for _, id := range []bson.ObjectID{sparse, full} {
			stored, err := s.Monitor(t.Context(), id.Hex())
			if err != nil {
				t.Fatal(err)
			}
			edited := stored
			edited.Name = "edited"
			// The other program changes only a field that no date shows.
			change := bson.D{field("$set", bson.D{field("rule", "respTime < 5")})}
			if _, err := s.monitors.UpdateOne(t.Context(), byID(id), change); err != nil {
				t.Fatal(err)
			}
			if err := s.ReplaceMonitorIf(t.Context(), edited, stored); !errors.Is(err, monitor.ErrChanged) {
				t.Errorf("%s: replacing the previous version: %v", stored.Name, err)
			}
			if stored, err = s.Monitor(t.Context(), id.Hex()); err != nil {
				t.Fatal(err)
			}
			if err := s.ReplaceMonitorIf(t.Context(), edited, stored); err != nil {
				t.Errorf("%s: replacing the current version: %v", stored.Name, err)
			}
		}
	})
}

// TestConditionalWritesOfTwoProcesses lets two processes replace the same version of a monitor. It needs a server on
// which the comparison and the write are atomic, which FerretDB is not.
func TestConditionalWritesOfTwoProcesses(t *testing.T) {
	uri := mongotest.StartWatchable(t)
	database := mongotest.Database(t, uri)
	stores := []*Store{open(t, Config{URI: uri, Database: database}), open(t, Config{URI: uri, Database: database})}
	old := newMonitor(1, "m")
	if err := stores[0].CreateMonitor(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	for round := range 50 {
		edits := func(n int) monitor.Monitor {
			edited := old
			edited.Name = fmt.Sprintf("round %d process %d", round, n)
			return edited
		}
		errs := make([]error, len(stores))
		var group sync.WaitGroup
		for n, s := range stores {
			group.Go(func() { errs[n] = s.ReplaceMonitorIf(t.Context(), edits(n), old) })
		}
		group.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		if errs[winner] != nil || !errors.Is(errs[1-winner], monitor.ErrChanged) {
			t.Fatalf("round %d: %v", round, errs)
		}
		old = edits(winner)
		wantMonitors(t, stores[0], old)
	}
}
