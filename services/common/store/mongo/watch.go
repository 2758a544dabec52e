package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/store"
)

// Watch tells of changes by change streams on the collections that hold the topic. What breaks a stream is mended as
// long as the server can be expected to tell of changes again; the channel has a value after every mending. A server
// that refuses change streams gives [store.ErrWatchUnsupported] and its reason.
func (s *Store) Watch(ctx context.Context, t store.Topic) (_ <-chan struct{}, err error) {
	defer s.end(ctx, time.Now(), "watch "+string(t), &err)
	if s.polling {
		return nil, fmt.Errorf("%w: USE_POLLING is set", store.ErrWatchUnsupported)
	}
	streams, err := openStreams(ctx, s.watched(t))
	if refused(err) {
		return nil, fmt.Errorf("%w: the server refuses a change stream: %w", store.ErrWatchUnsupported, err)
	}
	if err != nil {
		return nil, err
	}
	told := make(chan struct{}, 1)
	tell := func() {
		select {
		case told <- struct{}{}:
		default:
		}
	}
	ctx, stop := context.WithCancel(ctx)
	var following sync.WaitGroup
	for _, stream := range streams {
		following.Go(func() {
			defer stop()
			stream.follow(ctx, tell)
		})
	}
	go func() {
		defer stop()
		following.Wait()
		close(told)
	}()
	return told, nil
}

// watched are the collections in which a change of a topic shows.
func (s *Store) watched(t store.Topic) []*driver.Collection {
	switch t {
	case store.TopicMonitors:
		return []*driver.Collection{s.monitors, s.maintenance, s.meta}
	case store.TopicResults:
		return []*driver.Collection{s.appends, s.meta}
	case store.TopicOnDemandChecks:
		return []*driver.Collection{s.checks, s.checkAnswers}
	}
	return nil
}

// openStreams opens all or none.
func openStreams(ctx context.Context, collections []*driver.Collection) ([]*stream, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	streams := make([]*stream, 0, len(collections))
	for _, c := range collections {
		s := &stream{of: c}
		if err := s.open(ctx); err != nil {
			for _, open := range streams {
				open.close()
			}
			return nil, err
		}
		streams = append(streams, s)
	}
	return streams, nil
}

// refused reports whether the server understood and said no, and will say so again.
func refused(err error) bool {
	var server driver.ServerError
	return errors.As(err, &server) && !isUnavailable(err)
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
