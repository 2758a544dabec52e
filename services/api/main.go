// Command api serves the REST API. Its store is MongoDB.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"nanomon/services/api/server"
	"nanomon/services/common/clock"
	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/process"
	"nanomon/services/common/store/mongo"
	"nanomon/services/common/version"
	"nanomon/services/common/web"
)

func main() {
	os.Exit(process.Run(process.Program{
		Name:     "api",
		Summary:  "This program serves the REST API. Its database is MongoDB, which it shares with the program runner.",
		Settings: []string{"PORT", "MONGO_URI", "MONGO_DB", "AUTH_CLIENT_ID", "CORS_ORIGINS", "ALLOWED_HOSTS"},
	}, run, health))
}

func health(ctx context.Context, cfg config.API) error {
	return process.CheckHTTP(ctx, "PORT", cfg.Port, "/api/")
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
		Version: version.Version, BuildInfo: version.BuildInfo, StoreName: "mongodb", Process: processName(listener),
		Auth: cfg.Auth, Origins: cfg.CORSOrigins,
		Hosts: web.NewHosts(cfg.HostNames(), log), TrustedProxies: cfg.TrustedProxies, Metrics: metrics,
		Clock: clock.New(log),
	}, db, probe.All(probe.Guard{}), log)
	process.LogStart(log, "api", "store", "mongodb", "hosts", cfg.Hosts(), "database", cfg.MongoDB)
	if cfg.AuthClientID == "" {
		process.WarnOpen(log, listener)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return api.Run(ctx) })
	group.Go(func() error { return web.Serve(ctx, listener, api.Handler(), log) })
	defer api.Close(context.WithoutCancel(ctx))
	return group.Wait()
}

// processName returns the host and port of this process. A process that starts in its place has the same.
func processName(listener net.Listener) string {
	host, err := os.Hostname()
	if err != nil {
		host = monitor.NewID(time.Now())
	}
	return fmt.Sprintf("%s:%d", host, listener.Addr().(*net.TCPAddr).Port)
}
