package statuspage

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// memory is a store in memory with one monitor, which is OK all the time. It can be watched and can fail.
type memory struct {
	mu    sync.Mutex
	pages []document.Page
	fail  error
	hang  bool
	calls int
	// lists counts the reads of all monitors, and pageLists counts the reads of all pages. unwatched makes the store report no
	// changes.
	lists, pageLists int
	revision         string
	unwatched        bool
	topic            map[store.Topic]chan struct{}
}

func newMemory(pages ...document.Page) *memory {
	return &memory{pages: pages, topic: map[store.Topic]chan struct{}{
		store.TopicStatusPages: make(chan struct{}, 1), store.TopicMonitors: make(chan struct{}, 1), store.TopicIncidents: make(chan struct{}, 1),
	}}
}

// call counts a call and returns its error.
func (m *memory) call(ctx context.Context) error {
	m.mu.Lock()
	m.calls++
	fail, hang := m.fail, m.hang
	m.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return fail
}

func (m *memory) set(fail error, hang bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail, m.hang = fail, hang
}

func (m *memory) setPages(pages ...document.Page) {
	m.mu.Lock()
	m.pages = pages
	m.mu.Unlock()
	m.topic[store.TopicStatusPages] <- struct{}{}
}

func (m *memory) takeCalls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = 0
	return calls
}

func (m *memory) Watch(_ context.Context, t store.Topic) (<-chan struct{}, error) {
	if m.unwatched {
		return nil, store.ErrWatchUnsupported
	}
	return m.topic[t], nil
}

func (m *memory) StatusPages(ctx context.Context) ([]document.Page, error) {
	err := m.call(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pageLists++
	return m.pages, err
}

func (m *memory) StatusPagesRevision(ctx context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return "revision " + m.revision, nil
}

func (m *memory) StatusMessages(ctx context.Context, _ []string, _ time.Time) ([]document.Message, error) {
	return nil, m.call(ctx)
}

func (m *memory) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	one := newMonitor(0)
	one.Interval = "1h"
	m.mu.Lock()
	m.lists++
	m.mu.Unlock()
	return []monitor.Monitor{one}, m.call(ctx)
}

func (m *memory) MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error) {
	return nil, m.call(ctx)
}

func (m *memory) Revision(ctx context.Context, _ bool) (string, error) { return "1", m.call(ctx) }

func (m *memory) ResultsSince(ctx context.Context, _ string, _ int) ([]monitor.Result, string, error) {
	return nil, "1", m.call(ctx)
}

func (m *memory) ResultsCleared(ctx context.Context) (time.Time, error) {
	return time.Time{}, m.call(ctx)
}

func (m *memory) StatesOf(ctx context.Context, _ []string) ([]store.State, error) {
	at := time.Now().Add(-time.Minute)
	return []store.State{{MonitorID: newMonitor(0).ID, Since: at.Add(-time.Hour), Latest: monitor.Result{Date: at}}}, m.call(ctx)
}

func (m *memory) StatusChangesOf(ctx context.Context, _ []string, _, _ time.Time, _ int) ([]store.StatusChange, error) {
	return nil, m.call(ctx)
}

func (m *memory) StatusChangesExpired(ctx context.Context) (time.Time, error) {
	return time.Time{}, m.call(ctx)
}

func (m *memory) EachRollup(ctx context.Context, _ []string, _ store.Period, _, _ time.Time, _ func(store.Rollup)) error {
	return m.call(ctx)
}

func (m *memory) Incidents(ctx context.Context, _ store.IncidentFilter) ([]store.Incident, error) {
	return nil, m.call(ctx)
}

func (m *memory) IncidentsByID(ctx context.Context, _ []string) ([]store.Incident, error) {
	return nil, m.call(ctx)
}

func (m *memory) OpenIncidents(ctx context.Context, _ []string) ([]store.Incident, error) {
	return nil, m.call(ctx)
}

// running is a keeper that runs in a bubble of synctest.
type running struct {
	*Keeper
	memory *memory
	log    bytes.Buffer
}

