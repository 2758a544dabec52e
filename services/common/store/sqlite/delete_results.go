package sqlite

import (
	"context"
	"database/sql"
	"time"

	"nanomon/services/common/store"
)

// DeleteResults deletes all results, rollups and states, and the status changes that results caused. It begins a new era
// and detaches all refs. Status changes of the kind enabled stay: they move to a new ref of their monitor.
func (s *Store) DeleteResults(ctx context.Context, at time.Time) error {
	err := s.write(ctx, "delete all results", func(t *tx) error {
		t.clearCache()
		detached, err := t.detachAll()
		if err != nil {
			return err
		}
		for _, d := range detached {
			ref, err := t.ref(d.monitor)
			if err != nil {
				return err
			}
			if _, err := t.exec("UPDATE transitions SET ref = ? WHERE ref = ? AND track = 'enabled'", ref, d.ref); err != nil {
				return err
			}
		}
		for _, statement := range []string{"DELETE FROM states", "DELETE FROM dirty"} {
			if _, err := t.exec(statement); err != nil {
				return err
			}
		}
		_, err = t.exec("UPDATE meta SET era = era + 1, cleared = ?", at.UnixMilli())
		return err
	}, store.TopicResults, store.TopicMonitors)
	s.purgeSoon()
	return err
}

// detach deletes the data of a monitor. Results, rollups and status changes may be many: they become invisible now, and
// purge deletes their rows later.
func (t *tx) detach(id []byte) error {
	t.clearCache()
	t.deleted.add(id)
	for _, statement := range []string{
		"DELETE FROM states WHERE monitor = ?",
		"DELETE FROM ping_urls WHERE monitor = ?",
		"DELETE FROM pings WHERE monitor = ?",
		"DELETE FROM push_states WHERE monitor = ?",
		"DELETE FROM dirty WHERE ref = (SELECT ref FROM refs WHERE monitor = ?)",
		"UPDATE refs SET monitor = NULL WHERE monitor = ?",
	} {
		if _, err := t.exec(statement, id); err != nil {
			return err
		}
	}
	return nil
}

// detachedRef is a detached ref and the id of the monitor that it belonged to.
type detachedRef struct {
	ref     int64
	monitor []byte
}

// detachAll detaches all refs and returns those with status changes of Enabled.
func (t *tx) detachAll() ([]detachedRef, error) {
	var list []detachedRef
	err := t.each(`SELECT f.ref, f.monitor FROM refs f WHERE f.monitor IS NOT NULL
		AND EXISTS (SELECT 1 FROM transitions t WHERE t.ref = f.ref AND t.track = 'enabled')`, nil, func(rows *sql.Rows) error {
		var d detachedRef
		err := rows.Scan(&d.ref, &d.monitor)
		list = append(list, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = t.exec("UPDATE refs SET monitor = NULL")
	return list, err
}

// ResultsCleared returns the time of the last DeleteResults.
func (s *Store) ResultsCleared(ctx context.Context) (time.Time, error) {
	return s.metaDate(ctx, "get time of last clearing", "SELECT cleared FROM meta")
}
