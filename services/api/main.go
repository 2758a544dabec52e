// Command api serves the REST interface over MongoDB.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sync/errgroup"

	"nanomon/services/api/server"
	"nanomon/services/common/config"
	"nanomon/services/common/probe"
	"nanomon/services/common/process"
	"nanomon/services/common/store/mongo"
	"nanomon/services/common/version"
	"nanomon/services/common/web"
)

func main() { os.Exit(process.Run("api", run, health)) }

func health(ctx context.Context, cfg config.API) error {
	return process.Ask(ctx, "PORT", cfg.Port, "/api/")
}

func run(ctx context.Context, cfg config.API, log *slog.Logger) error {
	listener, err := web.Listen(ctx, int(cfg.Port))
	if err != nil {
		return fmt.Errorf("PORT: %w", err)
	}
	defer listener.Close()
	metrics := server.NewMetrics()
	db, err := mongo.Open(ctx, mongo.Config{
		URI: cfg.MongoURI, Database: cfg.MongoDB, Timeout: cfg.MongoTimeout, Log: log, Observe: metrics.ObserveStore,
	})
	if err != nil {
		return fmt.Errorf("MONGO_URI: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))

	api := server.New(server.Config{
		Version: version.Version, BuildInfo: version.BuildInfo, StoreName: "mongodb", Auth: cfg.Auth, Origins: cfg.CORSOrigins,
		Metrics: metrics,
	}, db, probe.All(probe.Guard{}), log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return api.Run(ctx) })
	group.Go(func() error { return web.Serve(ctx, listener, api.Handler(), log) })
	return group.Wait()
}
