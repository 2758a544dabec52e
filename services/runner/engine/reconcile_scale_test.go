package engine

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/runner/cluster"
)

// million makes [TestReconcileOfManyMonitors] use a million monitors and a hundred runners.
var million = flag.Bool("million", false, "reconcile a million monitors with a hundred runners")

// maxReconcile is the maximum time of a reconciliation of a million monitors, without reading them from the store.
const maxReconcile = time.Second

// listStore returns the same monitors at each call.
type listStore struct {
	*memoryStore
	list []monitor.Monitor
}

func (s listStore) Monitors(context.Context) ([]monitor.Monitor, error) { return s.list, nil }

func (s listStore) MaintenanceWindows(context.Context) ([]maintenance.Window, error) { return nil, nil }

// TestReconcileOfManyMonitors expects that a runner starts its monitors, gives up only what another runner takes over,
// and restarts only what was edited. Times count only for the million monitors.
func TestReconcileOfManyMonitors(t *testing.T) {
	count, names := 20_000, runnerNames(10)
	if *million {
		count, names = 1_000_000, runnerNames(100)
	}
	s := listStore{newMemoryStore(), monitors(count, "10s")}
	for i := 99; i < count; i += 100 {
		s.list[i].Properties[monitor.DependsOn] = s.list[i/100].Name
	}
	r := reconciler{store: s, ignoreRules: newIgnoreRules(nil, nil, nil)}
	reconcile := func(what string, runners []string) change {
		t.Helper()
		a := cluster.NewAssignment(names[0], runners)
		c, desired, took := fastestRead(t, &r, a)
		r.submitted, r.running, r.enabled, r.ignoreRules = true, desired, c.enabled, c.ignoreRules
		t.Logf("%s: %s; started %d, restarted %d, stopped %d", what, took, len(c.start), len(c.restart), len(c.stop))
		if *million && took > maxReconcile {
			t.Errorf("%s: took %s, want at most %s", what, took, maxReconcile)
		}
		return c
	}

	first := reconcile("first", names)
	own := len(first.start)
	joined := reconcile("a runner joins", append(slices.Clip(names), "new"))
	if len(joined.start)+len(joined.restart) > 0 || len(joined.stop) == 0 {
		t.Errorf("a runner joins: %d start, %d restart, %d stop", len(joined.start), len(joined.restart), len(joined.stop))
	}
	left := reconcile("it leaves", names)
	if !slices.Equal(ids(left.start), joined.stop) || len(left.restart)+len(left.stop) > 0 {
		t.Errorf("it leaves: %d start, %d restart, %d stop", len(left.start), len(left.restart), len(left.stop))
	}
	s.list[slices.IndexFunc(s.list, func(m monitor.Monitor) bool { return m.ID == first.start[0].ID })].Rule = "n > 1"
	edited := reconcile("a monitor is edited", names)
	if !slices.Equal(ids(edited.restart), []string{first.start[0].ID}) || len(edited.start)+len(edited.stop) > 0 {
		t.Errorf("a monitor is edited: %d start, %d restart, %d stop", len(edited.start), len(edited.restart), len(edited.stop))
	}
	if len(r.running) != own {
		t.Errorf("%d monitors at the end, %d at the beginning", len(r.running), own)
	}
}

// fastestRead computes a change three times and returns it with the shortest time, because other programs use the CPU too.
func fastestRead(t *testing.T, r *reconciler, a cluster.Assignment) (change, map[string]monitor.Monitor, time.Duration) {
	t.Helper()
	var c change
	var desired map[string]monitor.Monitor
	shortest := time.Duration(math.MaxInt64)
	for range 3 {
		started := time.Now()
		var err error
		if c, desired, err = r.read(t.Context(), a, false); err != nil {
			t.Fatal(err)
		}
		shortest = min(shortest, time.Since(started))
	}
	return c, desired, shortest
}

func runnerNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("nanomon-runner-%02d", i)
	}
	return names
}
