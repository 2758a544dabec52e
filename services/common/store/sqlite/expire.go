package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"nanomon/services/common/store"
)

const (
	// stepRows is how many rows are removed in one operation, so that others come in between.
	stepRows = 2000
	// spare is the part of the file's pages that may be unused: 1 in so many.
	spare = 10
	// runnerAge is the age at which a heartbeat goes.
	runnerAge = 24 * time.Hour
)

const deleteOldResults = `DELETE FROM results WHERE seq IN (SELECT seq FROM results INDEXED BY results_by_date
	WHERE era = (SELECT era FROM meta) AND date < ? ORDER BY date LIMIT ?)`

// deleteDetached removes rows of a detached ref.
var deleteDetached = [...]string{
	"DELETE FROM results WHERE seq IN (SELECT seq FROM results INDEXED BY results_by_ref WHERE ref = ? LIMIT ?)",
	"DELETE FROM transitions WHERE rowid IN (SELECT rowid FROM transitions WHERE ref = ? LIMIT ?)",
	"DELETE FROM rollups WHERE rowid IN (SELECT rowid FROM rollups WHERE ref = ? LIMIT ?)",
	"DELETE FROM labels WHERE label IN (SELECT label FROM labels WHERE ref = ? LIMIT ?)",
}

// Expire removes what is older than keep allows at now, and what belongs to nothing any more. It
// returns how many results it removed, also when it failed half-way.
func (s *Store) Expire(ctx context.Context, now time.Time, keep store.Retention) (int, error) {
	removed, err := s.removeSteps(ctx, deleteOldResults, now.Add(-keep.Results).UnixMilli())
	if err != nil {
		return removed, err
	}
	before := now.Add(-keep.Rollups).UnixMilli()
	for _, old := range []string{
		"DELETE FROM rollups WHERE rowid IN (SELECT rowid FROM rollups WHERE start < ? LIMIT ?)",
		"DELETE FROM transitions WHERE rowid IN (SELECT rowid FROM transitions WHERE date < ? LIMIT ?)",
		"DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE date < ? ORDER BY date LIMIT ?)",
	} {
		if _, err := s.removeSteps(ctx, old, before); err != nil {
			return removed, err
		}
	}
	if err := s.write(ctx, "remove what is left over", func(t *tx) error { return t.removeOrphans(now, before) }); err != nil {
		return removed, err
	}
	return removed, s.purge(ctx)
}

// removeSteps runs a statement that deletes some of the rows that are before a date until none is left, and
// returns how many there were.
func (s *Store) removeSteps(ctx context.Context, statement string, before int64) (int, error) {
	for removed := 0; ; {
		n := 0
		err := s.write(ctx, "remove old rows", func(t *tx) (err error) {
			n, err = t.remove(statement, before, stepRows)
			return err
		})
		if err != nil {
			return removed, err
		}
		if removed += n; n < stepRows {
			return removed, nil
		}
	}
}

// remove runs a statement that may delete results. It keeps the seqs of those from being given again,
// since readers hold them as cursors.
func (t *tx) remove(statement string, args ...any) (int, error) {
	n, err := t.exec(statement, args...)
	if err == nil && n > 0 {
		_, err = t.exec("UPDATE meta SET seq = ?", t.seq)
	}
	return n, err
}

// removeOrphans removes states without a monitor (of alerts: that have seen nothing since rollups), expired checks, old
// heartbeats and claims, and detaches the monitors of which nothing is left.
func (t *tx) removeOrphans(now time.Time, rollups int64) error {
	t.forget()
	for _, orphans := range []struct {
		statement string
		args      []any
	}{
		{"DELETE FROM states WHERE monitor NOT IN (SELECT id FROM monitors)", nil},
		{"DELETE FROM alert_states WHERE seen < ? AND monitor NOT IN (SELECT id FROM monitors)", []any{rollups}},
		{"DELETE FROM alert_claims WHERE claimed < ?", []any{now.Add(-store.NotificationClaimAge).UnixMilli()}},
		{"DELETE FROM checks WHERE expires <= ?", []any{now.UnixMilli()}},
		{"DELETE FROM runners WHERE seen < ?", []any{now.Add(-runnerAge).UnixMilli()}},
		{`UPDATE refs SET monitor = NULL WHERE monitor IS NOT NULL AND monitor NOT IN (SELECT id FROM monitors)
			AND NOT EXISTS (SELECT 1 FROM results r INDEXED BY results_by_ref WHERE r.ref = refs.ref)
			AND NOT EXISTS (SELECT 1 FROM rollups r WHERE r.ref = refs.ref)
			AND NOT EXISTS (SELECT 1 FROM transitions t WHERE t.ref = refs.ref)`, nil},
		{"DELETE FROM dirty WHERE ref IN (SELECT ref FROM refs WHERE monitor IS NULL)", nil},
	} {
		if _, err := t.exec(orphans.statement, orphans.args...); err != nil {
			return err
		}
	}
	return nil
}

// runPurger purges whenever that is due. A purge that fails is done by the next Expire, which returns the error.
func (s *Store) runPurger(ctx context.Context) {
	s.purgeSoon()
	for {
		select {
		case <-s.purgeDue:
			_ = s.purge(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (s *Store) purgeSoon() {
	select {
	case s.purgeDue <- struct{}{}:
	default:
	}
}

// purge removes the rows of detached refs and gives unused pages back to the file system, in small steps.
func (s *Store) purge(ctx context.Context) error {
	for _, step := range []func(*tx) (bool, error){(*tx).purgeStep, (*tx).shrinkStep} {
		for more := true; more; {
			err := s.write(ctx, "purge deleted rows", func(t *tx) (err error) {
				more, err = step(t)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// purgeStep removes some rows of one detached ref, at last the ref itself. It says whether there may be more.
func (t *tx) purgeStep() (more bool, err error) {
	ref, err := t.number("SELECT ref FROM refs WHERE monitor IS NULL LIMIT 1")
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, statement := range deleteDetached {
		if n, err := t.remove(statement, ref, stepRows); err != nil || n == stepRows {
			return true, err
		}
	}
	_, err = t.exec("DELETE FROM refs WHERE ref = ?", ref)
	return true, err
}

// shrinkStep gives some unused pages back when there are many. It says whether there are still too many.
func (t *tx) shrinkStep() (more bool, err error) {
	pages, err := t.number("PRAGMA page_count")
	if err != nil {
		return false, err
	}
	unused, err := t.number("PRAGMA freelist_count")
	if err != nil || unused <= pages/spare {
		return false, err
	}
	if _, err := t.exec("PRAGMA incremental_vacuum(256)"); err != nil {
		return false, err
	}
	left, err := t.number("PRAGMA freelist_count")
	return left < unused, err
}
