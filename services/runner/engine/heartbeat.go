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

// beat tells the store every few seconds that this runner lives, until ctx ends.
func (e *Engine) beat(ctx context.Context) {
	beating := e.outage("write the heartbeat")
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		err := e.beatOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		beating.note(err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (e *Engine) beatOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	return e.store.Beat(ctx, store.Runner{
		ID: e.cfg.ID, Monitors: int(e.monitors.Load()), LastSeen: monitor.Date(time.Now()),
	})
}

// removeHeartbeat lets other runners take over at once. It works although ctx has ended.
func (e *Engine) removeHeartbeat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), smallCall)
	defer cancel()
	if err := e.store.RemoveRunner(ctx, e.cfg.ID); err != nil {
		e.log.Warn("could not remove the heartbeat: others take this runner for alive until it is too old", "error", err)
	}
}
