package alerting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// scripted is a channel whose outcomes the test sets. It records its attempts.
type scripted struct {
	name string
	to   []string
	// do returns the outcome of each delivery; nil accepts all.
	do func(ctx context.Context, n store.Notification, to string) Outcome

	mu          sync.Mutex
	began       time.Time
	attemptList []string
}

func newScripted(name string, to ...string) *scripted {
	return &scripted{name: name, to: to, began: time.Now()}
}

func (s *scripted) Name() string                           { return s.name }
func (s *scripted) Recipients(store.Notification) []string { return s.to }

func (s *scripted) Send(ctx context.Context, n store.Notification, to []string) []Outcome {
	s.mu.Lock()
	do := s.do
	s.attemptList = append(s.attemptList, fmt.Sprintf("%v %s %s", time.Since(s.began).Round(time.Second), n.ID, strings.Join(to, "+")))
	s.mu.Unlock()
	list := make([]Outcome, len(to))
	for i, name := range to {
		if do != nil {
			list[i] = do(ctx, n, name)
		}
	}
	return list
}

func (s *scripted) set(do func(context.Context, store.Notification, string) Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.do = do
}

// all returns the time, notification id and recipients of each attempt.
func (s *scripted) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attemptList)
}

func (s *scripted) attempts() string { return strings.Join(s.all(), ", ") }

func failTemporarily(context.Context, store.Notification, string) Outcome {
	return Outcome{Answer: "451 later", Err: errors.New("later")}
}

func hangUntilCancelled(ctx context.Context, _ store.Notification, _ string) Outcome {
	<-ctx.Done()
	return Outcome{Answer: "no answer", Err: ctx.Err()}
}

// memoryWithDue returns a store with notifications that are due now.
func memoryWithDue(ids ...string) *memory {
	m := newMemory()
	for i, id := range ids {
		now := monitor.Date(time.Now().Add(time.Duration(i) * time.Millisecond))
		m.add(store.Notification{ID: id, MonitorID: "monitor of " + id, Incident: 1, Kind: store.KindOpened, Date: now, Next: now})
	}
	return m
}

// get returns a copy of a notification.
func (m *memory) get(id string) store.Notification {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.find(id)
}

// deliveries returns the deliveries of a notification in short form.
func (m *memory) deliveries(id string) string {
	n := m.get(id)
	texts := []string{}
	for _, d := range n.Deliveries {
		texts = append(texts, fmt.Sprintf("%s:%s %s %q", d.Channel, d.To, d.Status, d.Answer))
	}
	if !n.Next.IsZero() {
		texts = append(texts, "retry scheduled")
	}
	return strings.Join(texts, ", ")
}

func expectDeliveries(t *testing.T, m *memory, id, want string) {
	t.Helper()
	if got := m.deliveries(id); got != want {
		t.Errorf("deliveries %s, want %s", got, want)
	}
}

func expectAttempts(t *testing.T, s *scripted, want string) {
	t.Helper()
	if got := s.attempts(); got != want {
		t.Errorf("%s tried %s\nwant %s", s.name, got, want)
	}
}
