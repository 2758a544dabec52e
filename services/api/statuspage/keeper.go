// Package statuspage keeps the content of the status pages in memory: it follows the store, computes what each page
// shows, and renders it. Requests only read finished content.
package statuspage

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/api/statuspage/view"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

const (
	// interval is the time between two refreshes while nothing but results changes, and minPause the minimum pause
	// between two refreshes.
	interval = 3 * time.Second
	minPause = time.Second
	// oldAfter is the time without a successful refresh after which the pages say how old they are.
	oldAfter = 10 * time.Second
	// previewIdle is the time after the last preview after which its data is dropped.
	previewIdle = 5 * time.Minute
)

// Store is the part of the store that the keeper reads; [store.Store] documents the methods.
type Store interface {
	store.Watcher
	historyStore
	definitionStore
	incidentStore
}

// Keeper keeps the content of all status pages current. Create it with [NewKeeper].
type Keeper struct {
	store Store
	log   *slog.Logger
	now   func() time.Time
	// wake makes Run refresh the pages soon.
	wake    chan struct{}
	current atomic.Pointer[snapshot]
	// hosts contains the pages at the last read by custom host name, without content.
	hosts atomic.Pointer[map[string]*Published]

	mu sync.Mutex
	// changed says what the next refresh must read. mu protects it.
	changed topics

	// publishing protects confirmed and the change of current.
	publishing sync.Mutex
	confirmed  confirmation

	// collector is used by refreshes only.
	collector *collector
	previews  previews
}

// confirmation is the time at which the content was last known to be current.
type confirmation struct {
	// date is for people; at is for measuring.
	date, at time.Time
}

// NewKeeper returns a keeper that works while [Keeper.Run] runs. now returns the time for dates.
func NewKeeper(s Store, log *slog.Logger, now func() time.Time) *Keeper {
	return &Keeper{
		store: s, log: log, now: now, wake: wake.New(), collector: newCollector(s), changed: topics{true, true, true},
		previews: previews{lock: make(chan struct{}, 1)},
	}
}

// IsReady reports whether the list of the pages is known. The content of some may not be loaded yet.
func (k *Keeper) IsReady() bool { return k.current.Load() != nil }

// Page returns the page with a slug; nil if there is none.
func (k *Keeper) Page(slug string) *Published {
	if s := k.current.Load(); s != nil {
		return s.bySlug[slug]
	}
	return nil
}

// OfHost returns the page with a custom host name, in lower case and without a port; nil if there is none. It knows a
// name before the content of the page is loaded.
func (k *Keeper) OfHost(host string) *Published {
	if s := k.current.Load(); s != nil && s.byHost[host] != nil {
		return s.byHost[host]
	}
	if hosts := k.hosts.Load(); hosts != nil {
		return (*hosts)[host]
	}
	return nil
}

// Run keeps the pages current until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	var group sync.WaitGroup
	k.follow(ctx, &group, store.TopicStatusPages, func() { k.changed.pages = true })
	k.follow(ctx, &group, store.TopicMonitors, func() { k.changed.monitors = true })
	k.follow(ctx, &group, store.TopicIncidents, func() { k.changed.incidents = true })
	group.Go(func() { k.watchAge(ctx) })
	k.keep(ctx)
	group.Wait()
}

// follow calls changed, with the lock, after each change of a topic.
func (k *Keeper) follow(ctx context.Context, group *sync.WaitGroup, topic store.Topic, changed func()) {
	followed := store.Followed{Topic: topic, Poll: interval, Rewatch: interval, Delay: minPause / 5}
	if topic == store.TopicStatusPages {
		followed.Revision = k.store.StatusPagesRevision
	}
	group.Go(func() {
		store.Follow(ctx, k.store, followed, func() bool {
			k.mu.Lock()
			changed()
			k.mu.Unlock()
			wake.Signal(k.wake)
			return false
		})
	})
}

// keep refreshes the pages until ctx ends.
func (k *Keeper) keep(ctx context.Context) {
	failures := store.FailureLog{
		Log: k.log, Failed: "could not update the status pages, retrying", Recovered: "status pages are updated again",
	}
	for {
		more, err := k.Refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		failures.Record(err)
		k.previews.dropIfIdle()
		if !wake.Pause(ctx, minPause) || !more && !k.wait(ctx, err != nil) {
			return
		}
	}
}

// wait waits until the next refresh is due. It returns false if ctx ends before.
func (k *Keeper) wait(ctx context.Context, failed bool) bool {
	pause := interval - minPause
	if !failed && len(k.collector.pages) == 0 { // Only a change is of interest.
		pause = previewIdle
	}
	select {
	case <-ctx.Done():
		return false
	case <-k.wake:
	case <-time.After(pause):
	}
	return ctx.Err() == nil
}

// Refresh applies the changes in the store and publishes the pages; only [Keeper.Run] and tests call it. It reports
// whether much is left to read. If it can't read something, nothing changes.
func (k *Keeper) Refresh(ctx context.Context) (more bool, err error) {
	k.mu.Lock()
	changed := k.changed
	k.changed = topics{}
	k.mu.Unlock()
	started := confirmation{k.now(), time.Now()}
	if more, err = k.read(ctx, changed, started.date); err != nil {
		k.mu.Lock()
		k.changed = k.changed.or(changed)
		k.mu.Unlock()
		return false, err
	}
	k.publish(started)
	return more, nil
}

// read makes the collector apply the changes.
func (k *Keeper) read(ctx context.Context, changed topics, now time.Time) (more bool, err error) {
	var pages []document.Page
	if changed.pages {
		if pages, err = store.Call(ctx, store.LongCall, k.store.StatusPages); err != nil {
			return false, err
		}
		k.setHosts(pages)
	}
	if len(pages) == 0 && (changed.pages || len(k.collector.pages) == 0) {
		k.collector = newCollector(k.store) // Nothing needs to be followed.
		return false, nil
	}
	return k.collector.refresh(ctx, pages, changed, now)
}

// previews computes pages that need not be stored.
type previews struct {
	// lock contains a value while collector and used are in use.
	lock      chan struct{}
	collector *collector
	used      time.Time
}

// dropIfIdle drops the data of previews when nobody has needed it for some time.
func (p *previews) dropIfIdle() {
	select {
	case p.lock <- struct{}{}:
		if time.Since(p.used) > previewIdle {
			p.collector = nil
		}
		<-p.lock
	default: // It is in use.
	}
}

// Preview returns what a page that need not be stored would show now. It keeps what it has read for some time, because
// people preview a page again and again while they edit it.
func (k *Keeper) Preview(ctx context.Context, p document.Page) (*view.Page, error) {
	select {
	case k.previews.lock <- struct{}{}:
		defer func() { <-k.previews.lock }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if k.previews.collector == nil {
		k.previews.collector = newCollector(k.store)
	}
	c := k.previews.collector
	k.previews.used = time.Now()
	for changed := (topics{true, true, true}); ; changed = (topics{}) {
		more, err := c.refresh(ctx, []document.Page{p}, changed, k.now())
		if err != nil {
			return nil, err
		}
		if !more {
			return c.build(c.pages[0]), nil
		}
	}
}
