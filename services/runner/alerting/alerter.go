// Package alerting opens and resolves incidents and sends notifications about them. It connects three parts: incident
// turns results into incidents and stores a notification for each step, notify sends stored notifications, and channel
// contains the channels that it sends them through.
package alerting

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/channel"
	"nanomon/services/runner/alerting/incident"
	"nanomon/services/runner/alerting/notify"
)

// Store is the part of [store.Store] that the alerter needs.
type Store interface {
	incident.Store
	notify.Store
}

// Config configures an [Alerter].
type Config struct {
	// Runner is the unique id of this runner: its host name, a hyphen and a part that changes with each start.
	Runner string
	Rules  incident.Rules
	// Types describes the monitor types.
	Types probe.Registry
	// Now returns the time for the dates that are stored; nil means time.Now.
	Now func() time.Time
	// LinkBase is the address of the page, for links in notifications.
	LinkBase string
}

// Alerter evaluates the results of one runner's monitors and sends the due notifications of all runners.
// It runs once. Monitors, Stored, StoreFailing, Counts and Incidents are safe for concurrent use, at any time, and never block.
type Alerter struct {
	evaluator *incident.Evaluator
	outbox    *notify.Outbox
	watch     *notify.StoreWatch
}

// FromSettings returns an alerter with the given settings, which must be valid. linkBase is the address of the page.
func FromSettings(
	runner, linkBase string, types probe.Registry, now func() time.Time, settings config.Alerts, s Store, log *slog.Logger,
) *Alerter {
	rules := incident.Rules{
		FailCount:     int(settings.AlertFailCount),
		RecoveryCount: int(settings.AlertRecoveryCount),
		Reminder:      time.Duration(settings.AlertReminder),
		Warnings:      len(settings.AlertWarnings) > 0,
	}
	cfg := Config{Runner: runner, Rules: rules, Types: types, Now: now, LinkBase: linkBase}
	return New(cfg, s, channel.All(settings, nil), log)
}

// New returns an alerter that sends notifications through channels. Without channels it only records incidents.
func New(cfg Config, s Store, channels []notify.Channel, log *slog.Logger) *Alerter {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	format := notify.Formatter{BaseURL: cfg.LinkBase, TimeZone: time.Local}
	outbox := notify.New(cfg.Runner, cfg.Now, s, channels, format, cfg.Types.Secrets(), log)
	return &Alerter{
		evaluator: incident.New(cfg.Runner, cfg.Rules, cfg.Types, cfg.Now, s, log),
		outbox:    outbox,
		watch:     notify.NewStoreWatch(outbox),
	}
}

// Monitors sets the stored monitors, including disabled ones; own reports whether a monitor is assigned to this runner.
// The alerter closes an open incident if its monitor is disabled or not stored any more.
func (a *Alerter) Monitors(all []monitor.Monitor, own func(id string) bool) {
	a.evaluator.Monitors(all, own)
}

// Stored passes stored monitor states to the alerter: those just written, and those read at the start or when the
// runner takes over monitors. The alerter ignores older states and states of monitors that other runners have.
func (a *Alerter) Stored(states []store.State) { a.evaluator.Stored(states) }

// StoreFailing receives the error of the store and the time since which it is unavailable. A nil error means that it is
// available.
func (a *Alerter) StoreFailing(since time.Time, err error) { a.watch.Set(since, err) }

// RunnerProblem stores a notification about this runner, which can't make checks. The text contains no secret.
func (a *Alerter) RunnerProblem(text string, since time.Time) { a.evaluator.RunnerProblem(text, since) }

// Channels returns the names of the channels.
func (a *Alerter) Channels() []string {
	var names []string
	for _, c := range a.Counts() {
		names = append(names, c.Channel)
	}
	return names
}

// Counts returns the counts of each channel.
func (a *Alerter) Counts() []notify.Counts { return a.outbox.Counts() }

// Incidents returns the counts of the incidents of this runner's monitors.
func (a *Alerter) Incidents() incident.Counts { return a.evaluator.Counts() }

// Run evaluates results and sends notifications until ctx ends. Then it evaluates the remaining results once, if the
// store answers, and gives running delivery attempts a few seconds to finish. The next start or another runner
// continues with the rest.
func (a *Alerter) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { a.evaluator.Run(ctx) })
	loops.Go(func() { a.outbox.Run(ctx) })
	loops.Go(func() { a.watch.Run(ctx) })
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