// run starts a keeper, and stops it at the end of the test.
func run(t *testing.T, m *memory) *running {
	k := &running{memory: m}
	k.Keeper = NewKeeper(m, slog.New(slog.NewTextHandler(&k.log, nil)), time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return k
}

// pass lets time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// TestOldPagesSaySo: pages stay available while the store is not, say how old they are after 10 seconds, and are
// current again soon after the store is. That is so if the store returns errors and if it does not answer.
func TestOldPagesSaySo(t *testing.T) {
	for name, hang := range map[string]bool{"errors": false, "no answer": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := run(t, newMemory(testPage("acme", "UTC")))
				pass(5500 * time.Millisecond)
				current := k.Page("acme")
				if current == nil || !current.View.Since.IsZero() {
					t.Fatalf("page is %+v", current)
				}
				k.memory.set(errors.New("no store"), hang)
				pass(6 * time.Second)
				if p := k.Page("acme"); !p.View.Since.IsZero() {
					t.Errorf("the page is old after 6 s: since %s", p.View.Since)
				}
				failed := time.Now().Add(-6 * time.Second)
				pass(6 * time.Second)
				old := k.Page("acme")
				if since := old.View.Since; since.IsZero() || since.After(failed) || failed.Sub(since) > interval {
					t.Errorf("the store failed at %s, and the page is old since %s", failed, since)
				}
				if old.HTML.sum == current.HTML.sum || old.JSON.sum == current.JSON.sum {
					t.Error("the page does not say that it is old")
				}
				pass(time.Hour)
				if k.Page("acme") != old {
					t.Error("the old page changes again")
				}
				k.memory.set(nil, false)
				pass(15 * time.Second)
				if p := k.Page("acme"); !p.View.Since.IsZero() {
					t.Error("the page is old although the store works")
				}
				if log := k.log.String(); strings.Count(log, "could not update") != 1 || strings.Count(log, "updated again") != 1 {
					t.Errorf("log: %s", log)
				}
			})
		})
	}
}

// TestIdleKeeper: without pages nothing is read, and with pages only what is needed to notice changes.
func TestIdleKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k := run(t, m)
		pass(5 * time.Second)
		m.takeCalls()
		pass(time.Hour)
		same(t, "calls in an hour without pages", m.takeCalls(), 0)
		if !k.IsReady() || k.Page("acme") != nil {
			t.Error("the keeper is not ready")
		}
		m.setPages(testPage("acme", "UTC"))
		pass(2 * time.Second)
		if p := k.Page("acme"); p == nil || !p.View.Since.IsZero() {
			t.Fatalf("new page is %+v", p)
		}
		pass(10 * time.Minute)
		m.takeCalls()
		pass(time.Minute)
		if calls := m.takeCalls(); calls > 42 {
			t.Errorf("%d calls in a minute without a change", calls)
		}
		before := k.Page("acme")
		pass(time.Minute)
		if after := k.Page("acme"); after.HTML.plain != before.HTML.plain {
			t.Error("unchanged content is compressed again")
		}
		m.setPages()
		pass(2 * time.Second)
		if k.Page("acme") != nil {
			t.Error("a deleted page is there")
		}
	})
}

// TestPolledStore: a store that can't report changes is read again and again, but without a change the monitors and
// the pages are not.
func TestPolledStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(testPage("acme", "UTC"))
		m.unwatched = true
		k := run(t, m)
		pass(5 * time.Second)
		p := k.collector.pages[0]
		pass(20 * time.Second)
		if m.lists != 1 || m.pageLists > 3 || k.collector.pages[0] != p {
			t.Errorf("the monitors are read %d times, the pages %d times", m.lists, m.pageLists)
		}
		renamed := testPage("acme", "UTC")
		renamed.Title = "Renamed"
		m.mu.Lock()
		m.pages, m.revision = []document.Page{renamed}, "2"
		m.mu.Unlock()
		pass(6 * time.Second)
		same(t, "title", k.Page("acme").View.Title, "Renamed")
	})
}

// TestNotReady: without a first read there are no pages.
func TestNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(testPage("acme", "UTC"))
		m.set(errors.New("no store"), false)
		k := run(t, m)
		pass(time.Minute)
		if k.IsReady() || k.Page("acme") != nil || k.OfHost("example.com") != nil {
			t.Error("the keeper is ready")
		}
		m.set(nil, false)
		pass(5 * time.Second)
		if !k.IsReady() || k.Page("acme") == nil {
			t.Error("the keeper is not ready")
		}
	})
}
