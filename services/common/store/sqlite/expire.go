package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

const (
	// deleteStep is the maximum number of rows that one operation deletes. Other operations run between the steps.
	deleteStep = 500
	// deleteBlocksStep is the same for blocks, which are larger.
	deleteBlocksStep = 50
	// unusedDivisor limits the unused pages of the file to 1/unusedDivisor of all pages.
	unusedDivisor = 10
	// heartbeatAge is the age at which a heartbeat is deleted.
	heartbeatAge = 24 * time.Hour
)

const deleteOldResults = `DELETE FROM results WHERE seq IN (SELECT seq FROM results INDEXED BY results_by_date
	WHERE era = (SELECT era FROM meta) AND date < ? ORDER BY date LIMIT ?)`

// An hour that is sealed expires as a whole, once it ended before the date.
const (
	oldBlocks = `FROM blocks INDEXED BY blocks_by_date
	WHERE era = (SELECT era FROM meta) AND hour <= ? - 3600000 ORDER BY hour LIMIT ?`
	countOldBlocks  = "SELECT coalesce(sum(size), 0) FROM (SELECT size " + oldBlocks + ")"
	deleteOldBlocks = "DELETE FROM blocks WHERE block IN (SELECT block " + oldBlocks + ")"
)

const deleteOldStatusChanges = "DELETE FROM transitions WHERE rowid IN (SELECT rowid FROM transitions WHERE date < ? LIMIT ?)"

// deleteOldIncidents deletes incidents that have ended, by the date of their opening.
const deleteOldIncidents = `DELETE FROM incidents WHERE id IN (SELECT id FROM incidents INDEXED BY incidents_by_date
	WHERE opened < ? AND resolved IS NOT NULL ORDER BY opened LIMIT ?)`

// deleteOrphanPushStates reads the ids from an index, because the rows are large.
const deleteOrphanPushStates = `DELETE FROM push_states WHERE monitor IN
	(SELECT monitor FROM push_states WHERE monitor NOT IN (SELECT id FROM monitors))`

// deletePings lists the statements that delete old pings, with the age at which they do.
var deletePings = [...]struct {
	statement string
	age       time.Duration
}{
	{"DELETE FROM pings WHERE id IN (SELECT id FROM pings INDEXED BY pings_by_date WHERE received < ? LIMIT ?)", store.PingAge},
	{`DELETE FROM pings WHERE id IN (SELECT id FROM pings INDEXED BY pings_by_date
		WHERE received < ? AND monitor NOT IN (SELECT id FROM monitors) LIMIT ?)`, store.OrphanPingAge},
	{`DELETE FROM receiving_periods WHERE id IN (SELECT id FROM receiving_periods INDEXED BY receiving_periods_by_end
		WHERE until < ? LIMIT ?)`, store.ReceivingPeriodAge},
}

// deleteDetached lists the statements that delete rows of a detached ref.
var deleteDetached = [...]struct {
	statement string
	step      int
}{
	{"DELETE FROM blocks WHERE block IN (SELECT block FROM blocks INDEXED BY blocks_by_ref WHERE ref = ? LIMIT ?)", deleteBlocksStep},
	{"DELETE FROM results WHERE seq IN (SELECT seq FROM results INDEXED BY results_by_ref WHERE ref = ? LIMIT ?)", deleteStep},
	{"DELETE FROM transitions WHERE rowid IN (SELECT rowid FROM transitions WHERE ref = ? LIMIT ?)", deleteStep},
	{"DELETE FROM rollups WHERE rowid IN (SELECT rowid FROM rollups WHERE ref = ? LIMIT ?)", deleteStep},
	{`DELETE FROM summaries WHERE (ref, kind, start) IN (SELECT ref, kind, start FROM summaries WHERE ref = ? LIMIT ?)`, deleteStep},
	{"DELETE FROM labels WHERE label IN (SELECT label FROM labels WHERE ref = ? LIMIT ?)", deleteStep},
}

// Expire deletes old data and orphans. If it fails it returns the number of results deleted until then.
func (s *Store) Expire(ctx context.Context, now time.Time, keep store.Retention) (int, error) {
	deleted, err := s.expireResults(ctx, now.Add(-keep.Results).UnixMilli())
	if err != nil {
		return deleted, err
	}
	if err := s.expireRollups(ctx, now, keep); err != nil {
		return deleted, err
	}
	before, changesBefore := now.Add(-keep.Rollups).UnixMilli(), keep.StatusChangesFrom(now).UnixMilli()
	if err := s.setStatusChangesExpired(ctx, changesBefore, now.UnixMilli()); err != nil {
		return deleted, err
	}
	if _, err := s.deleteInSteps(ctx, deleteOldStatusChanges, changesBefore); err != nil {
		return deleted, err
	}
	for _, statement := range []string{
		"DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE date < ? ORDER BY date LIMIT ?)",
		deleteOldIncidents,
	} {
		if _, err := s.deleteInSteps(ctx, statement, before); err != nil {
			return deleted, err
		}
	}
	for _, d := range deletePings {
		if _, err := s.deleteInSteps(ctx, d.statement, now.Add(-d.age).UnixMilli()); err != nil {
			return deleted, err
		}
	}
	if err := s.write(ctx, "delete orphans", func(t *tx) error { return t.deleteOrphans(now, before) }); err != nil {
		return deleted, err
	}
	return deleted, s.purge(ctx)
}

