// Command runner checks the monitors that are stored in MongoDB.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"nanomon/services/common/config"
	"nanomon/services/common/probe"
	"nanomon/services/common/process"
	"nanomon/services/common/store/mongo"
	"nanomon/services/runner/alert"
	"nanomon/services/runner/engine"
	"nanomon/services/runner/spool"
)

func main() { os.Exit(process.Run("runner", run)) }

func run(ctx context.Context, cfg config.Runner, log *slog.Logger) error {
	id := engine.NewID()
	waiting, err := spool.Open(cfg.SpoolDir, id)
	if err != nil {
		return fmt.Errorf("SPOOL_DIR: %w", err)
	}
	defer waiting.Close()
	db, err := mongo.Open(ctx, mongo.Config{
		URI: cfg.MongoURI, Database: cfg.MongoDB, Timeout: cfg.MongoTimeout, Polling: cfg.UsePolling,
	})
	if err != nil {
		return fmt.Errorf("MONGO_URI: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	alerter := alert.FromSettings(id, cfg.Alerts, db, log)
	return alerter.RunBeside(ctx, engine.New(engine.Config{
		ID: id, PollingInterval: cfg.PollingInterval, Retention: cfg.Keep(), Spool: waiting, Secrets: cfg.Secrets, Observer: alerter,
	}, db, probe.All(probe.Guard{Allow: cfg.TargetAllow, Deny: cfg.TargetDeny}), log).Run)
}
