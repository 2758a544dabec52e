package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/common/web"
)

const (
	// maxFrameResults is the maximum number of results in a frame.
	maxFrameResults = 500
	// maxSentIDs is the number of result ids that are remembered, so that no result is sent twice.
	maxSentIDs = 20_000
	// These are the polling intervals if the store can't be watched.
	resultPoll     = time.Second
	monitorPoll    = 2 * time.Second
	incidentPoll   = 2 * time.Second
	statusPagePoll = 5 * time.Second
)

// eventStore is the part of the store for the event stream.
type eventStore interface {
	store.Watcher
	monitorLister
	runnerLister
	windowLister
	silenceLister
	openIncidentLister
	statusPageLister
	ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error)
}

// eventFrame contains encoded events, in full and with masked secrets. masked is nil if no client needed it.
type eventFrame struct{ full, masked []byte }

// broadcaster receives the frames of an [eventFeed].
type broadcaster interface {
	// needsMasked reports whether a frame needs its masked form.
	needsMasked() bool
	// setOpenIncidents receives the number of open incidents before the events with this number are sent.
	setOpenIncidents(count int)
	broadcast(f eventFrame)
}

// eventFeed reads changes from the store and encodes them as frames of the event stream.
type eventFeed struct {
	store   eventStore
	secrets secret.Properties
	log     *slog.Logger
	to      broadcaster
	// Only sendResults uses cursor and sent, the ids of the results that were sent.
	cursor string
	sent   *lru.Cache[string, struct{}]
	// monitors are the monitors at the last read. Only sendMonitors uses them.
	monitors []monitor.Monitor
	// notChecked contains the monitors that were not checked at the last read. Only sendNotChecked uses it.
	notChecked map[string]notChecked
	// situationChanged wakes followSituation: maintenance windows or silences may have changed.
	situationChanged chan struct{}
	// inMaintenance contains the monitors that were in maintenance at the last read.
	inMaintenance maintenance.Active
	// silenced contains the ends of the silences at the last read, by monitor.
	silenced map[string]time.Time
	// incidents contains the open incidents at the last read, by id. Only sendIncidents uses it.
	incidents map[string]store.Incident
	// pages is the version of the status pages and their messages at the last read. Only sendStatusPages uses it.
	pages uint64
}

// newEventFeed returns a feed of all changes after the call.
func newEventFeed(
	ctx context.Context, s eventStore, secrets secret.Properties, log *slog.Logger, to broadcaster,
) (*eventFeed, error) {
	f := &eventFeed{store: s, secrets: secrets, log: log, to: to, situationChanged: wake.New()}
	var err error
	if f.sent, err = lru.New[string, struct{}](maxSentIDs); err != nil {
		return nil, err
	}
	if _, f.cursor, err = s.ResultsSince(ctx, "", maxFrameResults); err != nil {
		return nil, err
	}
	if f.notChecked, err = notCheckedMonitors(ctx, s); err != nil {
		return nil, err
	}
	if f.inMaintenance, err = inMaintenance(ctx, s); err != nil {
		return nil, err
	}
	if f.silenced, err = silencedMonitors(ctx, s); err != nil {
		return nil, err
	}
	if f.incidents, err = openIncidents(ctx, s); err != nil {
		return nil, err
	}
	if f.pages, err = statusPagesVersion(ctx, s); err != nil {
		return nil, err
	}
	to.setOpenIncidents(len(f.incidents))
	f.monitors, err = s.Monitors(ctx)
	return f, err
}

// run sends frames until ctx ends. Changes that it misses while the store is unavailable are sent afterwards.
func (f *eventFeed) run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { f.follow(ctx, store.TopicResults, resultPoll, f.sendResults) })
	group.Go(func() { f.follow(ctx, store.TopicMonitors, monitorPoll, f.sendMonitors) })
	group.Go(func() { f.follow(ctx, store.TopicIncidents, incidentPoll, f.sendIncidents) })
	group.Go(func() { f.follow(ctx, store.TopicStatusPages, statusPagePoll, f.sendStatusPages) })
	group.Go(func() { f.followSituation(ctx) })
	group.Wait()
}

