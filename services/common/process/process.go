// Package process contains what the main functions share: commands, settings, the first lines of the log, signals and
// exit codes.
package process

import (
	"context"
	"errors"
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
	// Commands are the commands that other programs do not have.
	Commands []Command
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

	err := execute(ctx, program, run, health)
	if err == nil {
		return 0
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(os.Stderr, "%s: %s\n", program.Name, line)
	}
	if errors.As(err, new(errUsage)) {
		return 2
	}
	return 1
}

// execute executes the command in the arguments of the process.
func execute[T config.Settings](
	ctx context.Context, program Program,
	run func(ctx context.Context, cfg T, log *slog.Logger) error,
	health func(ctx context.Context, cfg T) error,
) error {
	if len(os.Args) == 1 {
		return start(ctx, program, run)
	}
	if c, ok := program.command(os.Args[1]); ok {
		return c.execute(ctx, program.Name, os.Args[2:])
	}
	switch command := strings.Join(os.Args[1:], " "); command {
	case "health":
		return checkHealth(ctx, health)
	case "help", "--help", "-h":
		fmt.Print(program.help())
	case "help settings":
		fmt.Print(program.settingsHelp())
	case "version", "--version":
		fmt.Printf("%s %s (%s)\n", program.Name, version.Version, version.BuildInfo)
	default:
		return errUsage{fmt.Errorf("unknown command %q: run \"%s help\" for a list of commands", command, program.Name)}
	}
	return nil
}

func start[T config.Settings](
	ctx context.Context, program Program, run func(context.Context, T, *slog.Logger) error,
) error {
	environment, inFile, cfg, err := settings[T]()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.MinLevel()}))
	warnUnused(log, config.FindUnused(program.Name, environment, inFile))
	memory.SetUp()
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
	_, _, cfg, err := settings[T]()
	if err != nil {
		return err
	}
	if err := health(ctx, cfg); err != nil {
		return err
	}
	fmt.Println("it works")
	return nil
}

func settings[T config.Settings]() (environment, inFile map[string]string, cfg T, err error) {
	if environment, inFile, err = config.Environment(); err != nil {
		return nil, nil, cfg, err
	}
	cfg, err = config.Parse[T](environment)
	return environment, inFile, cfg, err
}
