package mongo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

func newMonitor(n int, name string) monitor.Monitor {
	return monitor.Monitor{
		ID: fmt.Sprintf("%024x", n), Name: name, Type: "tcp", Interval: "10s", Target: "localhost:1", Enabled: true,
		Properties: map[string]string{}, Updated: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// storePlan stores the plan of an import and its chunks, but does not execute the plan.
func storePlan(t *testing.T, s *Store, ms []monitor.Monitor) {
	t.Helper()
	docs, err := convertAll(ms, toMonitorDoc)
	if err != nil {
		t.Fatal(err)
	}
	imported := make(map[bson.ObjectID]bool)
	for _, doc := range docs {
		imported[doc.ID] = true
	}
	plan := importPlanDoc{Key: currentPlan, Import: bson.NewObjectID()}
	if plan.Chunks, err = s.putChunks(t.Context(), plan.Import, docs); err != nil {
		t.Fatal(err)
	}
	if err := s.putPlan(t.Context(), plan, imported); err != nil {
		t.Fatal(err)
	}
}

func wantMonitors(t *testing.T, s *Store, want ...monitor.Monitor) {
	t.Helper()
	list, err := s.Monitors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Fatalf("monitors differ (-want +got):\n%s", diff)
	}
}

func wantNoPlan(t *testing.T, s *Store) {
	t.Helper()
	for _, c := range []string{"imports", "import_chunks"} {
		n, err := s.monitors.Database().Collection(c).CountDocuments(t.Context(), bson.D{})
		if err != nil || n != 0 {
			t.Errorf("%d documents in %s, error %v; want none", n, c, err)
		}
	}
}

func TestFinishInterruptedImport(t *testing.T) {
	a, b, c, d := newMonitor(1, "a"), newMonitor(2, "b"), newMonitor(3, "c"), newMonitor(4, "d")
	off := b
	off.Enabled, off.Updated = false, b.Updated.Add(time.Hour)
	for name, finish := range map[string]func(t *testing.T, s *Store){
		"by Open": func(t *testing.T, s *Store) { openStore(t, s.monitors.Database().Name()) },
		"by Expire": func(t *testing.T, s *Store) {
			if _, err := s.Expire(t.Context(), a.Updated, store.Retention{Results: time.Hour, Rollups: time.Hour}); err != nil {
				t.Fatal(err)
			}
		},
		"by the next import": func(t *testing.T, s *Store) {
			if err := s.ImportMonitors(t.Context(), []monitor.Monitor{off, c, d}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, mongotest.Database(t, server))
			for _, m := range []monitor.Monitor{a, b} {
				if err := s.CreateMonitor(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			storePlan(t, s, []monitor.Monitor{off, c})
			// The import was interrupted after it had stored c, and then d was created.
			for _, m := range []monitor.Monitor{c, d} {
				if err := s.CreateMonitor(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			wantMonitors(t, s, a, b, c, d)

			finish(t, s)
			wantMonitors(t, s, off, c, d)
			wantNoPlan(t, s)
			log, err := s.StatusChanges(t.Context(), b.ID, off.Updated, off.Updated.Add(time.Hour), 10)
			if err != nil || len(log) != 1 || log[0].To != store.Disabled {
				t.Errorf("status changes %+v, error %v; want one to disabled", log, err)
			}
		})
	}
}

func TestChunksWithoutPlanAreIgnored(t *testing.T) {
	database := mongotest.Database(t, server)
	s := openStore(t, database)
	old := newMonitor(1, "old")
	if err := s.CreateMonitor(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	docs, err := convertAll([]monitor.Monitor{newMonitor(2, "new")}, toMonitorDoc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.putChunks(t.Context(), bson.NewObjectID(), docs); err != nil {
		t.Fatal(err)
	}

	s = openStore(t, database)
	wantMonitors(t, s, old)
	if _, err := s.Expire(t.Context(), time.Now().Add(25*time.Hour), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	wantNoPlan(t, s)
}

func TestImportLargerThanAChunk(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	var set []monitor.Monitor
	for n := range 7 {
		m := newMonitor(n, fmt.Sprintf("%03d", n))
		m.Properties["body"] = strings.Repeat("x", importChunkSize/3)
		set = append(set, m)
	}
	set[3].Properties["headers"] = strings.Repeat("x", importChunkSize)
	docs, err := convertAll(set, toMonitorDoc)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.putChunks(t.Context(), bson.NilObjectID, docs); err != nil || n != 5 {
		t.Errorf("%d chunks, error %v; want 5", n, err)
	}
	if _, err := s.importChunks.DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	if err := s.ImportMonitors(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	wantMonitors(t, s, set...)
	if err := s.ImportMonitors(t.Context(), slices.Clone(set[:1])); err != nil {
		t.Fatal(err)
	}
	wantMonitors(t, s, set[0])
	wantNoPlan(t, s)
}
