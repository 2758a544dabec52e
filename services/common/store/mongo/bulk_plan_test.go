package mongo

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// storeBulkPlan stores the plan of a change of monitors, but does not execute it.
func storeBulkPlan(t *testing.T, s *Store, c store.BulkChange, ms ...monitor.Monitor) *bulkChange {
	t.Helper()
	for _, m := range ms {
		c.MonitorIDs = append(c.MonitorIDs, m.ID)
	}
	change, err := newBulkChange(bson.NewObjectID(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.putBulkPlan(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	return change
}

func createAll(t *testing.T, s *Store, ms ...monitor.Monitor) {
	t.Helper()
	for _, m := range ms {
		if err := s.CreateMonitor(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func wantNoBulkPlan(t *testing.T, s *Store) {
	t.Helper()
	if n, err := s.bulkPlans.CountDocuments(t.Context(), bson.D{}); err != nil || n != 0 {
		t.Errorf("%d bulk plans, error %v; want none", n, err)
	}
}

// finishers are the ways in which another process finishes a plan.
var finishers = map[string]func(t *testing.T, s *Store) error{
	"by Open": func(t *testing.T, s *Store) error {
		openStore(t, s.monitors.Database().Name())
		return nil
	},
	"by Expire": func(t *testing.T, s *Store) error {
		_, err := s.Expire(t.Context(), newMonitor(1, "").Updated, store.Retention{Results: time.Hour, Rollups: time.Hour})
		return err
	},
	"by the next change": func(t *testing.T, s *Store) error {
		_, err := s.ChangeMonitors(t.Context(), store.BulkChange{MonitorIDs: []string{newMonitor(99, "").ID}, Delete: true})
		return err
	},
}

// The process was killed after it had edited one of the monitors. Then others changed and deleted some.
func TestFinishInterruptedEdit(t *testing.T) {
	for name, finish := range finishers {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, mongotest.Database(t, server))
			edited, resumed, pending, renamed, deleted := newMonitor(1, "edited"), newMonitor(2, "resumed"), newMonitor(3, "pending"),
				newMonitor(4, "renamed"), newMonitor(5, "deleted")
			createAll(t, s, edited, resumed, pending, renamed, deleted)
			date := edited.Updated.Add(time.Hour)
			change := store.BulkChange{Date: date, Edit: &store.MonitorEdit{Enabled: new(false)}}
			plan := storeBulkPlan(t, s, change, edited, resumed, pending, renamed, deleted)
			if done, err := s.tryEdit(t.Context(), plan, plan.ids[:2]); !done || err != nil {
				t.Fatal(done, err)
			}
			edited.Enabled, edited.Updated = false, date
			resumed.Updated = date.Add(time.Minute)
			renamed.Name, renamed.Updated = "renamed again", date.Add(time.Minute)
			for _, m := range []monitor.Monitor{resumed, renamed} {
				if err := s.ReplaceMonitor(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.DeleteMonitor(t.Context(), deleted.ID); err != nil {
				t.Fatal(err)
			}
			wantMonitors(t, s, edited, pending, renamed, resumed)

			if err := finish(t, s); err != nil {
				t.Fatal(err)
			}
			pending.Enabled, pending.Updated = false, date
			renamed.Enabled, renamed.Updated = false, renamed.Updated.Add(time.Millisecond)
			wantMonitors(t, s, edited, pending, renamed, resumed)
			wantNoBulkPlan(t, s)
			for id, want := range map[string]int{edited.ID: 1, pending.ID: 1, renamed.ID: 1, resumed.ID: 2} {
				log, err := s.StatusChanges(t.Context(), id, edited.Updated, date.Add(time.Hour), 10)
				if err != nil || len(log) != want {
					t.Errorf("status changes of %s are %+v, error %v; want %d", id, log, err, want)
				}
			}
		})
	}
}

func TestFinishInterruptedDeletion(t *testing.T) {
	for name, finish := range finishers {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, mongotest.Database(t, server))
			gone, pending, other := newMonitor(1, "gone"), newMonitor(2, "pending"), newMonitor(3, "other")
			createAll(t, s, gone, pending, other)
			result := newResult(1)
			result.MonitorID, result.Date = gone.ID, gone.Updated
			if err := s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{result}}); err != nil {
				t.Fatal(err)
			}
			plan := storeBulkPlan(t, s, store.BulkChange{Date: gone.Updated, Delete: true}, gone, pending)
			// The process was killed after it had deleted the first monitor, before it deleted its data.
			if _, err := s.monitors.DeleteOne(t.Context(), byID(plan.ids[0])); err != nil {
				t.Fatal(err)
			}

			if err := finish(t, s); err != nil {
				t.Fatal(err)
			}
			wantMonitors(t, s, other)
			wantNoBulkPlan(t, s)
			if list, err := s.Results(t.Context(), store.ResultFilter{MonitorID: gone.ID, Limit: 10}); err != nil || len(list) != 0 {
				t.Errorf("results %v, error %v; want none", list, err)
			}
		})
	}
}

