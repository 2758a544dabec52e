package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store/sqlite/block"
	"nanomon/services/common/wake"
)

const (
	// sealDelay is the time from the end of an hour until it is sealed. Most late results arrive before.
	sealDelay = 10 * time.Minute
	// sealInterval is the time between two searches for hours to seal.
	sealInterval = time.Minute
	// sealStep is the number of bytes of blocks after which a write ends. Other operations run between two writes.
	sealStep = 128 << 10
	// retryDelay is the time until an hour is tried again that could not be sealed.
	retryDelay = time.Hour
	// deleteSealedStep is the maximum number of rows that one write deletes after their hour was sealed.
	deleteSealedStep = 500
	// restFactor makes sealing in the background take at most a third of the writer's time.
	restFactor = 2
)

// KeepSealing seals the hours that are over, until ctx ends: it stores the results of a monitor in an hour as a block and
// deletes their rows. It also seals the hours of an existing file, oldest first. report receives the outcome of each
// attempt.
func (s *Store) KeepSealing(ctx context.Context, report func(err error)) {
	s.keepSealing(ctx, sealInterval, report)
}

func (s *Store) keepSealing(ctx context.Context, interval time.Duration, report func(err error)) {
	for wake.Pause(ctx, interval) {
		err := sealer{s, restFactor}.seal(ctx, time.Now())
		if ctx.Err() == nil {
			report(err)
		}
	}
}

// Seal seals all hours that are over at now, without pauses.
func (s *Store) Seal(ctx context.Context, now time.Time) error {
	return sealer{Store: s}.seal(ctx, now)
}

// sealer seals the hours of a store. It works in small steps, each of which can be interrupted: until its row is deleted,
// a result is in its row and in a block, and readers ignore one of both.
type sealer struct {
	*Store
	// rest is the duration of the pause after a write, in multiples of the duration of this write.
	rest time.Duration
}

// seal seals all hours that are over at now. An hour that can't be sealed stays as it is and does not stop others; seal
// returns the error of the first one. It stops if the disk has too little space left.
func (s sealer) seal(ctx context.Context, now time.Time) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	closed := hourOf(now.Add(-sealDelay).UnixMilli())
	var failure error
	for from := int64(0); ; from += hourLength {
		var err error
		if from, err = s.nextHour(ctx, from, closed); errors.Is(err, monitor.ErrNotFound) {
			return failure
		}
		if err == nil {
			err = s.sealUnlessFailed(ctx, from)
		}
		if err != nil && !concernsOneHour(err) {
			return err
		}
		failure = cmp.Or(failure, err)
	}
}

// failedHour is an hour that could not be sealed.
type failedHour struct {
	err   error
	retry time.Time
}

// sealUnlessFailed seals an hour, or returns the error of the last attempt for a while: an attempt that fails is
// expensive, and there may be many such hours.
func (s sealer) sealUnlessFailed(ctx context.Context, hour int64) error {
	if failed := s.failedHours[hour]; time.Now().Before(failed.retry) {
		return failed.err
	}
	err := s.sealHour(ctx, hour)
	delete(s.failedHours, hour)
	if concernsOneHour(err) {
		s.failedHours[hour] = failedHour{err, time.Now().Add(retryDelay)}
	}
	return err
}

// sealError is an error about one hour of a monitor. Others can be sealed.
type sealError struct{ err error }

func (e *sealError) Error() string { return fmt.Sprintf("seal %v", e.err) }

func (e *sealError) Unwrap() error { return e.err }

func concernsOneHour(err error) bool {
	var failed *sealError
	return errors.As(err, &failed)
}

// nextHour returns the oldest hour with rows, not before from and before closed.
func (s sealer) nextHour(ctx context.Context, from, closed int64) (int64, error) {
	var oldest int64
	const query = `SELECT date FROM results INDEXED BY results_by_date
		WHERE era = (SELECT era FROM meta) AND date >= ? AND date < ? ORDER BY date LIMIT 1`
	err := s.row(ctx, "find an hour to seal", query, []any{from, closed}, &oldest)
	return hourOf(oldest), err
}

// sealHour seals an hour of all monitors, deletes its rows, and returns unused pages to the file system.
func (s sealer) sealHour(ctx context.Context, hour int64) error {
	failure := s.storeBlocks(ctx, hour)
	if failure != nil && !concernsOneHour(failure) {
		return failure
	}
	if err := s.deleteSealed(ctx, hour, hour+hourLength, s.sealWrite); err != nil {
		return err
	}
	for more := true; more; {
		err := s.sealWrite(ctx, func(t *tx) (err error) {
			more, err = t.shrinkStep()
			return err
		})
		if err != nil {
			return err
		}
	}
	return failure
}

// storeBlocks stores the blocks of an hour.
func (s sealer) storeBlocks(ctx context.Context, hour int64) (failure error) {
	refs, err := s.refsWithRows(ctx, hour)
	if err != nil {
		return err
	}
	var blocks []sealedBlock
	size := 0
	for i, ref := range refs {
		b, err := s.readBlock(ctx, ref, hour)
		if err != nil && !concernsOneHour(err) {
			return err
		}
		failure = cmp.Or(failure, err)
		if b.size > 0 {
			blocks, size = append(blocks, b), size+len(b.head)+len(b.data)
		}
		if len(blocks) == 0 || size < sealStep && i < len(refs)-1 {
			continue
		}
		if err := s.sealWrite(ctx, func(t *tx) error { return putBlocks(t, blocks) }); err != nil {
			return err
		}
		blocks, size = nil, 0
	}
	return failure
}

