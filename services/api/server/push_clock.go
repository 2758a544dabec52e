package server

import (
	"context"
	"log/slog"
	"time"

	"nanomon/services/common/clock"
	"nanomon/services/common/store"
)

// clockStore is the part of the store for comparing clocks.
type clockStore interface {
	runnerLister
	Now(ctx context.Context) (time.Time, error)
}

// otherClocks compares a clock with the clocks of the store and of the runners, and corrects it. Runners correct their
// clocks in the same way, and compare the dates of pings to them.
type otherClocks struct {
	store clockStore
	clock clock.Source
	log   *slog.Logger

	// heartbeats are the dates of the heartbeats that were read last, by runner, and read is the time of that.
	heartbeats map[string]time.Time
	read       time.Time
}

// correct corrects the clock if it differs too much from most others. It ignores an error: the health check of the store
// logs it.
func (o *otherClocks) correct(ctx context.Context) {
	offsets, err := store.Call(ctx, store.ShortCall, o.offsets)
	if err != nil {
		return
	}
	if d := clock.Correction(offsets); d != 0 {
		o.log.Warn("clock of this process is wrong, using the time of the store and the runners for pings; "+
			"check the time synchronization of this computer", "difference", -d.Round(time.Millisecond))
		o.clock.Correct(d)
	}
}

// offsets returns how far the other clocks are ahead. A heartbeat shows the time of a runner's clock if the runner has
// written it since the last call, some seconds ago.
func (o *otherClocks) offsets(ctx context.Context) (list []time.Duration, err error) {
	runners, err := o.store.Runners(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	isFresh := time.Since(o.read) <= maxReceivingGap
	last := o.heartbeats
	o.heartbeats, o.read = make(map[string]time.Time, len(runners)), time.Now()
	for _, r := range runners {
		if date, known := last[r.ID]; known && isFresh && !date.Equal(r.LastSeen) {
			list = append(list, r.LastSeen.Sub(o.clock.Now()))
		}
		o.heartbeats[r.ID] = r.LastSeen
	}
	storeTime, err := o.store.Now(ctx)
	if !storeTime.IsZero() {
		list = append(list, storeTime.Sub(o.clock.Now()))
	}
	return list, err
}
