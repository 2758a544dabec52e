package health

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"
)

const (
	// fileInterval is the time between two updates of the health file.
	fileInterval = 5 * time.Second
	// fileMaxAge is the maximum age of the health file of a healthy runner.
	fileMaxAge = 30 * time.Second
)

// UpdateFile touches the file every 5 s until ctx ends, each time after it could send to responds, which proves that the
// receiver works. It does not depend on the store, because a runner keeps running while the store is unavailable.
func UpdateFile(ctx context.Context, file string, responds chan<- struct{}, log *slog.Logger) {
	ticker := time.NewTicker(fileInterval)
	defer ticker.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case responds <- struct{}{}:
		}
		err := touch(file)
		if err != nil && !failed {
			log.Warn("could not write HEALTH_FILE; health checks of this runner will fail", "error", err)
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

// CheckFile returns an error unless a runner has updated the health file within the last 30 s.
func CheckFile(file string) error {
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
	if age := time.Since(info.ModTime()); age.Abs() > fileMaxAge {
		updated := info.ModTime().UTC().Format(time.RFC3339)
		return fmt.Errorf("HEALTH_FILE: no runner has updated %s since %s", file, updated)
	}
	return nil
}
