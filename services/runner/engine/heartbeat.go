package engine

import (
	"context"
	"os"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// NewID names a runner that is being started: the host's name and eight digits that no other start has.
func NewID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "runner"
	}
	return host + "-" + monitor.NewID(time.Now())[16:]
}

const (
	// lookEvery is the time between two looks at the others' heartbeats.
	lookEvery = time.Second
	// settle is how long a runner that joins others lets them give up what becomes its own.
	settle = 2 * time.Second
)

// takePart writes this runner's heartbeat and watches those of the others, until ctx ends. It pokes changed when
// the share that follows has changed.
func (e *Engine) takePart(ctx context.Context, changed chan<- struct{}) {
	exchanging := e.outage("exchange heartbeats")
	members := membership{self: e.cfg.ID}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for beatDue := time.Now(); ; {
		err := e.exchange(ctx, &members, &beatDue, changed)
		if ctx.Err() != nil {
			return
		}
		exchanging.note(err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// exchange beats if that is due, and looks at the others. While the store is away the share stays what it is.
func (e *Engine) exchange(ctx context.Context, members *membership, beatDue *time.Time, changed chan<- struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	if now := time.Now(); !now.Before(*beatDue) {
		if err := e.beat(ctx, now); err != nil {
			return err
		}
		*beatDue = now.Add(beatEvery)
	}
	if e.cfg.Alone {
		e.setShare(ctx, share{self: e.cfg.ID, live: []string{e.cfg.ID}}, changed)
		return nil
	}
	beats, err := e.store.Runners(ctx, time.Time{})
	if err != nil {
		return err
	}
	mine, dead := members.look(time.Now(), beats)
	e.setShare(ctx, mine, changed)
	for _, id := range dead {
		// A runner that comes would take it for live at first. If it lives after all, its next heartbeat brings it back.
		if err := e.store.RemoveRunner(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// beat writes this runner's heartbeat, and goes on when ctx ends: one that is given up may still be written, and after its removal it
// would make others wait until it is too old.
func (e *Engine) beat(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), smallCall)
	defer cancel()
	return e.store.PutHeartbeat(ctx, store.Runner{ID: e.cfg.ID, Monitors: len(*e.running.Load()), LastSeen: monitor.Date(now)})
}

// setShare makes s this runner's share.
func (e *Engine) setShare(ctx context.Context, s share, changed chan<- struct{}) {
	last := e.share.Load()
	if last != nil && last.equal(s) {
		return
	}
	if last == nil && len(s.live) > 1 && !pause(ctx, settle) {
		return
	}
	e.share.Store(&s)
	if last == nil {
		close(e.joined)
	} else {
		poke(changed)
	}
	if last != nil || len(s.live) > 1 {
		e.log.Info("runners changed", "live", s.live)
	}
}

// removeHeartbeat lets other runners take over at once. It works although ctx has ended.
func (e *Engine) removeHeartbeat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), smallCall)
	defer cancel()
	if err := e.store.RemoveRunner(ctx, e.cfg.ID); err != nil {
		e.log.Warn("could not remove the heartbeat: others take this runner for alive until it is too old", "error", err)
	}
}