// follow calls read after every change of the topic.
func (f *eventFeed) follow(
	ctx context.Context, topic store.Topic, poll time.Duration, read func(context.Context) error,
) {
	failures := store.FailureLog{
		Log: f.log, Failed: "event stream interrupted, retrying", Recovered: "event stream works again",
		Args: []any{"topic", topic},
	}
	followed := store.Followed{Topic: topic, Poll: poll, Rewatch: poll, Delay: poll / 10}
	if topic == store.TopicStatusPages {
		followed.Revision = f.store.StatusPagesRevision
	}
	store.Follow(ctx, f.store, followed, func() bool {
		if err := read(ctx); ctx.Err() == nil {
			failures.Record(err)
		}
		return false
	})
}

func (f *eventFeed) sendResults(ctx context.Context) error {
	for {
		results, cursor, err := f.store.ResultsSince(ctx, f.cursor, maxFrameResults)
		if err != nil {
			return err
		}
		var maskedResults []monitor.Result
		if f.to.needsMasked() {
			if maskedResults, err = maskResults(ctx, f.store, f.secrets, results); err != nil {
				return err
			}
		}
		f.cursor = cursor
		var full, masked bytes.Buffer
		for i, r := range results {
			if sent, _ := f.sent.ContainsOrAdd(r.ID, struct{}{}); sent {
				continue
			}
			writeEvent(&full, f.log, "result", r)
			if maskedResults != nil {
				writeEvent(&masked, f.log, "result", maskedResults[i])
			}
		}
		f.flush(eventFrame{full.Bytes(), masked.Bytes()})
		if len(results) < maxFrameResults {
			return nil
		}
	}
}

// monitorEvent is the data of a monitor event. Clients read the monitor itself from its own route.
type monitorEvent struct {
	ID string `json:"id"`
	// Change is "created", "changed" or "deleted". A monitor also changes when it is no longer checked, or checked
	// again, and when its maintenance or silence begins or ends.
	Change string `json:"change"`
}

func (f *eventFeed) sendMonitors(ctx context.Context) error {
	monitors, err := f.store.Monitors(ctx)
	if err != nil {
		return err
	}
	var changes bytes.Buffer
	for _, e := range diffMonitors(f.monitors, monitors) {
		writeEvent(&changes, f.log, "monitor", e)
	}
	f.monitors = monitors
	f.flush(eventFrame{changes.Bytes(), changes.Bytes()})
	wake.Signal(f.situationChanged) // Windows have the same topic.
	return nil
}

// diffMonitors returns the changes between two lists of monitors.
func diffMonitors(before, after []monitor.Monitor) []monitorEvent {
	updated := make(map[string]time.Time, len(before))
	for _, m := range before {
		updated[m.ID] = m.Updated
	}
	var events []monitorEvent
	for _, m := range after {
		previous, existed := updated[m.ID]
		switch {
		case !existed:
			events = append(events, monitorEvent{m.ID, "created"})
		case !previous.Equal(m.Updated):
			events = append(events, monitorEvent{m.ID, "changed"})
		}
		delete(updated, m.ID)
	}
	for _, m := range before {
		if _, deleted := updated[m.ID]; deleted {
			events = append(events, monitorEvent{m.ID, "deleted"})
		}
	}
	return events
}

// writeEvent appends one event to a frame.
func writeEvent(to *bytes.Buffer, log *slog.Logger, name string, content any) {
	data, err := web.Encode(content)
	if err != nil {
		log.Error("could not encode an event", "event", name, "error", err)
		return
	}
	fmt.Fprintf(to, "event: %s\ndata: %s\n", name, data)
}

func (f *eventFeed) flush(events eventFrame) {
	if len(events.full) > 0 {
		f.to.broadcast(events)
	}
}
