// Package process contains what the main functions share: commands, settings, the first lines of the log, signals and
// exit codes.
package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	// Time zones for TZ: container images have no files of them.
	_ "time/tzdata"

	"nanomon/services/common/config"
	"nanomon/services/common/memory"
	"nanomon/services/common/version"
)

// Program describes a program to its users.
type Program struct {
	// Name is api, runner, frontend or standalone.
	Name string
	// Summary says in one sentence what the program does.
	Summary string
	// Settings are the names of the settings that its help explains.
	Settings []string
}

// Run executes the command in the arguments of the process and returns the exit code. Without arguments it parses the
// settings and calls run, until SIGINT or SIGTERM cancels the context; a second signal ends the process at once. The
// command health calls health, which returns an error unless the running program works. The exit codes are 0 for
// success, 1 for an error and 2 for unknown arguments.
func Run[T config.Settings](
	program Program,
	run func(ctx context.Context, cfg T, log *slog.Logger) error,
	health func(ctx context.Context, cfg T) error,
) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	var err error
	switch command := strings.Join(os.Args[1:], " "); {
	case len(os.Args) == 1:
		err = start(ctx, program, run)
	case command == "health":
		err = checkHealth(ctx, health)
	case command == "help", command == "--help", command == "-h":
		fmt.Print(program.help())
	case command == "help settings":
		fmt.Print(program.settingsHelp())
	case command == "version", command == "--version":
		fmt.Printf("%s %s (%s)\n", program.Name, version.Version, version.BuildInfo)
	default:
		fmt.Fprintf(os.Stderr, "%[1]s: unknown command %[2]q: run \"%[1]s help\" for a list of commands\n",
			program.Name, command)
		return 2
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(os.Stderr, "%s: %s\n", program.Name, line)
		}
		return 1
	}
	return 0
}

func start[T config.Settings](
	ctx context.Context, program Program, run func(context.Context, T, *slog.Logger) error,
) error {
	environment, cfg, err := settings[T]()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.MinLevel()}))
	warnUnused(log, config.FindUnused(program.Name, environment))
	memory.SetLimit()
	return run(ctx, cfg, log)
}

// warnUnused logs which variables have no effect. Settings of programs that may share a file with this one are no
// reason for a warning.
func warnUnused(log *slog.Logger, variables []config.Unused) {
	var shared []string
	for _, v := range variables {
		if v.Shared {
			shared = append(shared, v.Name)
			continue
		}
		log.Warn("setting has no effect", "setting", v.Name, "reason", v.Reason)
	}
	if len(shared) > 0 {
		log.Info("settings of other programs have no effect here", "settings", strings.Join(shared, ", "))
	}
}

func checkHealth[T config.Settings](ctx context.Context, health func(context.Context, T) error) error {
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

func settings[T config.Settings]() (environment map[string]string, cfg T, err error) {
	if environment, err = config.Environment(); err != nil {
		return nil, cfg, err
	}
	cfg, err = config.Parse[T](environment)
	return environment, cfg, err
}
