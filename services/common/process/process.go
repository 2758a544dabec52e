// Package process is what the mains share: from the arguments and the environment to an exit code.
package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	// The zones that TZ may name, for an image has no files of them.
	_ "time/tzdata"

	"nanomon/services/common/config"
)

// Run is a main. Without arguments it reads the configuration of a service and calls run with it. With the argument health it
// calls health, which tells by its error whether the service that runs here with the same configuration works.
//
// It returns the exit code: 0 after a stop by SIGINT or SIGTERM, which end the context, or when the service works; 1 after an error,
// which is printed in one line; 2 after other arguments. A second signal ends the process at once.
func Run[T config.Validator](name string, run func(ctx context.Context, cfg T, log *slog.Logger) error, health func(ctx context.Context, cfg T) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	var err error
	switch args := os.Args[1:]; {
	case len(args) == 0:
		err = configured(ctx, run)
	case slices.Equal(args, []string{"health"}):
		err = examined(ctx, health)
	default:
		fmt.Fprintf(os.Stderr, "%s: %q is not possible: use no arguments to start it, or health to ask whether the one that runs here works\n",
			name, strings.Join(args, " "))
		return 2
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

func configured[T config.Validator](ctx context.Context, run func(context.Context, T, *slog.Logger) error) error {
	environment, cfg, err := settings[T]()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if names := config.WithoutEffect(environment); len(names) > 0 {
		log.Warn("these settings have no effect", "settings", names)
	}
	return run(ctx, cfg, log)
}

func examined[T config.Validator](ctx context.Context, health func(context.Context, T) error) error {
	_, cfg, err := settings[T]()
	if err != nil {
		return err
	}
	if err := health(ctx, cfg); err != nil {
		return err
	}
	fmt.Println("it works")
	return nil
}

func settings[T config.Validator]() (environment map[string]string, cfg T, err error) {
	if environment, err = config.Environment(); err != nil {
		return nil, cfg, err
	}
	cfg, err = config.Parse[T](environment)
	return environment, cfg, err
}
