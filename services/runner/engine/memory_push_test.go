package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/store"
)

// memoryPush is the part of a memoryStore that is about push monitors.
type memoryPush struct {
	pings      []store.Ping
	pushStates map[string]store.PushState
	periods    []store.ReceivingPeriod
}

// appendPush stores the push states of a batch and deletes its done pings.
func (p *memoryPush) appendPush(b store.Batch) {
	if p.pushStates == nil {
		p.pushStates = make(map[string]store.PushState)
	}
	for _, s := range b.PushStates {
		if old, found := p.pushStates[s.MonitorID]; !found || s.IsNewerThan(old) {
			p.pushStates[s.MonitorID] = s
		}
	}
	p.pings = slices.DeleteFunc(p.pings, func(ping store.Ping) bool { return slices.Contains(b.DonePings, ping.ID) })
}

func (s *memoryStore) AddPing(ctx context.Context, p store.Ping) error {
	leave, err := s.enter(ctx, "AddPing")
	leave()
	if err == nil {
		s.with(store.TopicPings, func() { s.pings = append(s.pings, p) })
	}
	return err
}

func (s *memoryStore) Pings(ctx context.Context, after *store.Cursor, limit int) ([]store.Ping, error) {
	leave, err := s.enter(ctx, "Pings")
	defer leave()
	found := slices.SortedFunc(slices.Values(s.pings), store.ComparePings)
	found = slices.DeleteFunc(found, func(p store.Ping) bool {
		return after != nil && cmp.Or(p.Received.Compare(after.Date), strings.Compare(p.ID, after.ID)) <= 0
	})
	return found[:min(len(found), limit)], err
}

func (s *memoryStore) PushStates(ctx context.Context, ids []string) ([]store.PushState, error) {
	leave, err := s.enter(ctx, "PushStates")
	defer leave()
	var found []store.PushState
	for _, id := range ids {
		if state, has := s.pushStates[id]; has {
			found = append(found, state)
		}
	}
	return found, err
}

func (s *memoryStore) PutReceivingPeriod(ctx context.Context, p store.ReceivingPeriod) error {
	leave, err := s.enter(ctx, "PutReceivingPeriod")
	defer leave()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(s.periods, func(old store.ReceivingPeriod) bool { return old.ID == p.ID }); i >= 0 {
		s.periods[i].To = p.To
		return nil
	}
	s.periods = append(s.periods, p)
	return nil
}

func (s *memoryStore) ReceivingPeriods(ctx context.Context, since time.Time) ([]store.ReceivingPeriod, error) {
	leave, err := s.enter(ctx, "ReceivingPeriods")
	defer leave()
	found := slices.SortedFunc(slices.Values(s.periods), store.CompareReceivingPeriods)
	return slices.DeleteFunc(found, func(p store.ReceivingPeriod) bool { return p.To.Before(since) }), err
}
