// Command standalone is the API, the runner and the page in one process on an embedded SQLite file.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"nanomon/frontend"
	"nanomon/services/api/server"
	"nanomon/services/common/config"
	"nanomon/services/common/probe"
	"nanomon/services/common/process"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/common/version"
	"nanomon/services/common/web"
	"nanomon/services/frontend/host"
	"nanomon/services/runner/alerting"
	"nanomon/services/runner/engine"
	"nanomon/services/runner/metrics"
	"nanomon/services/runner/spool"
)

func main() { os.Exit(process.Run("standalone", run, health)) }

func health(ctx context.Context, cfg config.Standalone) error {
	if err := process.Ask(ctx, "API_PORT", cfg.APIPort, "/api/"); err != nil {
		return err
	}
	return process.Ask(ctx, "FRONTEND_PORT", cfg.FrontendPort, "/")
}

func run(ctx context.Context, cfg config.Standalone, log *slog.Logger) error {
	apiListener, err := web.Listen(ctx, int(cfg.APIPort))
	if err != nil {
		return fmt.Errorf("API_PORT: %w", err)
	}
	defer apiListener.Close()
	pageListener, err := web.Listen(ctx, int(cfg.FrontendPort))
	if err != nil {
		return fmt.Errorf("FRONTEND_PORT: %w", err)
	}
	defer pageListener.Close()
	types := probe.All(probe.Guard{Allow: cfg.TargetAllow, Deny: cfg.TargetDeny})
	exporter, err := metrics.Open(ctx, cfg.Prometheus, types.Names())
	if err != nil {
		return err
	}
	defer exporter.Close()
	page, err := host.New(host.Config{
		APIEndpoint: cfg.APIEndpoint, Auth: cfg.Auth,
		Version: version.Version, BuildInfo: version.BuildInfo,
	}, frontend.App(), log)
	if err != nil {
		return err
	}
	id := engine.NewID()
	waiting, err := spool.Open(cfg.SpoolDir, id)
	if err != nil {
		return fmt.Errorf("SPOOL_DIR: %w", err)
	}
	defer waiting.Close()
	apiMetrics := server.NewMetrics()
	db, err := openData(ctx, cfg.DataDir, apiMetrics.ObserveStore)
	if err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	defer db.Close()

	api := server.New(server.Config{
		Version: version.Version, BuildInfo: version.BuildInfo, StoreName: "sqlite", Auth: cfg.Auth, Origins: cfg.CORSOrigins,
		Metrics: apiMetrics,
	}, db, types, log)
	alerter := alerting.FromSettings(id, cfg.Alerts, db, log)
	runner := engine.New(engine.Config{
		ID: id, SingleRunner: true, PollingInterval: cfg.PollingInterval, Retention: cfg.Keep(), Spool: waiting, Secrets: cfg.Secrets,
		Observer: alerter, OnCheck: exporter.ObserveCheck,
	}, db, types, log)

	log.Info("ready", "page", localURL(pageListener), "api", localURL(apiListener)+"/api", "data", cfg.DataDir)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return alerter.RunBeside(ctx, runner.Run) })
	group.Go(func() error { return exporter.Serve(ctx, runner, alerter, log) })
	group.Go(func() error { return api.Run(ctx) })
	group.Go(func() error { return web.Serve(ctx, apiListener, api.Handler(), log) })
	group.Go(func() error { return web.Serve(ctx, pageListener, onePort(api.Handler(), page), log) })
	return group.Wait()
}

func openData(ctx context.Context, folder string, observe store.Observe) (*sqlite.Store, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("the folder can't be made: %w; choose one that this user may write to", err)
	}
	return sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(folder, "nanomon.db"), Observe: observe})
}

// localURL is how a browser on the same machine reaches a listener.
func localURL(listener net.Listener) string {
	return fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
}

// onePort serves the page with the API below it.
func onePort(api, page http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api", api)
	mux.Handle("/api/", api)
	mux.Handle("/", page)
	return mux
}
