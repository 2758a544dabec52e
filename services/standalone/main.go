// Command standalone runs the API, the runner and the page in one process. Its store is an embedded SQLite database.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"nanomon/docs"
	"nanomon/frontend"
	"nanomon/services/api/server"
	"nanomon/services/common/clock"
	"nanomon/services/common/config"
	"nanomon/services/common/memory"
	"nanomon/services/common/probe"
	"nanomon/services/common/process"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/common/version"
	"nanomon/services/common/web"
	"nanomon/services/frontend/host"
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
		Name: "standalone",
		Summary: "This program is all of NanoMon in one process: the checks, the API and the page. " +
			"Its database is a SQLite file.",
		Settings: []string{"FRONTEND_PORT", "API_PORT", "DATA_DIR", "AUTH_CLIENT_ID", "ALERT_SMTP_TO"},
		Commands: []process.Command{backupCommand, restoreCommand},
	}, run, checkHealth))
}

func checkHealth(ctx context.Context, cfg config.Standalone) error {
	if err := process.CheckHTTP(ctx, "API_PORT", cfg.APIPort, "/api/"); err != nil {
		return err
	}
	return process.CheckHTTP(ctx, "FRONTEND_PORT", cfg.FrontendPort, "/")
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
	}, frontend.App(), docs.Files(), log)
	if err != nil {
		return err
	}
	id := cluster.NewID()
	waiting, err := spool.Open(cfg.SpoolDir, id)
	if err != nil {
		return fmt.Errorf("SPOOL_DIR: %w", err)
	}
	defer waiting.Close()
	apiMetrics := server.NewMetrics()
	file := databaseFile(cfg.SQLite)
	db, err := openData(ctx, file, apiMetrics.ObserveStore, log)
	if err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	defer db.Close()
	journal := quarantine.Open(cmp.Or(cfg.SpoolDir, cfg.DataDir), log)
	defer journal.Close()

	var hosts *web.Hosts
	if cfg.AuthClientID == "" {
		hosts = web.NewHosts(cfg.HostNames(), log)
	}
	dateClock := clock.New(log)
	api := server.New(server.Config{
		Version: version.Version, BuildInfo: version.BuildInfo, StoreName: "sqlite", Process: "standalone",
		Auth: cfg.Auth, Origins: cfg.CORSOrigins,
		Hosts: hosts, TrustedProxies: cfg.TrustedProxies, Metrics: apiMetrics,
		Clock: dateClock,
	}, db, types, log)
	linkBase := cmp.Or(cfg.AlertLinkBase, localURL(pageListener))
	alerter := alerting.FromSettings(id, linkBase, types, dateClock.Now, cfg.Alerts, db, log)
	state := health.New(log, alerter.StoreFailing)
	runner := engine.New(engine.Config{
		ID: id, SingleRunner: true, PollingInterval: cfg.PollingInterval, Retention: cfg.Keep(), Health: state,
		Results:    results.NewWriter(results.Config{Spool: waiting, Stored: alerter.Stored, Health: state}, db, log),
		Quarantine: journal, Secrets: cfg.Secrets,
		Memory:   memory.NewBudget(cmp.Or(int64(cfg.CheckMemory), memory.DefaultBudget())),
		Observer: alerter, OnCheck: exporter.ObserveCheck, Clock: dateClock,
	}, db, types, log)

	process.LogStart(log, "standalone", process.Channels(alerter.Channels()), "store", "sqlite", "file", absolute(file))
	if cfg.AuthClientID == "" {
		process.WarnOpen(log, apiListener, pageListener)
	}
	log.Info("ready", "page", localURL(pageListener), "api", localURL(apiListener)+"/api", "data", cfg.DataDir)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return alerter.RunBeside(ctx, runner.Run) })
	group.Go(func() error { return exporter.Serve(ctx, runner, alerter, log) })
	group.Go(func() error { return api.Run(ctx) })
	group.Go(func() error { db.KeepSealing(ctx, reportSealing(&state.Problems, log)); return nil })
	group.Go(func() error { return web.Serve(ctx, apiListener, api.Handler(), log) })
	group.Go(func() error { return web.Serve(ctx, pageListener, onePort(api, hosts.Check(page)), log) })
	defer api.Close(context.WithoutCancel(ctx))
	return group.Wait()
}

// databaseFile returns the path of the database.
func databaseFile(cfg config.SQLite) string { return filepath.Join(cfg.DataDir, "nanomon.db") }

// openData opens the database file, and creates its folder if necessary.
func openData(ctx context.Context, file string, observe store.Observe, log *slog.Logger) (*sqlite.Store, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return nil, fmt.Errorf("can't create the folder: %w: use a folder that this user may write to", err)
	}
	return sqlite.Open(ctx, sqlite.Config{Path: file, Observe: observe, Log: log})
}

// absolute returns the absolute path of a file for the log, or the path itself if the working folder is unknown.
func absolute(file string) string {
	if path, err := filepath.Abs(file); err == nil {
		return path
	}
	return file
}

// localURL returns the address of a listener for a browser on the same machine.
func localURL(listener net.Listener) string {
	return fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
}

// onePort serves the page, the API below /api, and the status pages.
func onePort(api *server.Server, page http.Handler) http.Handler {
	handler := api.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") || api.ServesPage(r) {
			handler.ServeHTTP(w, r)
		} else {
			page.ServeHTTP(w, r)
		}
	})
}
