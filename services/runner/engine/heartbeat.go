package engine

import (
	"context"
	"os"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// heartbeatInterval is the time between two heartbeats of a runner.
	heartbeatInterval = 3 * time.Second
	// heartbeatPollInterval is the time between two reads of all heartbeats.
	heartbeatPollInterval = time.Second
	// joinDelay is the time that a runner waits after its first heartbeat if there are others, so that they stop
	// running the monitors that it takes over.
	joinDelay = 2 * time.Second
)

// NewID returns an id for a runner that starts: the host name and eight digits that differ at every start.
func NewID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "runner"
	}
	return host + "-" + monitor.NewID(time.Now())[16:]
}

// runHeartbeats writes the heartbeat of this runner, reads the other heartbeats and checks the health of the store until
// ctx ends. It signals changed when the assignment changes.
func (e *Engine) runHeartbeats(ctx context.Context, changed chan<- struct{}) {
	failures := e.newFailureLog("exchange heartbeats")
	failures.health = e.storeHealth
	members := membership{self: e.cfg.ID}
	ticker := time.NewTicker(heartbeatPollInterval)
	defer ticker.Stop()
	for heartbeatDue := time.Now(); ; {
		err := e.exchangeHeartbeats(ctx, &members, &heartbeatDue, changed)
		if err == nil {
			err = e.pingStore(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		failures.record(err)
		if members.late {
			members.late = false
			e.reloadStates(ctx, changed)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pingStore returns an error if the store does not work. Heartbeats and results may be stored although the store is
// damaged.
func (e *Engine) pingStore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shortCallTimeout)
	defer cancel()
	return e.store.Ping(ctx)
}

// exchangeHeartbeats writes a heartbeat if it is due, then reads all heartbeats and updates the assignment. While the
// store is unavailable, the assignment does not change.
func (e *Engine) exchangeHeartbeats(
	ctx context.Context, members *membership, heartbeatDue *time.Time, changed chan<- struct{},
) error {
	ctx, cancel := context.WithTimeout(ctx, shortCallTimeout)
	defer cancel()
	if now := time.Now(); !now.Before(*heartbeatDue) {
		if err := e.writeHeartbeat(ctx, e.cfg.Clock.Now()); err != nil {
			return err
		}
		*heartbeatDue = now.Add(heartbeatInterval)
		members.recordOwn(e.cfg.Clock.Now())
	}
	if e.cfg.SingleRunner {
		e.setAssignment(ctx, assignment{self: e.cfg.ID, runners: []string{e.cfg.ID}}, changed)
		return nil
	}
	heartbeats, err := e.store.Runners(ctx, time.Time{})
	if err != nil {
		return err
	}
	members.date = e.cfg.Clock.Now()
	current, dead := members.update(time.Now(), heartbeats)
	if err := e.correctClock(ctx, members); err != nil {
		return err
	}
	e.setAssignment(ctx, current, changed)
	for _, id := range dead {
		// A runner that starts would count it as live. If the runner is live after all, its next heartbeat restores it.
		if err := e.store.RemoveRunner(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// correctClock corrects the clock of this runner if it differs by more than maxClockError from the clocks of the store
// and of most other runners. Otherwise its results would be dated wrong, and other runners would repeat its attempts to
// send notifications.
func (e *Engine) correctClock(ctx context.Context, members *membership) error {
	if !members.measured {
		return nil
	}
	members.measured = false
	storeTime, err := e.store.Now(ctx)
	if err != nil {
		return err
	}
	offsets := members.offsets()
	if !storeTime.IsZero() {
		offsets = append(offsets, storeTime.Sub(e.cfg.Clock.Now()))
	}
	if d := medianOffset(offsets); d.Abs() > maxClockError {
		e.log.Warn("clock of this runner is wrong, using the time of the store and the other runners; "+
			"check the time synchronization of this computer", "difference", -d.Round(time.Millisecond))
		e.cfg.Clock.Correct(d)
		members.forgetOffsets()
	}
	return nil
}

// reloadStates makes reconcile read the states of all monitors of this runner again, once other runners that have taken
// them over have stopped running them. Their clock may be ahead, and then the states of this runner would not be
// stored.
func (e *Engine) reloadStates(ctx context.Context, changed chan<- struct{}) {
	if e.cfg.SingleRunner {
		return
	}
	e.log.Warn("heartbeat was late, reading states again because other runners may have taken over")
	if pause(ctx, joinDelay) {
		e.reload.Store(true)
		signal(changed)
	}
}

// writeHeartbeat writes the heartbeat of this runner. The write is not cancelled when ctx ends: a cancelled write may
// still reach the store after removeHeartbeat, and the other runners would then wait until it times out.
func (e *Engine) writeHeartbeat(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shortCallTimeout)
	defer cancel()
	heartbeat := store.Runner{
		ID: e.cfg.ID, Monitors: len(*e.running.Load()), LastSeen: monitor.Date(now), Problems: e.problems.list(),
		NotChecked: e.notChecked.list(),
	}
	return e.store.PutHeartbeat(ctx, heartbeat)
}

// setAssignment sets the assignment of this runner, and closes joined at the first call.
func (e *Engine) setAssignment(ctx context.Context, a assignment, changed chan<- struct{}) {
	last := e.assignment.Load()
	if last != nil && last.equal(a) {
		return
	}
	if last == nil && len(a.runners) > 1 && !pause(ctx, joinDelay) {
		return
	}
	e.assignment.Store(&a)
	if last != nil {
		signal(changed)
		e.log.Info("live runners changed", "runners", a.runners)
		return
	}
	close(e.joined)
	if len(a.runners) > 1 {
		e.log.Info("joined other runners", "runners", a.runners)
	}
}

// removeHeartbeat removes the heartbeat, so that other runners take over at once. It works after the end of ctx.
func (e *Engine) removeHeartbeat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shortCallTimeout)
	defer cancel()
	if err := e.store.RemoveRunner(ctx, e.cfg.ID); err != nil {
		e.log.Warn("could not remove the heartbeat; other runners take over after the timeout",
			"timeout", heartbeatTimeout, "error", err)
	}
}
