package alerting

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// memory is a store for tests. It keeps the contract and not more: only single inserts are atomic.
type memory struct {
	mu sync.Mutex
	// meet is called before and after each effect, without a lock: its error is that of the operation. It may be nil.
	meet   func(ctx context.Context, operation, id string) error
	states map[string]store.IncidentState
	// alerts are sorted by (date, id), oldest first.
	alerts []store.Notification
	ids    map[string]bool
	due    map[string]bool
	claims map[string]time.Time
	// results are the states of monitors.
	results map[string]store.State
	// calls counts the operations by name.
	calls map[string]int
}

var (
	_ Store = (*memory)(nil)
	_ Store = store.Store(nil)
)

func newMemory() *memory {
	return &memory{
		states: make(map[string]store.IncidentState), due: make(map[string]bool), ids: make(map[string]bool),
		claims: make(map[string]time.Time), results: make(map[string]store.State), calls: make(map[string]int),
	}
}

func (m *memory) passed(ctx context.Context, operation, id string) error {
	m.mu.Lock()
	meet := m.meet
	m.mu.Unlock()
	if meet != nil {
		if err := meet(ctx, operation, id); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// meeting sets meet, and forgets the calls that were counted.
func (m *memory) meeting(meet func(ctx context.Context, operation, id string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meet, m.calls = meet, make(map[string]int)
}

// counted are the calls since then, but those of the outbox.
func (m *memory) counted() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := maps.Clone(m.calls)
	maps.DeleteFunc(calls, func(name string, _ int) bool {
		return !slices.Contains([]string{"IncidentStates", "AddNotifications", "PutIncidentStates", "Notifications", "StatesOf"}, name)
	})
	return calls
}

// begin counts a call, and locks the store unless the call fails.
func (m *memory) begin(ctx context.Context, operation, id string) error {
	m.mu.Lock()
	m.calls[operation]++
	m.mu.Unlock()
	err := m.passed(ctx, operation, id)
	if err == nil {
		m.mu.Lock()
	}
	return err
}

func (m *memory) IncidentStates(ctx context.Context, ids []string) ([]store.IncidentState, error) {
	if err := m.begin(ctx, "IncidentStates", ""); err != nil {
		return nil, err
	}
	var list []store.IncidentState
	for _, id := range ids {
		if s, found := m.states[id]; found {
			list = append(list, s)
		}
	}
	m.mu.Unlock()
	return list, m.passed(ctx, "IncidentStates", "")
}

func (m *memory) StatesOf(ctx context.Context, ids []string) ([]store.State, error) {
	if err := m.begin(ctx, "StatesOf", ""); err != nil {
		return nil, err
	}
	var list []store.State
	for _, id := range ids {
		if s, found := m.results[id]; found {
			list = append(list, s)
		}
	}
	m.mu.Unlock()
	return list, m.passed(ctx, "StatesOf", "")
}

// has is told that a monitor's state is stored.
func (m *memory) has(s store.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.results[s.MonitorID] = s
}

func (m *memory) PutIncidentStates(ctx context.Context, states []store.IncidentState) error {
	if err := m.begin(ctx, "PutIncidentStates", ""); err != nil {
		return err
	}
	m.mu.Unlock()
	for _, s := range states {
		m.mu.Lock()
		newer := s.Evaluated.After(m.states[s.MonitorID].Evaluated)
		m.mu.Unlock()
		// Others may write between the comparison and the write.
		if err := m.passed(ctx, "put", s.MonitorID); err != nil {
			return err
		}
		if newer {
			m.mu.Lock()
			m.states[s.MonitorID] = s
			m.mu.Unlock()
		}
	}
	return m.passed(ctx, "PutIncidentStates", "")
}

func (m *memory) AddNotifications(ctx context.Context, as []store.Notification) (known []string, err error) {
	if err := m.begin(ctx, "AddNotifications", ""); err != nil {
		return nil, err
	}
	m.mu.Unlock()
	for _, a := range as {
		if !m.add(a) {
			known = append(known, a.ID)
		}
		// The next may not be added any more.
		if err := m.passed(ctx, "added", a.ID); err != nil {
			return nil, err
		}
	}
	return known, m.passed(ctx, "AddNotifications", "")
}

func (m *memory) add(a store.Notification) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids[a.ID] {
		return false
	}
	m.ids[a.ID] = true
	at, _ := slices.BinarySearchFunc(m.alerts, a, byDate)
	m.alerts = slices.Insert(m.alerts, at, a)
	if !a.Next.IsZero() {
		m.due[a.ID] = true
	}
	return true
}

func byDate(a, b store.Notification) int {
	return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.ID, b.ID))
}

func (m *memory) Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error) {
	if err := m.begin(ctx, "Notifications", ""); err != nil {
		return nil, err
	}
	var list []store.Notification
	for _, a := range slices.Backward(m.alerts) {
		if f.Before != nil && byDate(a, store.Notification{Date: f.Before.Date, ID: f.Before.ID}) >= 0 ||
			f.MonitorID != "" && a.MonitorID != f.MonitorID {
			continue
		}
		if list = append(list, a); len(list) == f.Limit {
			break
		}
	}
	m.mu.Unlock()
	return list, m.passed(ctx, "Notifications", "")
}

func (m *memory) find(id string) *store.Notification {
	for i := range slices.Backward(m.alerts) {
		if m.alerts[i].ID == id {
			return &m.alerts[i]
		}
	}
	return nil
}

func (m *memory) DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error) {
	if err := m.begin(ctx, "DueNotifications", ""); err != nil {
		return nil, err
	}
	var list []store.Notification
	for _, id := range slices.Sorted(maps.Keys(m.due)) {
		if a := m.find(id); !a.Next.After(now) {
			list = append(list, *a)
		}
	}
	m.mu.Unlock()
	slices.SortStableFunc(list, func(a, b store.Notification) int { return a.Next.Compare(b.Next) })
	return list[:min(limit, len(list))], m.passed(ctx, "DueNotifications", "")
}

func (m *memory) ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (bool, time.Time, error) {
	if err := m.begin(ctx, "ClaimNotification", id); err != nil {
		return false, time.Time{}, err
	}
	key := fmt.Sprintf("%s/%d", id, attempt)
	claimed, found := m.claims[key]
	if !found {
		claimed = now
		m.claims[key] = now
	}
	m.mu.Unlock()
	return !found, claimed, m.passed(ctx, "ClaimNotification", id)
}

func (m *memory) PutDeliveries(ctx context.Context, a store.Notification) error {
	if err := m.begin(ctx, "PutDeliveries", a.ID); err != nil {
		return err
	}
	b := m.find(a.ID)
	if b == nil {
		m.mu.Unlock()
		return monitor.ErrNotFound
	}
	b.Next, b.Attempts, b.Deliveries = a.Next, a.Attempts, slices.Clone(a.Deliveries)
	if a.Next.IsZero() {
		delete(m.due, a.ID)
	} else {
		m.due[a.ID] = true
	}
	m.mu.Unlock()
	return m.passed(ctx, "PutDeliveries", a.ID)
}

func (m *memory) Notification(ctx context.Context, id string) (store.Notification, error) {
	if err := m.begin(ctx, "Notification", id); err != nil {
		return store.Notification{}, err
	}
	a := m.find(id)
	m.mu.Unlock()
	if a == nil {
		return store.Notification{}, monitor.ErrNotFound
	}
	return *a, m.passed(ctx, "Notification", id)
}
