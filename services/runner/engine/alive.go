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
	// aliveEvery is the time between two writes of the health file, and aliveFor how old it may be.
	aliveEvery = 5 * time.Second
	aliveFor   = 30 * time.Second
)

// tellAlive touches the health file every five seconds until ctx ends, each time only after the scheduler has come round. It doesn't
// depend on the store: a runner that has lost it goes on.
func (e *Engine) tellAlive(ctx context.Context) {
	ticker := time.NewTicker(aliveEvery)
	defer ticker.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case e.alive <- struct{}{}:
		}
		err := touch(e.cfg.HealthFile)
		if err != nil && !failed {
			e.log.Warn("HEALTH_FILE can't be written: who asks for the health of this runner is told that it doesn't work", "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// touch gives an empty file the time that it is. Nothing is written to the disk but that.
func touch(file string) error {
	now := time.Now()
	err := os.Chtimes(file, now, now)
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(file, nil, 0o600)
	}
	return err
}

// Alive returns an error unless an engine has touched the health file within the last 30 seconds.
func Alive(file string) error {
	if file == "" {
		return errors.New("HEALTH_FILE: it is not set, so a runner can't be asked: set it to the same file for both")
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("HEALTH_FILE: no runner has touched %s yet", file)
	case err != nil:
		return fmt.Errorf("HEALTH_FILE: %w", err)
	}
	if age := time.Since(info.ModTime()); age.Abs() > aliveFor {
		return fmt.Errorf("HEALTH_FILE: no runner has touched %s since %s", file, info.ModTime().UTC().Format(time.RFC3339))
	}
	return nil
}