// A silence that was set after the request stays when the plan is executed again.
func TestFinishInterruptedSilence(t *testing.T) {
	for name, finish := range finishers {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, mongotest.Database(t, server))
			a, b := newMonitor(1, "a"), newMonitor(2, "b")
			createAll(t, s, a, b)
			now := monitor.Date(time.Now())
			silence := store.Silence{Until: now.Add(time.Hour), By: "Ada"}
			plan := storeBulkPlan(t, s, store.BulkChange{Date: now.Add(-time.Minute), Silence: &silence}, a, b)
			if err := s.silenceMonitors(t.Context(), plan, plan.ids[:1]); err != nil {
				t.Fatal(err)
			}
			if err := s.PutSilence(t.Context(), store.Silence{MonitorID: a.ID, Until: now}); err != nil {
				t.Fatal(err)
			}

			if err := finish(t, s); err != nil {
				t.Fatal(err)
			}
			wantNoBulkPlan(t, s)
			silence.MonitorID = b.ID
			if list, err := s.Silences(t.Context(), now); err != nil || len(list) != 1 || list[0] != silence {
				t.Errorf("silences %v, error %v; want %v", list, err, silence)
			}
		})
	}
}

// A process that was stopped for a while must not repeat a plan that another one has finished.
func TestFinishedPlanIsNotRepeated(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	m := newMonitor(1, "m")
	createAll(t, s, m)
	pause := store.BulkChange{Date: m.Updated.Add(time.Hour), Edit: &store.MonitorEdit{Enabled: new(false)}}
	slow := storeBulkPlan(t, s, pause, m)
	resume := store.BulkChange{MonitorIDs: []string{m.ID}, Date: m.Updated.Add(2 * time.Hour), Edit: &store.MonitorEdit{Enabled: new(true)}}
	if outcomes, err := s.ChangeMonitors(t.Context(), resume); err != nil || outcomes[0] != store.OutcomeChanged {
		t.Fatal(outcomes, err)
	}
	if err := s.executeBulkPlan(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	m.Updated = resume.Date
	wantMonitors(t, s, m)

	deletion := storeBulkPlan(t, s, store.BulkChange{Delete: true}, m)
	if err := s.finishPlans(t.Context()); err != nil {
		t.Fatal(err)
	}
	createAll(t, s, m) // as an import of a backup does
	if err := s.executeBulkPlan(t.Context(), deletion); err != nil {
		t.Fatal(err)
	}
	wantMonitors(t, s, m)
}

// Two processes execute the same plan and other plans, and edit single monitors, at the same time. It needs a server on which the comparison and the
// write are atomic.
func TestBulkChangesOfTwoProcesses(t *testing.T) {
	uri := mongotest.StartWatchable(t)
	database := mongotest.Database(t, uri)
	stores := []*Store{open(t, Config{URI: uri, Database: database}), open(t, Config{URI: uri, Database: database})}
	var ids []string
	for n := range 10 {
		m := newMonitor(n, fmt.Sprint(n))
		createAll(t, stores[0], m)
		ids = append(ids, m.ID)
	}
	const changes = 20
	var group sync.WaitGroup
	for p, s := range stores {
		group.Go(func() {
			for n := range changes {
				value := fmt.Sprint(n)
				outcomes, err := s.ChangeMonitors(t.Context(), store.BulkChange{
					MonitorIDs: ids, Date: monitor.Date(time.Now()), Edit: &store.MonitorEdit{Labels: map[string]*string{fmt.Sprint("p", p): &value}},
				})
				if err != nil {
					t.Errorf("process %d: %v", p, err)
				}
				for _, outcome := range outcomes {
					if outcome != store.OutcomeChanged {
						t.Errorf("process %d: the outcome is %s", p, outcome)
					}
				}
			}
		})
	}
	const edits = 300
	group.Go(func() {
		for n := range edits {
			err := monitor.ErrChanged
			for errors.Is(err, monitor.ErrChanged) {
				err = addLabel(t, stores[1], ids[n%len(ids)], fmt.Sprint("edit", n))
			}
			if err != nil {
				t.Errorf("edit %d: %v", n, err)
			}
		}
	})
	group.Wait()
	list, err := stores[0].Monitors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := fmt.Sprint(changes - 1)
	for i, m := range list {
		want := map[string]string{"p0": last, "p1": last}
		for n := i; n < edits; n += len(list) {
			want[fmt.Sprint("edit", n)] = "x"
		}
		if diff := cmp.Diff(want, m.Labels); diff != "" {
			t.Errorf("the labels of %s differ (-want +got):\n%s", m.Name, diff)
		}
	}
	wantNoBulkPlan(t, stores[0])
}

// addLabel adds a label to a monitor under the condition that nobody else edits it at the same time.
func addLabel(t *testing.T, s *Store, id, key string) error {
	stored, err := s.Monitor(t.Context(), id)
	if err != nil {
		return err
	}
	edited := stored
	edited.Labels, edited.Updated = map[string]string{key: "x"}, stored.Updated.Add(time.Millisecond)
	maps.Copy(edited.Labels, stored.Labels)
	return s.ReplaceMonitorIf(t.Context(), edited, stored)
}
