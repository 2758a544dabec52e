package server

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// countedHistory counts the reads of status changes.
type countedHistory struct {
	store.Store
	reads int
}

func (s *countedHistory) StatusChangesOf(
	ctx context.Context, ids []string, from, to time.Time, limit int,
) ([]store.StatusChange, error) {
	s.reads++
	return s.Store.StatusChangesOf(ctx, ids, from, to, limit)
}

func TestUnchangedHistoryIsNotReadAgain(t *testing.T) {
	onBothStores(t, func(r *replicas) {
		s, now, changes := &countedHistory{Store: r.store}, base.Add(30*time.Minute), 0
		var all []*simulated
		for n := range 3 {
			m := newSimulated(n, time.Minute, 1<<40, now.Add(-2*time.Hour))
			must(r.t, s.CreateMonitor(r.t.Context(), m.m))
			all = append(all, m)
		}
		k := newKeeper(s, &changes)
		for step := range 4 {
			for _, m := range all {
				for ; m.next.Before(now); m.next = m.next.Add(m.interval) {
					m.check(m.next, 10, now.Add(-day))
				}
				m.write(r.t, s, now.Truncate(time.Hour))
			}
			s.reads = 0
			must(r.t, k.Refresh(r.t.Context(), now))
			same(r.t, "reads of the history", s.reads > 0, step == 0)
			compareSummary(r, k.Current(), all[1], now, "unchanged")
			now = now.Add(6 * time.Minute)
		}
	})
}

// brokenHistory is a store whose history can't be read while broken is set.
type brokenHistory struct {
	store.Store
	broken bool
}

func (s *brokenHistory) EachRollup(ctx context.Context, ids []string, p store.Period, from, to time.Time, each func(store.Rollup)) error {
	if s.broken {
		return monitor.ErrUnavailable
	}
	return s.Store.EachRollup(ctx, ids, p, from, to, each)
}

func TestSummariesOutliveAFailingStore(t *testing.T) {
	db := openStore(t)
	s := &brokenHistory{Store: db}
	now := base.Add(30 * time.Minute)
	m := newSimulated(1, 4*time.Minute, 1000, now.Add(-day))
	must(t, db.CreateMonitor(t.Context(), m.m))
	random := rand.New(rand.NewPCG(1, 1))
	step := func() {
		m.until(now, now.Add(-day), random)
		m.write(t, db, now.Truncate(time.Hour))
	}
	step()
	changes := 0
	k := newKeeper(s, &changes)
	must(t, k.Refresh(t.Context(), now))
	before := k.Current().Of(m.m.ID, m.state)
	if before.P95 == nil || before.Uptime24h == nil {
		t.Fatalf("summary is %+v", before)
	}
	s.broken, now = true, now.Add(time.Hour)
	step()
	if k.Refresh(t.Context(), now) == nil {
		t.Error("a computation without rollups succeeded")
	}
	if got := k.Current().Of(m.m.ID, m.state); got.P95 == nil || got.Uptime24h == nil {
		t.Errorf("while the store fails, the summary is %+v", got)
	}
	s.broken = false
	must(t, k.Refresh(t.Context(), now))
	compareSummary(&replicas{t: t, store: db}, k.Current(), m, now, "afterwards")
}
