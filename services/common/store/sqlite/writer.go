package sqlite

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/store"
)

// A group of operations that share a commit is complete when it contains maxGroup operations or has taken groupTime.
const (
	maxGroup  = 256
	groupTime = 20 * time.Millisecond
)

// patientPause is the minimum time between the previous commit and one with patient operations alone. A commit costs much
// more than an insert, because it waits for the disk.
const patientPause = 50 * time.Millisecond

// operation is one call that writes. The writer sets err and then closes done.
type operation struct {
	name   string
	ctx    context.Context
	run    func(*tx) error
	topics []store.Topic
	// patient means that the operation may wait for others that share its commit.
	patient bool
	err     error
	done    chan struct{}
}

// write runs an operation in the next transaction of the writer and returns when its changes are on disk. If ctx ends
// earlier, write returns at once and the operation may still be executed. After a commit, watchers of topics are
// notified.
func (s *Store) write(ctx context.Context, name string, run func(*tx) error, topics ...store.Topic) error {
	return s.execute(&operation{name: name, ctx: ctx, run: run, topics: topics, done: make(chan struct{})})
}

// writePatiently is like write for an operation that is frequent and that nobody waits for.
func (s *Store) writePatiently(ctx context.Context, name string, run func(*tx) error, topics ...store.Topic) error {
	return s.execute(&operation{name: name, ctx: ctx, run: run, topics: topics, patient: true, done: make(chan struct{})})
}

func (s *Store) execute(op *operation) (err error) {
	ctx, name := op.ctx, op.name
	defer s.observe.End(name, time.Now(), &err)
	if err := ctx.Err(); err != nil {
		return describe(name, err)
	}
	select {
	case s.queue <- op:
	case <-ctx.Done():
		return describe(name, ctx.Err())
	case <-s.closing:
		return describe(name, errClosed)
	}
	select {
	case <-op.done:
		return describe(name, op.err)
	case <-ctx.Done():
		return describe(name, ctx.Err())
	}
}

// runWriter executes operations until the store closes. It owns t.
func (s *Store) runWriter(t *tx) {
	defer t.close()
	var committed time.Time
	for {
		select {
		case op := <-s.queue:
			s.commitGroup(t, s.gather(op, committed.Add(patientPause)))
			committed = time.Now()
		case <-s.closing:
			return
		}
	}
}

// gather returns first, and the operations that are queued behind it until the given time, while all are patient.
func (s *Store) gather(first *operation, until time.Time) []*operation {
	group := []*operation{first}
	if !first.patient {
		return group
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for group[len(group)-1].patient && len(group) < maxGroup {
		select {
		case op := <-s.queue:
			group = append(group, op)
		case <-timer.C:
			return group
		case <-s.closing:
			return group
		}
	}
	return group
}

// commitGroup runs the operations of a group and the operations that are queued behind them in one transaction, and
// reports their errors. The group has at least one operation.
func (s *Store) commitGroup(t *tx, group []*operation) {
	s.health.setCommitting(time.Now())
	defer s.health.setCommitting(time.Time{})
	err := s.verifyFiles(t)
	if err == nil {
		err = t.control("BEGIN IMMEDIATE")
	}
	run, end := t.runFirst, time.Now().Add(groupTime)
	for i := 0; err == nil && i < len(group); i++ {
		err = run(group[i])
		run = t.runOperation
		if i+1 < len(group) || len(group) >= maxGroup || time.Now().After(end) {
			continue
		}
		if next := s.nextQueued(); next != nil {
			group = append(group, next)
		}
	}
	// The file may have been deleted since the transaction began.
	if err == nil && errors.Is(s.files.check(), errFileGone) {
		err = errFileGone
	}
	if err == nil {
		err = t.control("COMMIT")
	}
	if err != nil {
		t.abort()
	} else {
		// The log may have been deleted since the transaction began. If it can't be renewed now, the next write does it.
		_ = s.renewLog(t)
	}
	s.countChanges(t)
	for _, op := range group {
		if op.err == nil {
			op.err = err
		}
		s.health.recordWrite(op.name, op.err)
		if op.err == nil {
			s.changes.notify(op.topics)
		}
		close(op.done)
	}
}

// countChanges counts a transaction that may have changed monitors, states or status pages.
func (s *Store) countChanges(t *tx) {
	if t.changed["monitors"] {
		s.monitorChanges.Add(1)
	}
	if t.changed["states"] {
		s.stateChanges.Add(1)
	}
	if t.changed["status_pages"] || t.changed["status_messages"] {
		s.pageChanges.Add(1)
	}
	clear(t.changed)
}

// nextQueued returns the next queued operation without waiting; nil if there is none.
func (s *Store) nextQueued() *operation {
	select {
	case op := <-s.queue:
		return op
	default:
		return nil
	}
}

// runFirst is like runOperation for the first operation of a transaction. It needs no savepoint, for which SQLite
// copies every page before its first change: if op fails, the transaction is rolled back and another one begins.
func (t *tx) runFirst(op *operation) error {
	if op.err = op.ctx.Err(); op.err != nil {
		return nil
	}
	if op.err = op.run(t); op.err != nil {
		t.abort()
		return t.control("BEGIN IMMEDIATE")
	}
	return nil
}

// runOperation runs op and stores its error in op.err. An operation that fails is rolled back alone, without effect on
// the rest of the group. The returned error is one after which the whole group has failed.
func (t *tx) runOperation(op *operation) error {
	if op.err = op.ctx.Err(); op.err != nil {
		return nil
	}
	if err := t.control("SAVEPOINT operation"); err != nil {
		return err
	}
	if op.err = op.run(t); op.err != nil {
		t.clearCache()
		if err := t.control("ROLLBACK TO operation"); err != nil {
			return op.err
		}
	}
	return t.control("RELEASE operation")
}
