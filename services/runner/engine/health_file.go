package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

const (
	// healthFileInterval is the time between two updates of the health file.
	healthFileInterval = 5 * time.Second
	// healthFileMaxAge is the maximum age of the health file of a healthy runner.
	healthFileMaxAge = 30 * time.Second
)

// updateHealthFile touches the health file every 5 s until ctx ends, each time after the scheduler has responded. It
// does not depend on the store, because a runner keeps running while the store is unavailable.
func (e *Engine) updateHealthFile(ctx context.Context) {
	ticker := time.NewTicker(healthFileInterval)
	defer ticker.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case e.ping <- struct{}{}:
		}
		err := touch(e.cfg.HealthFile)
		if err != nil && !failed {
			e.log.Warn("could not write HEALTH_FILE; health checks of this runner will fail", "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// touch sets the modification time of a file to now, and creates an empty file if it does not exist.
func touch(file string) error {
	now := time.Now()
	err := os.Chtimes(file, now, now)
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(file, nil, 0o600)
	}
	return err
}

// CheckHealthFile returns an error unless a runner has updated the health file within the last 30 s.
func CheckHealthFile(file string) error {
	if file == "" {
		return errors.New("HEALTH_FILE is not set: set it to the same path for the runner and for its health check")
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("HEALTH_FILE: %s does not exist: no runner has written it yet", file)
	case err != nil:
		return fmt.Errorf("HEALTH_FILE: %w", err)
	}
	if age := time.Since(info.ModTime()); age.Abs() > healthFileMaxAge {
		updated := info.ModTime().UTC().Format(time.RFC3339)
		return fmt.Errorf("HEALTH_FILE: no runner has updated %s since %s", file, updated)
	}
	return nil
}