// deleteSealed deletes the rows with from <= date < to that are in blocks. It calls write for each step.
func (s *Store) deleteSealed(ctx context.Context, from, to int64, write func(context.Context, func(*tx) error) error) error {
	for n := deleteSealedStep; n == deleteSealedStep; {
		err := write(ctx, func(t *tx) (err error) {
			n, err = t.deleteRows(deleteSealed, from, to, deleteSealedStep)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sealWrite makes a write for sealing if the disk has enough space, and then pauses.
func (s sealer) sealWrite(ctx context.Context, run func(*tx) error) error {
	if err := s.checkSpace(); err != nil {
		return err
	}
	began := time.Now()
	err := s.write(ctx, "seal results", run)
	s.checkpoint(ctx) // Otherwise the writer has to make it, while others wait.
	if err == nil && s.rest > 0 && !wake.Pause(ctx, s.rest*time.Since(began)) {
		err = ctx.Err()
	}
	return err
}

// refOfHour is a ref with rows in an hour.
type refOfHour struct {
	ref     int64
	monitor []byte
}

func (s sealer) refsWithRows(ctx context.Context, hour int64) (refs []refOfHour, err error) {
	const query = `SELECT f.ref, f.monitor FROM refs f WHERE f.monitor IS NOT NULL AND EXISTS
		(SELECT 1 FROM results r INDEXED BY results_by_ref WHERE r.ref = f.ref AND r.date >= ? AND r.date < ?)`
	err = s.read(ctx, "list monitors to seal", query, []any{hour, hour + hourLength}, func(rows *sql.Rows) error {
		var r refOfHour
		err := rows.Scan(&r.ref, &r.monitor)
		refs = append(refs, r)
		return err
	})
	return refs, err
}

// readBlock returns the block of a ref and an hour with all its results: those in its previous block, and those in rows.
// Its size is 0 if the previous block contains all of them.
func (s sealer) readBlock(ctx context.Context, r refOfHour, hour int64) (b sealedBlock, err error) {
	err = s.snapshot(ctx, "read results to seal", func(q *snapshot) error {
		previous, sealed, err := q.previousBlock(r, hour)
		if err != nil {
			return err
		}
		rows, err := q.unsealedRows(r, hour, previous.maxSeq)
		if err != nil || len(rows) == 0 {
			return err
		}
		if b, err = newBlock(r.ref, hour, append(sealed, rows...)); err != nil {
			b = sealedBlock{}
			return err
		}
		b.replaces, b.replacesSeq = previous.replaces, previous.maxSeq
		return nil
	})
	if errors.Is(err, block.ErrDamaged) || errors.Is(err, block.ErrTooLarge) || errors.Is(err, errEncoding) {
		err = &sealError{blockError(r.monitor, hour, err)}
	}
	return b, err
}

// previousBlock returns the block of a ref and an hour, and its rows.
func (q *snapshot) previousBlock(r refOfHour, hour int64) (b sealedBlock, results []block.Row, err error) {
	const query = "SELECT block, max_seq, head, data FROM blocks WHERE ref = ? AND hour = ?"
	b.maxSeq = noSeq
	err = q.each(query, []any{r.ref, hour}, func(rows *sql.Rows) error {
		if err := rows.Scan(&b.replaces, &b.maxSeq, &b.head, &b.data); err != nil {
			return err
		}
		head, err := block.DecodeHead(b.head)
		if err == nil {
			results, err = head.Decode(b.data)
		}
		return err
	})
	return b, results, err
}

// noSeq is less than every seq.
const noSeq = -1

// unsealedRows returns the rows of a ref and an hour with a greater seq.
func (q *snapshot) unsealedRows(r refOfHour, hour, after int64) (list []block.Row, err error) {
	const query = `SELECT r.seq, r.date, r.id, r.label, r.shape, r.status, r.value, coalesce(r.message, ''), s.names, r.outputs
		FROM results r INDEXED BY results_by_ref LEFT JOIN shapes s ON s.shape = r.shape
		WHERE r.ref = ? AND r.date >= ? AND r.date < ? AND r.seq > ?`
	err = q.each(query, []any{r.ref, hour, hour + hourLength, after}, func(rows *sql.Rows) error {
		var row block.Row
		var id, names, values sql.RawBytes
		err := rows.Scan(&row.Seq, &row.Date, &id, &row.Label, &row.Shape, &row.Status, &row.Value, &row.Message, &names, &values)
		if err != nil {
			return err
		}
		if _, _, err := decodeStatus(row.Status); err != nil || copy(row.ID[:], id) != len(id) || len(id) != block.IDSize {
			return errEncoding
		}
		row.Outputs, err = decodeValues(names, values)
		list = append(list, row)
		return err
	})
	return list, err
}

// decodeValues returns the values of outputs, which must be as many as the names.
func decodeValues(names, values []byte) (list []any, err error) {
	for len(names) > 0 {
		_, rest, named := cutText(names)
		value, others, valued := cutValue(values)
		if !named || !valued {
			return nil, errEncoding
		}
		list, names, values = append(list, value), rest, others
	}
	if len(values) > 0 {
		return nil, errEncoding
	}
	return list, nil
}
