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

// operation is one call that writes. The writer sets err and then closes done.
type operation struct {
	name   string
	ctx    context.Context
	run    func(*tx) error
	topics []store.Topic
	err    error
	done   chan struct{}
}

// write runs an operation in the next transaction of the writer and returns when its changes are on disk. If ctx ends
// earlier, write returns at once and the operation may still be executed. After a commit, watchers of topics are
// notified.
func (s *Store) write(ctx context.Context, name string, run func(*tx) error, topics ...store.Topic) (err error) {
	defer s.observe.End(name, time.Now(), &err)
	if err := ctx.Err(); err != nil {
		return describe(name, err)
	}
	op := &operation{name: name, ctx: ctx, run: run, topics: topics, done: make(chan struct{})}
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
	for {
		select {
		case op := <-s.queue:
			s.commitGroup(t, op)
		case <-s.closing:
			return
		}
	}
}

// commitGroup runs first and the operations that are queued behind it in one transaction, and reports their errors.
func (s *Store) commitGroup(t *tx, first *operation) {
	s.health.setCommitting(time.Now())
	defer s.health.setCommitting(time.Time{})
	group := []*operation{first}
	err := s.verifyFiles(t)
	if err == nil {
		err = t.control("BEGIN IMMEDIATE")
	}
	run := t.runFirst
	for end := time.Now().Add(groupTime); err == nil; run = t.runOperation {
		if err = run(group[len(group)-1]); err != nil || len(group) == maxGroup || time.Now().After(end) {
			break
		}
		next := s.nextQueued()
		if next == nil {
			break
		}
		group = append(group, next)
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

// countChanges counts a transaction that may have changed monitors or states.
func (s *Store) countChanges(t *tx) {
	if t.changed["monitors"] {
		s.monitorChanges.Add(1)
	}
	if t.changed["states"] {
		s.stateChanges.Add(1)
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
