// Package alertingtest contains what the tests of several alerting packages need.
package alertingtest

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

// Memory is a store for tests. It guarantees no more than the contract of the store: only single inserts are atomic.
type Memory struct {
	*IncidentMemory

	mu sync.Mutex
	// intercept is what SetIntercept has set.
	intercept func(ctx context.Context, operation, id string) error
	// Incidents contains the incident states by monitor id.
	Incidents map[string]store.IncidentState
	// List contains the notifications, sorted by (date, id), oldest first.
	List []store.Notification
	// positions contains the position in List, or an earlier one, of each notification.
	positions map[string]int
	due       map[string]bool
	claims    map[string]time.Time
	// MonitorStates contains the states of monitors by id.
	MonitorStates map[string]store.State
	// StoredMonitors contains monitors by id.
	StoredMonitors map[string]monitor.Monitor
	// calls counts the operations by name.
	calls map[string]int
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	m := &Memory{
		Incidents: make(map[string]store.IncidentState), due: make(map[string]bool), positions: make(map[string]int),
		claims: make(map[string]time.Time), MonitorStates: make(map[string]store.State),
		StoredMonitors: make(map[string]monitor.Monitor), calls: make(map[string]int),
	}
	m.IncidentMemory = &IncidentMemory{
		StoredIncidents: make(map[string]store.Incident), Silenced: make(map[string]store.Silence), memory: m,
	}
	return m
}

// MemoryWithDue returns a store with notifications that are due now.
func MemoryWithDue(ids ...string) *Memory {
	m := NewMemory()
	for i, id := range ids {
		now := monitor.Date(time.Now().Add(time.Duration(i) * time.Millisecond))
		m.Add(store.Notification{
			ID: id, MonitorID: "monitor of " + id, Incident: 1, Kind: store.KindOpened, Date: now, Next: now,
		})
	}
	return m
}

func (m *Memory) intercepted(ctx context.Context, operation, id string) error {
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

// SetIntercept sets the function that is called before and after each change, without a lock; nil for none. The
// operation returns its error. SetIntercept also clears the counted calls.
func (m *Memory) SetIntercept(intercept func(ctx context.Context, operation, id string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.intercept, m.calls = intercept, make(map[string]int)
}

// EvaluatorCalls returns the counted calls except the calls of the outbox.
func (m *Memory) EvaluatorCalls() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := maps.Clone(m.calls)
	evaluator := []string{
		"IncidentStates", "AddNotifications", "PutIncidentStates", "Notifications", "StatesOf", "NotificationsByID",
		"MergeIncidents", "IncidentsByID", "OpenIncidents",
	}
	maps.DeleteFunc(calls, func(name string, _ int) bool { return !slices.Contains(evaluator, name) })
	return calls
}

// begin counts a call, and locks the store unless the call fails.
func (m *Memory) begin(ctx context.Context, operation, id string) error {
	m.mu.Lock()
	m.calls[operation]++
	m.mu.Unlock()
	err := m.intercepted(ctx, operation, id)
	if err == nil {
		m.mu.Lock()
	}
	return err
}

// IncidentStates implements [store.Store].
func (m *Memory) IncidentStates(ctx context.Context, ids []string) ([]store.IncidentState, error) {
	if err := m.begin(ctx, "IncidentStates", ""); err != nil {
		return nil, err
	}
	var list []store.IncidentState
	for _, id := range ids {
		if s, found := m.Incidents[id]; found {
			list = append(list, s)
		}
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, "IncidentStates", "")
}

// SetMonitors replaces the stored monitors.
func (m *Memory) SetMonitors(monitors []monitor.Monitor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.StoredMonitors)
	for _, stored := range monitors {
		m.StoredMonitors[stored.ID] = stored
	}
}

// Monitors implements [store.Store], but the order is that of the ids.
func (m *Memory) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	if err := m.begin(ctx, "Monitors", ""); err != nil {
		return nil, err
	}
	var list []monitor.Monitor
	for _, id := range slices.Sorted(maps.Keys(m.StoredMonitors)) {
		list = append(list, m.StoredMonitors[id])
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, "Monitors", "")
}

