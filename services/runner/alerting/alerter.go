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
	// smallCall and bigCall are how long a store call may take: one of a few documents, and one that may carry many.
	shortTimeout = 3 * time.Second
	longTimeout   = 10 * time.Second
)

// Store is what the alerter needs of a store; see [store.Store].
type Store interface {
	IncidentStates(ctx context.Context, monitorIDs []string) ([]store.IncidentState, error)
	PutIncidentStates(ctx context.Context, states []store.IncidentState) error
	AddNotifications(ctx context.Context, as []store.Notification) (known []string, err error)
	Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error)
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)

	DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error)
	ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error)
	PutDeliveries(ctx context.Context, n store.Notification) error
	Notification(ctx context.Context, id string) (store.Notification, error)
}

// Config is what the alerter needs to know.
type Config struct {
	// Runner names this runner among those that share a store: its host's name, a hyphen, and what each start makes anew.
	Runner string
	Rules  Rules
}

// Alerter judges the monitors of one runner, and sends what is owed of any. It is made by [New] and runs once. Its
// methods may be called at any time, from any goroutine, and never block.
type Alerter struct {
	evaluator *evaluator
	outbox  *outbox
}

// New makes an alerter that sends through senders; without any, incidents are only recorded.
func New(cfg Config, s Store, channels []Channel, log *slog.Logger) *Alerter {
	cfg.Rules.FailCount = cmp.Or(cfg.Rules.FailCount, 3)
	cfg.Rules.RecoveryCount = cmp.Or(cfg.Rules.RecoveryCount, 1)
	return &Alerter{evaluator: newEvaluator(cfg.Runner, cfg.Rules, s, log), outbox: newOutbox(cfg.Runner, s, channels, log)}
}

// Monitors tells which monitors are stored, the disabled ones too, and which of them this runner is responsible for. An open
// incident of one that is disabled, or no longer among all, is closed.
func (a *Alerter) Monitors(all []monitor.Monitor, own func(id string) bool) {
	a.evaluator.updates.setMonitors(all, own)
}

// Stored takes in states that are stored: those that were just written, and, at a start or when monitors are taken over, those
// that were read. Older ones, and those of monitors that this runner is not responsible for, change nothing.
func (a *Alerter) Stored(states []store.State) { a.evaluator.updates.addStates(states) }

// Counts are those of a channel since the alerter was made: each message counts once per recipient.
type Counts struct {
	Channel string
	// Sent are those that the server has taken, and Failed the attempts that failed, most of which are made again.
	Sent, Failed int64
}

// Counts tells what each channel has sent.
func (a *Alerter) Counts() []Counts {
	list := make([]Counts, 0, len(a.outbox.ordered))
	for _, c := range a.outbox.ordered {
		list = append(list, Counts{Channel: c.Name(), Sent: c.sent.Load(), Failed: c.failed.Load()})
	}
	return list
}

// Run judges and sends until ctx ends; then what was taken in is judged if the store answers, sending goes on for a short
// grace. What isn't done by then is done by the next start, or by another runner.
func (a *Alerter) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { a.evaluator.run(ctx) })
	loops.Go(func() { a.outbox.run(ctx) })
	loops.Wait()
}

// RunBeside runs the alerter while work runs, and a little longer: what work stores at its end is judged too. It returns what work does.
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

// trouble logs that work on the store began to fail, and that it goes on again.
type failureLog struct {
	log  *slog.Logger
	task string
	failing   bool
}

func (f *failureLog) report(err error) {
	switch {
	case err != nil && !f.failing:
		f.log.Warn(f.task+" waits for the store", "error", err)
	case err == nil && f.failing:
		f.log.Info(f.task + " goes on")
	}
	f.failing = err != nil
}

// call makes a store call that may take so long.
func call[T any](ctx context.Context, timeout time.Duration, do func(ctx context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return do(ctx)
}
