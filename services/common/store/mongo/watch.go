package mongo

import (
	"context"
	"fmt"
	"sync"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// Watch reports changes by change streams on the collections of the topic. It reopens a stream that fails, and then
// sends a value because changes may have been missed. The channel closes when the server rejects a stream. If the
// server has no change streams, the error wraps [store.ErrWatchUnsupported] and the answer of the server.
func (s *Store) Watch(ctx context.Context, t store.Topic) (_ <-chan struct{}, err error) {
	defer s.end(ctx, time.Now(), "watch "+string(t), &err)
	if s.polling {
		return nil, fmt.Errorf("%w: USE_POLLING is set", store.ErrWatchUnsupported)
	}
	streams, err := openStreams(ctx, s.watched(t))
	if isRejection(err) {
		return nil, fmt.Errorf("%w: the server rejects change streams: %w", store.ErrWatchUnsupported, err)
	}
	if err != nil {
		return nil, err
	}
	changes := make(chan struct{}, 1)
	notify := func() { wake.Signal(changes) }
	ctx, stop := context.WithCancel(ctx)
	var following sync.WaitGroup
	for _, stream := range streams {
		following.Go(func() {
			defer stop()
			stream.follow(ctx, notify)
		})
	}
	go func() {
		defer stop()
		following.Wait()
		close(changes)
	}()
	return changes, nil
}

// watched returns the collections that change with a topic.
func (s *Store) watched(t store.Topic) []*driver.Collection {
	switch t {
	case store.TopicMonitors:
		return []*driver.Collection{s.monitors, s.maintenance, s.meta}
	case store.TopicResults:
		return []*driver.Collection{s.appends, s.meta}
	case store.TopicOnDemandChecks:
		return []*driver.Collection{s.onDemandChecks, s.onDemandResults}
	case store.TopicIncidents:
		return []*driver.Collection{s.incidents, s.silences}
	case store.TopicPings:
		return []*driver.Collection{s.pings}
	case store.TopicStatusPages:
		return []*driver.Collection{s.statusPages, s.statusMessages}
	}
	return nil
}

// openStreams opens a stream for each collection. If one fails it closes the others.
func openStreams(ctx context.Context, collections []*driver.Collection) ([]*changeStream, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	streams := make([]*changeStream, 0, len(collections))
	for _, c := range collections {
		s := &changeStream{collection: c}
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

// isRejection reports whether a reachable server rejected the call, because it does not support it or for an unknown
// reason.
func isRejection(err error) bool {
	return isServerError(err) && !isTemporary(err)
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
