// Command runner runs the checks of the monitors in MongoDB and sends notifications.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sync/errgroup"

	"nanomon/services/common/clock"
	"nanomon/services/common/config"
	"nanomon/services/common/memory"
	"nanomon/services/common/probe"
	"nanomon/services/common/process"
	"nanomon/services/common/store/mongo"
	"nanomon/services/runner/alerting"
	"nanomon/services/runner/cluster"
	"nanomon/services/runner/engine"
	"nanomon/services/runner/health"
	"nanomon/services/runner/metrics"
	"nanomon/services/runner/quarantine"
	"nanomon/services/runner/results"
	"nanomon/services/runner/results/spool"
)

func main() {
	os.Exit(process.Run(process.Program{
		Name: "runner",
		Summary: "This program runs the checks of the monitors in MongoDB, stores the results and sends notifications. " +
			"Several runners share the monitors.",
		Settings: []string{"MONGO_URI", "MONGO_DB", "RESULT_RETENTION", "ALERT_SMTP_TO", "PROMETHEUS_ENABLE"},
	}, run, checkHealth))
}

func checkHealth(_ context.Context, cfg config.Runner) error {
	return health.CheckFile(cfg.HealthFile)
}

func run(ctx context.Context, cfg config.Runner, log *slog.Logger) error {
	types := probe.All(probe.Guard{Allow: cfg.TargetAllow, Deny: cfg.TargetDeny})
	exporter, err := metrics.Open(ctx, cfg.Prometheus, types.Names())
	if err != nil {
		return err
	}
	defer exporter.Close()
	id := cluster.NewID()
	waiting, err := spool.Open(cfg.SpoolDir, id)
	if err != nil {
		return fmt.Errorf("SPOOL_DIR: %w", err)
	}
	defer waiting.Close()
	journal := quarantine.Open(cfg.SpoolDir, log)
	defer journal.Close()
	db, err := mongo.Open(ctx, mongo.Config{
		URI: cfg.MongoURI, Database: cfg.MongoDB, Timeout: cfg.MongoTimeout, Log: log, Polling: cfg.UsePolling,
	})
	if err != nil {
		return fmt.Errorf("MONGO_URI: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	runnerClock := clock.New(log)
	alerter := alerting.FromSettings(id, cfg.AlertLinkBase, types, runnerClock.Now, cfg.Alerts, db, log)
	state := health.New(log, alerter.StoreFailing)
	runner := engine.New(engine.Config{
		ID: id, PollingInterval: cfg.PollingInterval, Retention: cfg.Keep(), Health: state,
		Results:    results.NewWriter(results.Config{Spool: waiting, Stored: alerter.Stored, Health: state}, db, log),
		Quarantine: journal, Secrets: cfg.Secrets,
		Memory:   memory.NewBudget(cmp.Or(int64(cfg.CheckMemory), memory.DefaultBudget())),
		Observer: alerter, OnCheck: exporter.ObserveCheck, HealthFile: cfg.HealthFile, Clock: runnerClock,
	}, db, types, log)
	process.LogStart(log, "runner", process.Channels(alerter.Channels()),
		"store", "mongodb", "hosts", cfg.Hosts(), "database", cfg.MongoDB)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return alerter.RunBeside(ctx, runner.Run) })
	group.Go(func() error { return exporter.Serve(ctx, runner, alerter, log) })
	return group.Wait()
}