// StatesOf implements [store.Store].
func (m *Memory) StatesOf(ctx context.Context, ids []string) ([]store.State, error) {
	if err := m.begin(ctx, "StatesOf", ""); err != nil {
		return nil, err
	}
	var list []store.State
	for _, id := range ids {
		if s, found := m.MonitorStates[id]; found {
			list = append(list, s)
		}
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, "StatesOf", "")
}

// PutState stores the state of a monitor.
func (m *Memory) PutState(s store.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.MonitorStates[s.MonitorID] = s
}

// PutIncidentStates implements [store.Store].
func (m *Memory) PutIncidentStates(ctx context.Context, states []store.IncidentState) error {
	if err := m.begin(ctx, "PutIncidentStates", ""); err != nil {
		return err
	}
	m.mu.Unlock()
	for _, s := range states {
		m.mu.Lock()
		newer := s.Number() > m.Incidents[s.MonitorID].Number()
		m.mu.Unlock()
		// Other runners may write between the comparison and the write.
		if err := m.intercepted(ctx, "put", s.MonitorID); err != nil {
			return err
		}
		if newer {
			m.mu.Lock()
			m.Incidents[s.MonitorID] = s
			m.mu.Unlock()
		}
	}
	return m.intercepted(ctx, "PutIncidentStates", "")
}

// AddNotifications implements [store.Store].
func (m *Memory) AddNotifications(ctx context.Context, list []store.Notification) (known []string, err error) {
	if err := m.begin(ctx, "AddNotifications", ""); err != nil {
		return nil, err
	}
	m.mu.Unlock()
	for _, n := range list {
		if !m.Add(n) {
			known = append(known, n.ID)
		}
		// An error here leaves the following notifications out.
		if err := m.intercepted(ctx, "added", n.ID); err != nil {
			return nil, err
		}
	}
	return known, m.intercepted(ctx, "AddNotifications", "")
}

// Add stores a notification. It reports false if there is one with the same id.
func (m *Memory) Add(n store.Notification) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.positions[n.ID]; known {
		return false
	}
	at, _ := slices.BinarySearchFunc(m.List, n, byDate)
	m.List = slices.Insert(m.List, at, n)
	m.positions[n.ID] = at
	if !n.Next.IsZero() {
		m.due[n.ID] = true
	}
	return true
}

func byDate(n, b store.Notification) int {
	return cmp.Or(n.Date.Compare(b.Date), strings.Compare(n.ID, b.ID))
}

// Notifications implements [store.Store].
func (m *Memory) Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error) {
	if err := m.begin(ctx, "Notifications", ""); err != nil {
		return nil, err
	}
	var list []store.Notification
	for _, n := range slices.Backward(m.List) {
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

// Find returns the notification with the given id; nil if there is none. Nothing else may use the store at that time.
func (m *Memory) Find(id string) *store.Notification {
	at, found := m.positions[id]
	if !found {
		return nil
	}
	for m.List[at].ID != id {
		at++
	}
	m.positions[id] = at
	return &m.List[at]
}

// Get returns a copy of a notification.
func (m *Memory) Get(id string) store.Notification {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.Find(id)
}

// IDs returns the ids of all notifications, oldest first.
func (m *Memory) IDs() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for _, n := range m.List {
		ids = append(ids, n.ID)
	}
	return strings.Join(ids, " ")
}

// Deliveries returns the deliveries of a notification in short form.
func (m *Memory) Deliveries(id string) string {
	n := m.Get(id)
	texts := []string{}
	for _, d := range n.Deliveries {
		texts = append(texts, fmt.Sprintf("%s:%s %s %q", d.Channel, d.To, d.Status, d.Answer))
	}
	if !n.Next.IsZero() {
		texts = append(texts, "retry scheduled")
	}
	return strings.Join(texts, ", ")
}
