package sqlite

import (
	"context"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// checkpointDelay is how long after a change of a definition the next checkpoint begins. Changes during this time share
// a checkpoint.
const checkpointDelay = time.Second

// define is [Store.write] for a change of a definition: a monitor, a maintenance window, a status page, a message on it,
// or an API key. Soon afterwards the database file itself contains the change, so that a copy of this file without its
// write-ahead log has it too.
func (s *Store) define(ctx context.Context, name string, run func(*tx) error, topics ...store.Topic) error {
	err := s.write(ctx, name, run, topics...)
	s.checkpointSoon()
	return err
}

func (s *Store) checkpointSoon() {
	wake.Signal(s.checkpointDue)
}

// runCheckpoints moves the write-ahead log into the database file when checkpointDue has a value, until ctx ends. If
// that fails, or a reader still needs a part of the log, it tries again.
func (s *Store) runCheckpoints(ctx context.Context) {
	s.checkpointSoon()
	for {
		select {
		case <-s.checkpointDue:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(checkpointDelay):
		case <-ctx.Done():
			return
		}
		if !s.checkpoint(ctx) {
			s.checkpointSoon()
		}
	}
}

// checkpoint moves as much of the write-ahead log into the database file as is possible without waiting, and reports
// whether that was all. Readers and the writer continue during the call.
func (s *Store) checkpoint(ctx context.Context) bool {
	var busy, pages, moved int
	err := s.readers.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	return err == nil && busy == 0 && moved == pages
}
