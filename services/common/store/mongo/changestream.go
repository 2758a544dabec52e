package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

const (
	// openTimeout limits opening and closing a stream.
	openTimeout = 3 * time.Second
	// minRetryPause and maxRetryPause limit the pause between attempts to reopen a stream.
	minRetryPause = 50 * time.Millisecond
	maxRetryPause = 2 * time.Second
	// minPollInterval is the minimum time between two requests for events if the first returned none. A server should
	// wait for events itself, but some servers answer at once.
	minPollInterval = 50 * time.Millisecond
)

// changeStream reports the changes of one collection. It uses an aggregation and not the driver's Watch, which silently
// resumes a broken stream and, without a token, may then miss changes.
type changeStream struct {
	collection *driver.Collection
	cursor     *driver.Cursor
	// token identifies the last event. A reopened stream continues after it; nil means that it begins with new events.
	token bson.Raw
	// pause is the next pause before the stream is opened again. It grows until an event was requested successfully.
	pause time.Duration
}

// open opens the stream.
func (s *changeStream) open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	from := bson.D{}
	if s.token != nil {
		from = append(from, field("startAfter", s.token))
	}
	// Only the token of an event is used, which is its _id.
	stages := bson.A{bson.D{field("$changeStream", from)}, bson.D{field("$project", byID(1))}}
	s.cursor, err = s.collection.Aggregate(ctx, stages)
	return err
}

// follow calls notify after each change, and after each interruption because changes may have been missed. It returns
// when ctx ends or the server rejects the stream.
func (s *changeStream) follow(ctx context.Context, notify func()) {
	for {
		s.read(ctx, notify)
		if !s.reopen(ctx) {
			return
		}
		notify()
	}
}

// read calls notify after each change until the stream fails or ends. It ends when its collection is dropped or
// renamed.
func (s *changeStream) read(ctx context.Context, notify func()) {
	defer s.close()
	for n := 0; s.cursor.ID() != 0 || s.cursor.RemainingBatchLength() > 0; n++ {
		requested := time.Now()
		found, err := s.next(ctx)
		if n > 0 && err == nil { // the first call reads what open has returned
			s.pause = 0
		}
		switch {
		case isRejection(err):
			// The token may be the reason: it is older than the server's history, or its event is too large.
			s.token = nil
			return
		case err != nil:
			return
		case found:
			notify()
		default:
			wait(ctx, minPollInterval-time.Since(requested))
		}
	}
}

// next requests an event and reports whether there was one.
func (s *changeStream) next(ctx context.Context) (bool, error) {
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

// reopen opens the stream and retries until that succeeds. It returns false when ctx ends or the server rejects the
// stream.
func (s *changeStream) reopen(ctx context.Context) bool {
	for {
		s.pause = min(max(2*s.pause, minRetryPause), maxRetryPause)
		wait(ctx, s.pause)
		if ctx.Err() != nil {
			return false
		}
		err := s.open(ctx)
		switch {
		case err == nil:
			return true
		case isRejection(err) && s.token != nil:
			s.token = nil
		case isRejection(err), errors.Is(err, driver.ErrClientDisconnected):
			return false
		}
	}
}

func (s *changeStream) close() {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	// An error is ignored: the stream may have failed or ended already.
	_ = s.cursor.Close(ctx)
}
