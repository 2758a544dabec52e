package alerting

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// shortTimeout limits a store call that reads or writes one document, longTimeout one with many documents.
	shortTimeout = 3 * time.Second
	longTimeout  = 10 * time.Second
)

// Store is the part of [store.Store] that the alerter needs.
type Store interface {
	IncidentStates(ctx context.Context, monitorIDs []string) ([]store.IncidentState, error)
	PutIncidentStates(ctx context.Context, states []store.IncidentState) error
	AddNotifications(ctx context.Context, list []store.Notification) (known []string, err error)
	Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error)
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)
	Monitor(ctx context.Context, id string) (monitor.Monitor, error)

	DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error)
	ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (
		won bool, claimed time.Time, err error)
	PutDeliveries(ctx context.Context, n store.Notification) error
	Notification(ctx context.Context, id string) (store.Notification, error)
}

// Config configures an [Alerter].
type Config struct {
	// Runner is the unique id of this runner: its host name, a hyphen and a part that changes with each start.
	Runner string
	Rules  Rules
	// Now returns the time for the dates that are stored; nil means time.Now.
	Now func() time.Time
}

// Alerter evaluates the results of one runner's monitors and sends due notifications, including those of other runners.
// It runs once. Monitors, Stored, StoreFailing and Counts are safe for concurrent use, at any time, and never block.
type Alerter struct {
	evaluator *evaluator
	outbox    *outbox
	watch     *storeWatch
}

// New returns an alerter that sends notifications through channels. Without channels it only records incidents.
func New(cfg Config, s Store, channels []Channel, log *slog.Logger) *Alerter {
	cfg.Rules.FailCount = cmp.Or(cfg.Rules.FailCount, 3)
	cfg.Rules.RecoveryCount = cmp.Or(cfg.Rules.RecoveryCount, 1)
	o := newOutbox(cfg.Runner, s, channels, log)
	a := &Alerter{
		evaluator: newEvaluator(cfg.Runner, cfg.Rules, s, log),
		outbox:    o,
		watch:     &storeWatch{outbox: o, log: log},
	}
	if cfg.Now != nil {
		a.evaluator.now, a.outbox.now = cfg.Now, cfg.Now
	}
	return a
}

// Monitors sets the stored monitors, including disabled ones; own reports whether a monitor is assigned to this runner.
// The alerter closes an open incident if its monitor is disabled or not stored any more.
func (a *Alerter) Monitors(all []monitor.Monitor, own func(id string) bool) {
	a.evaluator.updates.setMonitors(all, own)
}

// Stored passes stored monitor states to the alerter: those just written, and those read at the start or when the
// runner takes over monitors. The alerter ignores older states and states of monitors that other runners have.
func (a *Alerter) Stored(states []store.State) { a.evaluator.updates.addStates(states) }

// StoreFailing receives the error of the store and the time since which it is unavailable. A nil error means that it is
// available.
func (a *Alerter) StoreFailing(since time.Time, err error) { a.watch.set(since, err) }

// RunnerProblem stores a notification about this runner, which can't make checks. The text contains no secret.
func (a *Alerter) RunnerProblem(text string, since time.Time) {
	a.evaluator.updates.addProblem(text, since)
}

// Counts counts the deliveries of one channel since the alerter was created, one per notification and recipient.
type Counts struct {
	Channel string
	// Sent counts accepted deliveries, Failed counts failed attempts, including those that are retried.
	Sent, Failed int64
}

// Counts returns the counts of each channel.
func (a *Alerter) Counts() []Counts {
	list := make([]Counts, 0, len(a.outbox.ordered))
	for _, c := range a.outbox.ordered {
		list = append(list, Counts{Channel: c.Name(), Sent: c.sent.Load(), Failed: c.failed.Load()})
	}
	return list
}

// Run evaluates results and sends notifications until ctx ends. Then it evaluates the remaining results once, if the
// store answers, and gives running delivery attempts a few seconds to finish. The next start or another runner
// continues with the rest.
func (a *Alerter) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { a.evaluator.run(ctx) })
	loops.Go(func() { a.outbox.run(ctx) })
	loops.Go(func() { a.watch.run(ctx) })
	loops.Wait()
}

// RunBeside calls work and runs the alerter until work has returned, so that results stored at the end of work are
// evaluated too. It returns the error of work.
func (a *Alerter) RunBeside(ctx context.Context, work func(ctx context.Context) error) error {
	alerterCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { a.Run(alerterCtx) })
	err := work(ctx)
	stop()
	running.Wait()
	return err
}

// failureLog logs the first of several consecutive failures of a task, and the first success after them.
type failureLog struct {
	log     *slog.Logger
	task    string
	failing bool
}

func (f *failureLog) report(err error) {
	switch {
	case err != nil && !f.failing:
		f.log.Warn(f.task+" failed, retrying", "error", err)
	case err == nil && f.failing:
		f.log.Info(f.task + " works again")
	}
	f.failing = err != nil
}

// call makes a store call that may take at most timeout.
func call[T any](ctx context.Context, timeout time.Duration, do func(ctx context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return do(ctx)
}
