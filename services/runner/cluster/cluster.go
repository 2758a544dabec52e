// Package cluster determines which monitors each of several runners checks. The runners know each other by their
// heartbeats in the store.
package cluster

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"nanomon/services/common/clock"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/health"
)

const (
	// HeartbeatInterval is the time between two heartbeats of a runner.
	HeartbeatInterval = 3 * time.Second
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

// Store is the part of the store that a member uses; see [store.Store].
type Store interface {
	Ping(ctx context.Context) error
	Now(ctx context.Context) (time.Time, error)
	PutHeartbeat(ctx context.Context, r store.Runner) error
	Runners(ctx context.Context, since time.Time) ([]store.Runner, error)
	RemoveRunner(ctx context.Context, id string) error
}

// Config configures a [Member].
type Config struct {
	// ID identifies this runner among the runners that share a store.
	ID string
	// Alone means that no other runner uses the store.
	Alone bool
	// Clock returns the time for the dates that are stored. The member corrects it.
	Clock clock.Source
	// Describe returns the fields of the heartbeat that describe what this runner does; the member sets ID and LastSeen.
	Describe func() store.Runner
	// Changed is called when the assignment changes, but not for the first one. It must not block.
	Changed func()
	// Late is called when the heartbeat of this runner was stored so late that other runners may have run its monitors,
	// once they have stopped. It must not block.
	Late func()
	// Health receives the outcomes of the operations.
	Health *health.Runner
}

// Member is one runner among the runners that share a store.
type Member struct {
	cfg   Config
	store Store
	log   *slog.Logger
	// assignment is nil until joined is closed.
	assignment atomic.Pointer[Assignment]
	joined     chan struct{}
}

// Join returns a member that shares the monitors with the other runners that use s, once Run has joined them.
func Join(cfg Config, s Store, log *slog.Logger) *Member {
	return &Member{cfg: cfg, store: s, log: log, joined: make(chan struct{})}
}

// Joined returns a channel that is closed once the first assignment is known.
func (m *Member) Joined() <-chan struct{} { return m.joined }

// Assignment returns the current assignment. Before the member has joined, nothing is assigned to it.
func (m *Member) Assignment() Assignment {
	if a := m.assignment.Load(); a != nil {
		return *a
	}
	return Assignment{}
}

// Run writes the heartbeat of this runner, reads the other heartbeats and checks the health of the store until ctx ends.
func (m *Member) Run(ctx context.Context) {
	exchange := m.cfg.Health.Essential("exchange heartbeats")
	members := membership{self: m.cfg.ID}
	ticker := time.NewTicker(heartbeatPollInterval)
	defer ticker.Stop()
	for heartbeatDue := time.Now(); ; {
		err := m.exchangeHeartbeats(ctx, &members, &heartbeatDue)
		if err == nil {
			err = m.pingStore(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		exchange.Record(err)
		if members.late {
			members.late = false
			m.reportLate(ctx)
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
func (m *Member) pingStore(ctx context.Context) error {
	return store.Do(ctx, store.ShortCall, m.store.Ping)
}

// exchangeHeartbeats writes a heartbeat if it is due, then reads all heartbeats and updates the assignment. While the
// store is unavailable, the assignment does not change.
func (m *Member) exchangeHeartbeats(ctx context.Context, members *membership, heartbeatDue *time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, store.ShortCall)
	defer cancel()
	if now := time.Now(); !now.Before(*heartbeatDue) {
		if err := m.writeHeartbeat(ctx, m.cfg.Clock.Now()); err != nil {
			return err
		}
		*heartbeatDue = now.Add(HeartbeatInterval)
		members.recordOwn(m.cfg.Clock.Now())
	}
	if m.cfg.Alone {
		m.setAssignment(ctx, NewAssignment(m.cfg.ID, []string{m.cfg.ID}))
		return nil
	}
	heartbeats, err := m.store.Runners(ctx, time.Time{})
	if err != nil {
		return err
	}
	members.date = m.cfg.Clock.Now()
	current, dead := members.update(time.Now(), heartbeats)
	if err := m.correctClock(ctx, members); err != nil {
		return err
	}
	m.setAssignment(ctx, current)
	for _, id := range dead {
		// A runner that starts would count it as live. If the runner is live after all, its next heartbeat restores it.
		if err := m.store.RemoveRunner(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// correctClock corrects the clock of this runner if it differs too much from the clocks of the store
// and of most other runners. Otherwise its results would be dated wrong, and other runners would repeat its attempts to
// send notifications.
func (m *Member) correctClock(ctx context.Context, members *membership) error {
	if !members.measured {
		return nil
	}
	members.measured = false
	storeTime, err := m.store.Now(ctx)
	if err != nil {
		return err
	}
	offsets := members.offsets()
	if !storeTime.IsZero() {
		offsets = append(offsets, storeTime.Sub(m.cfg.Clock.Now()))
	}
	if d := clock.Correction(offsets); d != 0 {
		m.log.Warn("clock of this runner is wrong, using the time of the store and the other runners; "+
			"check the time synchronization of this computer", "difference", -d.Round(time.Millisecond))
		m.cfg.Clock.Correct(d)
		members.forgetOffsets()
	}
	return nil
}

// reportLate calls Late once the other runners that have taken over the monitors of this runner have stopped running
// them.
func (m *Member) reportLate(ctx context.Context) {
	if m.cfg.Alone {
		return
	}
	m.log.Warn("heartbeat was late, reading states again because other runners may have taken over")
	if wake.Pause(ctx, joinDelay) {
		m.cfg.Late()
	}
}

// writeHeartbeat writes the heartbeat of this runner. The write is not cancelled when ctx ends: a cancelled write may
// still reach the store after Leave, and the other runners would then wait until it times out.
func (m *Member) writeHeartbeat(ctx context.Context, now time.Time) error {
	heartbeat := m.cfg.Describe()
	heartbeat.ID, heartbeat.LastSeen = m.cfg.ID, monitor.Date(now)
	return store.Do(context.WithoutCancel(ctx), store.ShortCall, func(ctx context.Context) error {
		return m.store.PutHeartbeat(ctx, heartbeat)
	})
}

// setAssignment sets the assignment of this runner, and closes joined at the first call.
func (m *Member) setAssignment(ctx context.Context, a Assignment) {
	last := m.assignment.Load()
	if last != nil && last.equal(a) {
		return
	}
	if last == nil && len(a.runners) > 1 && !wake.Pause(ctx, joinDelay) {
		return
	}
	m.assignment.Store(&a)
	if last != nil {
		m.cfg.Changed()
		m.log.Info("live runners changed", "runners", a.runners)
		return
	}
	close(m.joined)
	if len(a.runners) > 1 {
		m.log.Info("joined other runners", "runners", a.runners)
	}
}

// Leave removes the heartbeat, so that other runners take over at once. Call it after Run has returned; it works after
// the end of ctx.
func (m *Member) Leave(ctx context.Context) {
	err := store.Do(context.WithoutCancel(ctx), store.ShortCall, func(ctx context.Context) error {
		return m.store.RemoveRunner(ctx, m.cfg.ID)
	})
	if err != nil {
		m.log.Warn("could not remove the heartbeat; other runners take over after the timeout",
			"timeout", heartbeatTimeout, "error", err)
	}
}
