package storetest

import (
	"context"
	"testing"
	"time"

	"nanomon/services/common/store"
)

var runnerContracts = []contract{
	{"Heartbeats", heartbeats},
}

func heartbeats(ctx context.Context, t *testing.T, s store.Store) {
	same(t, "runners of an empty store", got(s.Runners(ctx, base))(t), []store.Runner{})
	a, b := store.Runner{ID: "host-a-1", Monitors: 3, LastSeen: base}, store.Runner{ID: "host-b", Monitors: 0, LastSeen: base.Add(time.Second)}
	must(t, s.PutHeartbeat(ctx, b))
	must(t, s.PutHeartbeat(ctx, a))
	same(t, "runners", got(s.Runners(ctx, base))(t), []store.Runner{a, b})
	same(t, "runners seen later", got(s.Runners(ctx, base.Add(time.Millisecond)))(t), []store.Runner{b})
	a.Monitors, a.LastSeen = 5, base.Add(3*time.Second+time.Millisecond)
	must(t, s.PutHeartbeat(ctx, a))
	runners := got(s.Runners(ctx, base))(t)
	same(t, "runners after another heartbeat", runners, []store.Runner{a, b})
	wantUTC(t, "LastSeen", runners[0].LastSeen)
	a.Problems = []string{`The spool is full: "résumé".`, "Checks are paused. Give the runner more memory."}
	must(t, s.PutHeartbeat(ctx, a))
	same(t, "runners with problems", got(s.Runners(ctx, base))(t), []store.Runner{a, b})
	a.Problems = nil
	must(t, s.PutHeartbeat(ctx, a))
	same(t, "runners after the problems ended", got(s.Runners(ctx, base))(t), []store.Runner{a, b})
	a.NotChecked = []store.NotChecked{
		{Reason: `"résumé" brought this runner down.`, Monitors: []store.NotCheckedMonitor{
			{ID: newID(1), Since: base}, {ID: newID(2), Since: base.Add(time.Millisecond)},
		}},
		{Reason: "this runner has too many open files", Monitors: []store.NotCheckedMonitor{{ID: newID(3), Since: base}}, More: 7},
	}
	must(t, s.PutHeartbeat(ctx, a))
	runners = got(s.Runners(ctx, base))(t)
	same(t, "runners with monitors that are not checked", runners, []store.Runner{a, b})
	wantUTC(t, "Since", runners[0].NotChecked[0].Monitors[0].Since)
	a.NotChecked = nil
	must(t, s.PutHeartbeat(ctx, a))
	same(t, "runners after all monitors were checked again", got(s.Runners(ctx, base))(t), []store.Runner{a, b})
	must(t, s.RemoveRunner(ctx, a.ID))
	same(t, "runners after one was removed", got(s.Runners(ctx, base))(t), []store.Runner{b})
}
