package alertingtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// DueNotifications implements [store.Store].
func (m *Memory) DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error) {
	if err := m.begin(ctx, "DueNotifications", ""); err != nil {
		return nil, err
	}
	var list []store.Notification
	for _, id := range slices.Sorted(maps.Keys(m.due)) {
		if n := m.Find(id); n.IsDue(now) {
			list = append(list, *n)
		}
	}
	m.mu.Unlock()
	slices.SortStableFunc(list, func(n, b store.Notification) int { return n.Next.Compare(b.Next) })
	return list[:min(limit, len(list))], m.intercepted(ctx, "DueNotifications", "")
}

// ClaimNotification implements [store.Store].
func (m *Memory) ClaimNotification(ctx context.Context, id string, attempt int, _ string, now time.Time) (
	won bool, at time.Time, err error,
) {
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

// PutDeliveries implements [store.Store].
func (m *Memory) PutDeliveries(ctx context.Context, n store.Notification) error {
	if err := m.begin(ctx, "PutDeliveries", n.ID); err != nil {
		return err
	}
	b := m.Find(n.ID)
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

// Notification implements [store.Store].
func (m *Memory) Notification(ctx context.Context, id string) (store.Notification, error) {
	if err := m.begin(ctx, "Notification", id); err != nil {
		return store.Notification{}, err
	}
	n := m.Find(id)
	m.mu.Unlock()
	if n == nil {
		return store.Notification{}, monitor.ErrNotFound
	}
	return *n, m.intercepted(ctx, "Notification", id)
}

// Monitor implements [store.Store].
func (m *Memory) Monitor(ctx context.Context, id string) (monitor.Monitor, error) {
	if err := m.begin(ctx, "Monitor", id); err != nil {
		return monitor.Monitor{}, err
	}
	stored, found := m.StoredMonitors[id]
	m.mu.Unlock()
	if !found {
		return monitor.Monitor{}, monitor.ErrNotFound
	}
	return stored, m.intercepted(ctx, "Monitor", id)
}
