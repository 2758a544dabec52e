package sqlite

import (
	"context"
	"time"

	"nanomon/services/common/store"
)

// A group of operations that share a commit ends when it holds maxGroup, or takes longer than groupTime.
const (
	maxGroup  = 256
	groupTime = 20 * time.Millisecond
)

// operation is one call that writes.
type operation struct {
	ctx    context.Context
	run    func(*tx) error
	topics []store.Topic
	err    error
	done   chan struct{}
}

// write runs an operation in the writer's next transaction and returns when it is on disk. When ctx ends
// earlier it returns at once; the operation may still be done.
func (s *Store) write(ctx context.Context, name string, run func(*tx) error, topics ...store.Topic) (err error) {
	defer s.observe.End(name, time.Now(), &err)
	if err := ctx.Err(); err != nil {
		return describe(name, err)
	}
	op := &operation{ctx: ctx, run: run, topics: topics, done: make(chan struct{})}
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

// runWriter is the goroutine that owns t.
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

// commitGroup runs first and the operations that wait behind it in one transaction, and answers them.
func (s *Store) commitGroup(t *tx, first *operation) {
	group := []*operation{first}
	err := t.control("BEGIN IMMEDIATE")
	for end := time.Now().Add(groupTime); err == nil; {
		if err = t.runOperation(group[len(group)-1]); err != nil || len(group) == maxGroup || time.Now().After(end) {
			break
		}
		next := s.waiting()
		if next == nil {
			break
		}
		group = append(group, next)
	}
	if err == nil {
		err = t.control("COMMIT")
	}
	if err != nil {
		t.abort()
	}
	for _, op := range group {
		if op.err == nil {
			op.err = err
		}
		if op.err == nil {
			s.changes.tell(op.topics)
		}
		close(op.done)
	}
}

// waiting is an operation that waits to be taken; nil when there is none.
func (s *Store) waiting() *operation {
	select {
	case op := <-s.queue:
		return op
	default:
		return nil
	}
}

// runOperation runs op so that a failure of its own leaves nothing behind, and no other operation of
// the group is hurt. The error is one that the whole group shares.
func (t *tx) runOperation(op *operation) error {
	if op.err = op.ctx.Err(); op.err != nil {
		return nil
	}
	if err := t.control("SAVEPOINT operation"); err != nil {
		return err
	}
	if op.err = op.run(t); op.err != nil {
		t.forget()
		if err := t.control("ROLLBACK TO operation"); err != nil {
			return op.err
		}
	}
	return t.control("RELEASE operation")
}
