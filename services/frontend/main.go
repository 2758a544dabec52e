// Command frontend serves the page.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"nanomon/docs"
	"nanomon/frontend"
	"nanomon/services/common/config"
	"nanomon/services/common/process"
	"nanomon/services/common/version"
	"nanomon/services/common/web"
	"nanomon/services/frontend/host"
)

func main() {
	os.Exit(process.Run(process.Program{
		Name:     "frontend",
		Summary:  "This program serves the web page, which uses the API at API_ENDPOINT.",
		Settings: []string{"PORT", "API_ENDPOINT", "AUTH_CLIENT_ID", "AUTH_TENANT", "AUTH_ISSUER"},
	}, run, health))
}

func health(ctx context.Context, cfg config.Frontend) error {
	return process.CheckHTTP(ctx, "PORT", cfg.Port, "/")
}

func run(ctx context.Context, cfg config.Frontend, log *slog.Logger) error {
	listener, err := web.Listen(ctx, int(cfg.Port))
	if err != nil {
		return fmt.Errorf("PORT: %w", err)
	}
	defer listener.Close()
	page, err := host.New(host.Config{
		APIEndpoint: cfg.APIEndpoint, Auth: cfg.Auth,
		Version: version.Version, BuildInfo: version.BuildInfo,
	}, frontend.App(), docs.Files(), log)
	if err != nil {
		return err
	}
	process.LogStart(log, "frontend")
	return web.Serve(ctx, listener, page, log)
}
