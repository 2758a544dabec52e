package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

const (
	// openTimeout bounds the opening of a stream.
	openTimeout = 3 * time.Second
	// leastPause and mostPause bound the pauses between attempts to open a stream again.
	leastPause = 50 * time.Millisecond
	mostPause  = 2 * time.Second
	// nextPause is the least time between two questions for events where the first brought none: a
	// server is to wait for events itself, but some don't.
	nextPause = 50 * time.Millisecond
)

// stream tells of the changes of a collection. It asks for a change stream by the aggregation behind it, and not
// by the driver's own call: that resumes a broken one without a word, and without a token may then miss changes.
type stream struct {
	of     *driver.Collection
	cursor *driver.Cursor
	// token is the last event's: the stream goes on after it when it is opened again. Nil means from now on.
	token bson.Raw
}

// open opens the stream.
func (s *stream) open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	from := bson.D{}
	if s.token != nil {
		from = append(from, field("startAfter", s.token))
	}
	// Of an event nothing is used but its token, which is its _id.
	stages := bson.A{bson.D{field("$changeStream", from)}, bson.D{field("$project", byID(1))}}
	s.cursor, err = s.of.Aggregate(ctx, stages)
	return err
}

// follow tells of changes, and after every break that something may have been missed, until ctx ends or the
// server refuses to go on.
func (s *stream) follow(ctx context.Context, tell func()) {
	for {
		s.read(ctx, tell)
		if !s.reopen(ctx) {
			return
		}
		tell()
	}
}

// read tells of changes until the stream breaks or ends, as it does when its collection is dropped or renamed.
func (s *stream) read(ctx context.Context, tell func()) {
	defer s.close()
	for s.cursor.ID() != 0 || s.cursor.RemainingBatchLength() > 0 {
		asked := time.Now()
		event, err := s.next(ctx)
		switch {
		case refused(err):
			// It may be the token: its place may be out of the server's history, or its event too large.
			s.token = nil
			return
		case err != nil:
			return
		case event:
			tell()
		default:
			wait(ctx, nextPause-time.Since(asked))
		}
	}
}

// next asks for an event and reports whether there was one.
func (s *stream) next(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	if !s.cursor.TryNext(ctx) {
		return false, s.cursor.Err()
	}
	if token, isDocument := s.cursor.Current.Lookup("_id").DocumentOK(); isDocument {
		s.token = bson.Raw(append([]byte(nil), token...))
	}
	return true, nil
}

// reopen opens the stream, and tries until it can; false when ctx has ended or the server refuses.
func (s *stream) reopen(ctx context.Context) bool {
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		wait(ctx, pause)
		if ctx.Err() != nil {
			return false
		}
		err := s.open(ctx)
		switch {
		case err == nil:
			return true
		case refused(err) && s.token != nil:
			s.token = nil
		case refused(err), errors.Is(err, driver.ErrClientDisconnected):
			return false
		}
	}
}

func (s *stream) close() {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	// It may be broken or over: nothing is left to do then.
	_ = s.cursor.Close(ctx)
}
