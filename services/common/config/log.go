package config

import (
	"fmt"
	"log/slog"
	"strings"
)

// Log configures the log.
//
// # Log
type Log struct {
	// Lowest level of the lines in the log: `debug`, `info`, `warn` or `error`. `debug` also shows successful reads
	// (`GET` requests).
	LogLevel Level `env:"LOG_LEVEL" envDefault:"info"`
}

// MinLevel implements [Settings].
func (l Log) MinLevel() slog.Level { return slog.Level(l.LogLevel) }

// Level is the lowest level of the lines in the log.
type Level slog.Level

// UnmarshalText parses the name of a level.
func (l *Level) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "debug":
		*l = Level(slog.LevelDebug)
	case "info":
		*l = Level(slog.LevelInfo)
	case "warn", "warning":
		*l = Level(slog.LevelWarn)
	case "error":
		*l = Level(slog.LevelError)
	default:
		return fmt.Errorf("%q is not a level: use debug, info, warn or error", text)
	}
	return nil
}
