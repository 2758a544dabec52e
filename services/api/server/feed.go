package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// resultsPerFrame is how many results go into one frame at most.
	resultsPerFrame = 500
	// sentResults is how many ids of results are remembered, so that none is sent twice.
	sentResults = 20_000
	// resultPoll and monitorPoll are how often changes are looked for where the store can't be watched.
	resultPoll  = time.Second
	monitorPoll = 2 * time.Second
)

type eventStore interface {
	watcher
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error)
}

// frame is some events, whole and with their secrets hidden; masked is nil when nobody is there to see that.
type frame struct{ full, masked []byte }

// audience is who a [feed] is for.
type audience interface {
	anyMasked() bool
	broadcast(f frame)
}

// feed reads what changes in the store and makes frames of the event stream of it.
type feed struct {
	store    eventStore
	log      *slog.Logger
	to       audience
	cursor   string
	sent     *lru.Cache[string, struct{}]
	monitors []monitor.Monitor
}

// newFeed makes a feed that tells of everything after the call.
func newFeed(ctx context.Context, s eventStore, log *slog.Logger, to audience) (*feed, error) {
	f := &feed{store: s, log: log, to: to}
	var err error
	if f.sent, err = lru.New[string, struct{}](sentResults); err != nil {
		return nil, err
	}
	if _, f.cursor, err = s.ResultsSince(ctx, "", resultsPerFrame); err != nil {
		return nil, err
	}
	f.monitors, err = s.Monitors(ctx)
	return f, err
}

// run sends until ctx ends. What happens while the store is away is sent when it is back.
func (f *feed) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { f.follow(ctx, store.TopicResults, resultPoll, f.sendResults) })
	both.Go(func() { f.follow(ctx, store.TopicMonitors, monitorPoll, f.sendMonitors) })
	both.Wait()
}

// follow logs an outage of the store once.
func (f *feed) follow(ctx context.Context, topic store.Topic, poll time.Duration, read func(context.Context) error) {
	failing := false
	follow(ctx, f.store, topic, poll, func() bool {
		err := read(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			f.log.Warn("event stream is interrupted", "topic", topic, "error", err)
		}
		failing = err != nil
		return false
	})
}

func (f *feed) sendResults(ctx context.Context) error {
	for {
		results, cursor, err := f.store.ResultsSince(ctx, f.cursor, resultsPerFrame)
		if err != nil {
			return err
		}
		var hidden []monitor.Result
		if f.to.anyMasked() {
			if hidden, err = maskResults(ctx, f.store, results); err != nil {
				return err
			}
		}
		f.cursor = cursor
		var full, masked bytes.Buffer
		for i, r := range results {
			if known, _ := f.sent.ContainsOrAdd(r.ID, struct{}{}); known {
				continue
			}
			f.event(&full, "result", r)
			if hidden != nil {
				f.event(&masked, "result", hidden[i])
			}
		}
		f.flush(frame{full.Bytes(), masked.Bytes()})
		if len(results) < resultsPerFrame {
			return nil
		}
	}
}

// monitorEvent tells of a monitor; what it is now is read from its own address.
type monitorEvent struct {
	ID string `json:"id"`
	// Change is created, changed or deleted.
	Change string `json:"change"`
}

func (f *feed) sendMonitors(ctx context.Context) error {
	monitors, err := f.store.Monitors(ctx)
	if err != nil {
		return err
	}
	var changes bytes.Buffer
	for _, e := range compare(f.monitors, monitors) {
		f.event(&changes, "monitor", e)
	}
	f.monitors = monitors
	f.flush(frame{changes.Bytes(), changes.Bytes()})
	return nil
}

// compare says what became of the monitors between two listings.
func compare(before, after []monitor.Monitor) []monitorEvent {
	updated := make(map[string]time.Time, len(before))
	for _, m := range before {
		updated[m.ID] = m.Updated
	}
	var events []monitorEvent
	for _, m := range after {
		was, known := updated[m.ID]
		switch {
		case !known:
			events = append(events, monitorEvent{m.ID, "created"})
		case !was.Equal(m.Updated):
			events = append(events, monitorEvent{m.ID, "changed"})
		}
		delete(updated, m.ID)
	}
	for _, m := range before {
		if _, gone := updated[m.ID]; gone {
			events = append(events, monitorEvent{m.ID, "deleted"})
		}
	}
	return events
}

// event appends one event to a frame.
func (f *feed) event(to *bytes.Buffer, name string, content any) {
	data, err := web.Encode(content)
	if err != nil {
		f.log.Error("event could not be encoded", "event", name, "error", err)
		return
	}
	fmt.Fprintf(to, "event: %s\ndata: %s\n", name, data)
}

func (f *feed) flush(events frame) {
	if len(events.full) > 0 {
		f.to.broadcast(events)
	}
}
