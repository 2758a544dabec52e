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

// scripted is a sender that does what the test says, and remembers who got what when.
type scripted struct {
	name string
	to   []string
	// do is what becomes of each message; nil takes it.
	do func(ctx context.Context, n store.Notification, to string) Outcome

	mu    sync.Mutex
	began time.Time
	tries []string
}

func newScripted(name string, to ...string) *scripted {
	return &scripted{name: name, to: to, began: time.Now()}
}

func (s *scripted) Name() string                           { return s.name }
func (s *scripted) Recipients(store.Notification) []string { return s.to }

func (s *scripted) Send(ctx context.Context, n store.Notification, to []string) []Outcome {
	s.mu.Lock()
	do := s.do
	s.tries = append(s.tries, fmt.Sprintf("%v %s %s", time.Since(s.began).Round(time.Second), n.ID, strings.Join(to, "+")))
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

// all is when what was sent to whom.
func (s *scripted) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tries)
}

func (s *scripted) tried() string { return strings.Join(s.all(), ", ") }

func failTemporarily(context.Context, store.Notification, string) Outcome {
	return Outcome{Answer: "451 later", Err: errors.New("later")}
}

func hangUntilCancelled(ctx context.Context, _ store.Notification, _ string) Outcome {
	<-ctx.Done()
	return Outcome{Answer: "no answer", Err: ctx.Err()}
}

// owing is a store with an alert that is due now.
func memoryWithDue(ids ...string) *memory {
	m := newMemory()
	for i, id := range ids {
		now := monitor.Date(time.Now().Add(time.Duration(i) * time.Millisecond))
		m.add(store.Notification{ID: id, MonitorID: "monitor of " + id, Incident: 1, Kind: store.KindOpened, Date: now, Next: now})
	}
	return m
}

// get is a copy of a message.
func (m *memory) get(id string) store.Notification {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.find(id)
}

// fates are the deliveries of a message in short.
func (m *memory) deliveries(id string) string {
	n := m.get(id)
	texts := []string{}
	for _, d := range n.Deliveries {
		texts = append(texts, fmt.Sprintf("%s:%s %s %q", d.Channel, d.To, d.Status, d.Answer))
	}
	if !n.Next.IsZero() {
		texts = append(texts, "to be tried")
	}
	return strings.Join(texts, ", ")
}

func expectDeliveries(t *testing.T, m *memory, id, want string) {
	t.Helper()
	if got := m.deliveries(id); got != want {
		t.Errorf("fates %s, want %s", got, want)
	}
}

func expectTried(t *testing.T, s *scripted, want string) {
	t.Helper()
	if got := s.tried(); got != want {
		t.Errorf("%s tried %s\nwant %s", s.name, got, want)
	}
}
