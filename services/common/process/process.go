// Package process is what the mains share: from the environment to an exit code.
package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"nanomon/services/common/config"
)

// Run reads the configuration of a service, calls run with it and returns the exit code: 0 after
// a stop by SIGINT or SIGTERM, which end run's context, 1 after an error, which is printed in one line.
// A second signal ends the process at once.
func Run[T config.Validator](name string, run func(ctx context.Context, cfg T, log *slog.Logger) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	if err := configured(ctx, run); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

func configured[T config.Validator](ctx context.Context, run func(context.Context, T, *slog.Logger) error) error {
	environment, err := config.Environment()
	if err != nil {
		return err
	}
	cfg, err := config.Parse[T](environment)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if names := config.WithoutEffect(environment); len(names) > 0 {
		log.Warn("these settings have no effect", "settings", names)
	}
	return run(ctx, cfg, log)
}