// expireResults deletes the results from before a date, and returns their number. Rows that are in blocks don't count.
func (s *Store) expireResults(ctx context.Context, before int64) (deleted int, err error) {
	write := func(ctx context.Context, run func(*tx) error) error { return s.write(ctx, "delete old rows", run) }
	if err := s.deleteSealed(ctx, 0, before, write); err != nil {
		return 0, err
	}
	if deleted, err = s.deleteInSteps(ctx, deleteOldResults, before); err != nil {
		return deleted, err
	}
	for blocks := deleteBlocksStep; blocks == deleteBlocksStep; {
		results := int64(0)
		err := write(ctx, func(t *tx) (err error) {
			if results, err = t.number(countOldBlocks, before, deleteBlocksStep); err == nil {
				blocks, err = t.deleteRows(deleteOldBlocks, before, deleteBlocksStep)
			}
			return err
		})
		if err != nil {
			return deleted, err
		}
		deleted += int(results)
	}
	return deleted, nil
}

// deleteInSteps repeats a statement that deletes up to a limit of rows from before a date, until none is left. It
// returns the number of deleted rows.
func (s *Store) deleteInSteps(ctx context.Context, statement string, before int64) (int, error) {
	for deleted := 0; ; {
		n := 0
		err := s.write(ctx, "delete old rows", func(t *tx) (err error) {
			n, err = t.deleteRows(statement, before, deleteStep)
			return err
		})
		if err != nil {
			return deleted, err
		}
		if deleted += n; n < deleteStep {
			return deleted, nil
		}
	}
}

// deleteRows runs a statement that may delete results. It stores the next seq, so that no later result gets the seq of
// a deleted one: readers use seqs as cursors.
func (t *tx) deleteRows(statement string, args ...any) (int, error) {
	n, err := t.exec(statement, args...)
	if err == nil && n > 0 {
		_, err = t.exec("UPDATE meta SET seq = ?", t.seq)
	}
	return n, err
}

// deleteOrphans deletes states, push states and ping URLs without a monitor, expired on-demand checks, ended silences,
// old heartbeats and old claims. An incident state without a monitor is deleted if its last evaluated result is from before incidentsBefore. A deleted monitor
// without any data left is detached.
func (t *tx) deleteOrphans(now time.Time, incidentsBefore int64) error {
	t.clearCache()
	t.deleted.expire(now)
	for _, orphans := range []struct {
		statement string
		args      []any
	}{
		{"DELETE FROM states WHERE monitor NOT IN (SELECT id FROM monitors)", nil},
		{deleteOrphanPushStates, nil},
		{"DELETE FROM ping_urls WHERE monitor NOT IN (SELECT id FROM monitors)", nil},
		{"DELETE FROM alert_states WHERE seen < ? AND monitor NOT IN (SELECT id FROM monitors)", []any{incidentsBefore}},
		{"DELETE FROM alert_claims WHERE claimed < ?", []any{now.Add(-store.NotificationClaimAge).UnixMilli()}},
		{"DELETE FROM checks WHERE expires <= ?", []any{now.UnixMilli()}},
		{"DELETE FROM silences WHERE until <= ?", []any{now.UnixMilli()}},
		{"DELETE FROM runners WHERE seen < ?", []any{now.Add(-heartbeatAge).UnixMilli()}},
		{`UPDATE refs SET monitor = NULL WHERE monitor IS NOT NULL AND monitor NOT IN (SELECT id FROM monitors)
			AND NOT EXISTS (SELECT 1 FROM results r INDEXED BY results_by_ref WHERE r.ref = refs.ref)
			AND NOT EXISTS (SELECT 1 FROM blocks b INDEXED BY blocks_by_ref WHERE b.ref = refs.ref)
			AND NOT EXISTS (SELECT 1 FROM rollups r WHERE r.ref = refs.ref)
			AND NOT EXISTS (SELECT 1 FROM summaries s WHERE s.ref = refs.ref)
			AND NOT EXISTS (SELECT 1 FROM transitions t WHERE t.ref = refs.ref)`, nil},
		{"DELETE FROM dirty WHERE ref IN (SELECT ref FROM refs WHERE monitor IS NULL)", nil},
	} {
		if _, err := t.exec(orphans.statement, orphans.args...); err != nil {
			return err
		}
	}
	return nil
}

// runPurger purges when purgeDue has a value, until ctx ends. It ignores an error: the next Expire purges again and
// returns it.
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
	wake.Signal(s.purgeDue)
}

// purge deletes the rows of detached refs and returns unused pages to the file system, in small steps.
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

// purgeStep deletes some rows of one detached ref and finally the ref. It reports whether there may be more to delete.
func (t *tx) purgeStep() (more bool, err error) {
	ref, err := t.number("SELECT ref FROM refs WHERE monitor IS NULL LIMIT 1")
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, d := range deleteDetached {
		if n, err := t.deleteRows(d.statement, ref, d.step); err != nil || n == d.step {
			return true, err
		}
	}
	_, err = t.exec("DELETE FROM refs WHERE ref = ?", ref)
	return true, err
}

// shrinkStep returns some unused pages to the file system if there are too many. It reports whether that helped: then
// there may be more.
func (t *tx) shrinkStep() (more bool, err error) {
	pages, err := t.number("PRAGMA page_count")
	if err != nil {
		return false, err
	}
	unused, err := t.number("PRAGMA freelist_count")
	if err != nil || unused <= pages/unusedDivisor {
		return false, err
	}
	if _, err := t.exec("PRAGMA incremental_vacuum(100)"); err != nil {
		return false, err
	}
	left, err := t.number("PRAGMA freelist_count")
	return left < unused, err
}
