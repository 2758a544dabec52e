package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var importContracts = []contract{
	{"ImportCreatesReplacesAndDeletes", importReplacesAll},
	{"ImportNeverShowsTooFewMonitors", importKeepsCount},
}

func importReplacesAll(ctx context.Context, t *testing.T, s store.Store) {
	kept, changed, deleted, added := newMonitor("b kept"), newMonitor("c changed"), newMonitor("deleted"), newMonitor("a added")
	must(t, s.ImportMonitors(ctx, []monitor.Monitor{kept, changed, deleted}))
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{kept, changed, deleted})
	fill(ctx, t, s, deleted.ID)

	changed.Enabled, changed.Target, changed.Updated = false, "elsewhere", base.Add(time.Hour)
	changed.Properties, changed.Labels = map[string]string{"timeout": "1s"}, map[string]string{"team": "payments", "a.b": "c"}
	must(t, s.ImportMonitors(ctx, []monitor.Monitor{changed, added, kept}))
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{added, kept, changed})
	wantStatusChanges(ctx, t, s, kept.ID)
	wantStatusChanges(ctx, t, s, added.ID)
	wantStatusChanges(ctx, t, s, changed.ID, store.StatusChange{
		MonitorID: changed.ID, Date: changed.Updated, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled,
	})

	_, err := s.Monitor(ctx, deleted.ID)
	wantError(t, "the deleted monitor", err, monitor.ErrNotFound)
	same(t, "number of the deleted monitor's results", len(listAll(ctx, t, s, deleted.ID)), 5)
	rollups := got(s.Rollups(ctx, deleted.ID, store.Hour, base, base.Add(time.Hour)))(t)
	same(t, "number of the deleted monitor's rollups", len(rollups), 1)

	invalid := newMonitor("invalid")
	invalid.ID = "invalid"
	wantInvalid(t, "import with an invalid id", s.ImportMonitors(ctx, []monitor.Monitor{newMonitor("valid"), invalid}))
	same(t, "list after the rejected import", got(s.Monitors(ctx))(t), []monitor.Monitor{added, kept, changed})
}

func importKeepsCount(ctx context.Context, t *testing.T, s store.Store) {
	var small, large []monitor.Monitor
	for i := range 12 {
		small = append(small, newMonitor(fmt.Sprint("small", i)))
	}
	for i := range 20 {
		large = append(large, newMonitor(fmt.Sprint("large", i)))
	}
	must(t, s.ImportMonitors(ctx, small))

	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				list, err := s.Monitors(ctx)
				if err != nil || len(list) < len(small) {
					t.Errorf("%d monitors during an import, error %v; want at least %d", len(list), err, len(small))
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 3 {
		must(t, s.ImportMonitors(ctx, large))
		must(t, s.ImportMonitors(ctx, small))
	}
	close(done)
	readers.Wait()
	same(t, "number of monitors", len(got(s.Monitors(ctx))(t)), len(small))
}
