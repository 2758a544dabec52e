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

// memory is a store for tests. It guarantees no more than the contract of the store: only single inserts are atomic.
type memory struct {
	mu sync.Mutex
	// intercept is called before and after each change, without the lock. The operation returns its error. It may be nil.
	intercept func(ctx context.Context, operation, id string) error
	states    map[string]store.IncidentState
	// notifications are sorted by (date, id), oldest first.
	notifications []store.Notification
	known         map[string]bool
	due           map[string]bool
	claims        map[string]time.Time
	// monitorStates contains the states of monitors by id.
	monitorStates map[string]store.State
	// monitors contains stored monitors by id.
	monitors map[string]monitor.Monitor
	// calls counts the operations by name.
	calls map[string]int
}

var (
	_ Store = (*memory)(nil)
	_ Store = store.Store(nil)
)

func newMemory() *memory {
	return &memory{
		states: make(map[string]store.IncidentState), due: make(map[string]bool), known: make(map[string]bool),
		claims: make(map[string]time.Time), monitorStates: make(map[string]store.State), monitors: make(map[string]monitor.Monitor), calls: make(map[string]int),
	}
}

func (m *memory) intercepted(ctx context.Context, operation, id string) error {
	m.mu.Lock()
	intercept := m.intercept
	m.mu.Unlock()
	if intercept != nil {
		if err := intercept(ctx, operation, id); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// setIntercept sets intercept and clears the counted calls.
func (m *memory) setIntercept(intercept func(ctx context.Context, operation, id string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.intercept, m.calls = intercept, make(map[string]int)
}

// evaluatorCalls returns the counted calls except those of the outbox.
func (m *memory) evaluatorCalls() map[string]int {
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
	err := m.intercepted(ctx, operation, id)
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
	return list, m.intercepted(ctx, "IncidentStates", "")
}

func (m *memory) StatesOf(ctx context.Context, ids []string) ([]store.State, error) {
	if err := m.begin(ctx, "StatesOf", ""); err != nil {
		return nil, err
	}
	var list []store.State
	for _, id := range ids {
		if s, found := m.monitorStates[id]; found {
			list = append(list, s)
		}
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, "StatesOf", "")
}

// putState stores the state of a monitor.
func (m *memory) putState(s store.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.monitorStates[s.MonitorID] = s
}

func (m *memory) PutIncidentStates(ctx context.Context, states []store.IncidentState) error {
	if err := m.begin(ctx, "PutIncidentStates", ""); err != nil {
		return err
	}
	m.mu.Unlock()
	for _, s := range states {
		m.mu.Lock()
		newer := s.Number() > m.states[s.MonitorID].Number()
		m.mu.Unlock()
		// Other runners may write between the comparison and the write.
		if err := m.intercepted(ctx, "put", s.MonitorID); err != nil {
			return err
		}
		if newer {
			m.mu.Lock()
			m.states[s.MonitorID] = s
			m.mu.Unlock()
		}
	}
	return m.intercepted(ctx, "PutIncidentStates", "")
}

func (m *memory) AddNotifications(ctx context.Context, list []store.Notification) (known []string, err error) {
	if err := m.begin(ctx, "AddNotifications", ""); err != nil {
		return nil, err
	}
	m.mu.Unlock()
	for _, n := range list {
		if !m.add(n) {
			known = append(known, n.ID)
		}
		// An error here leaves the following notifications out.
		if err := m.intercepted(ctx, "added", n.ID); err != nil {
			return nil, err
		}
	}
	return known, m.intercepted(ctx, "AddNotifications", "")
}

func (m *memory) add(n store.Notification) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[n.ID] {
		return false
	}
	m.known[n.ID] = true
	at, _ := slices.BinarySearchFunc(m.notifications, n, byDate)
	m.notifications = slices.Insert(m.notifications, at, n)
	if !n.Next.IsZero() {
		m.due[n.ID] = true
	}
	return true
}

func byDate(n, b store.Notification) int {
	return cmp.Or(n.Date.Compare(b.Date), strings.Compare(n.ID, b.ID))
}

func (m *memory) Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error) {
	if err := m.begin(ctx, "Notifications", ""); err != nil {
		return nil, err
	}
	var list []store.Notification
	for _, n := range slices.Backward(m.notifications) {
		if f.Before != nil && byDate(n, store.Notification{Date: f.Before.Date, ID: f.Before.ID}) >= 0 ||
			f.MonitorID != "" && n.MonitorID != f.MonitorID {
			continue
		}
		if list = append(list, n); len(list) == f.Limit {
			break
		}
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, "Notifications", "")
}

func (m *memory) find(id string) *store.Notification {
	for i := range slices.Backward(m.notifications) {
		if m.notifications[i].ID == id {
			return &m.notifications[i]
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
		if n := m.find(id); n.IsDue(now) {
			list = append(list, *n)
		}
	}
	m.mu.Unlock()
	slices.SortStableFunc(list, func(n, b store.Notification) int { return n.Next.Compare(b.Next) })
	return list[:min(limit, len(list))], m.intercepted(ctx, "DueNotifications", "")
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
	return !found, claimed, m.intercepted(ctx, "ClaimNotification", id)
}

func (m *memory) PutDeliveries(ctx context.Context, n store.Notification) error {
	if err := m.begin(ctx, "PutDeliveries", n.ID); err != nil {
		return err
	}
	b := m.find(n.ID)
	if b == nil {
		m.mu.Unlock()
		return monitor.ErrNotFound
	}
	b.Next, b.Attempts, b.Deliveries = n.Next, n.Attempts, slices.Clone(n.Deliveries)
	if n.Next.IsZero() {
		delete(m.due, n.ID)
	} else {
		m.due[n.ID] = true
	}
	m.mu.Unlock()
	return m.intercepted(ctx, "PutDeliveries", n.ID)
}

func (m *memory) Notification(ctx context.Context, id string) (store.Notification, error) {
	if err := m.begin(ctx, "Notification", id); err != nil {
		return store.Notification{}, err
	}
	n := m.find(id)
	m.mu.Unlock()
	if n == nil {
		return store.Notification{}, monitor.ErrNotFound
	}
	return *n, m.intercepted(ctx, "Notification", id)
}

func (m *memory) Monitor(ctx context.Context, id string) (monitor.Monitor, error) {
	if err := m.begin(ctx, "Monitor", id); err != nil {
		return monitor.Monitor{}, err
	}
	stored, found := m.monitors[id]
	m.mu.Unlock()
	if !found {
		return monitor.Monitor{}, monitor.ErrNotFound
	}
	return stored, m.intercepted(ctx, "Monitor", id)
}
