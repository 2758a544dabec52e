package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
)

// mustMask reports whether the sender of the request of ctx must not see secrets.
func mustMask(ctx context.Context) bool { return auth.FromContext(ctx).Scope < auth.ScopeAdmin }

// masked returns a copy of l with masked secrets.
func (l listedMonitor) masked(secrets secret.Properties) listedMonitor {
	if latest, ok := l.Latest.(*monitor.Result); ok && latest != nil {
		masked := secret.MaskResult(*latest, secrets.ScrubberFor(l.Monitor))
		l.Latest = &masked
	}
	l.Monitor = secrets.Mask(l.Monitor)
	return l
}

// maskResults returns a copy of results with masked secrets.
func maskResults(
	ctx context.Context, s monitorLister, secrets secret.Properties, results []monitor.Result,
) ([]monitor.Result, error) {
	byID, err := monitorsByID(ctx, s, secrets, results)
	if err != nil {
		return nil, err
	}
	masked := make([]monitor.Result, len(results))
	scrubbers := make(map[string]*secret.Scrubber)
	for i, r := range results {
		scrubber, known := scrubbers[r.MonitorID]
		if m, exists := byID[r.MonitorID]; exists && !known {
			scrubber = secrets.ScrubberFor(m)
			scrubbers[r.MonitorID] = scrubber
		}
		masked[i] = secret.MaskResult(r, scrubber)
	}
	return masked, nil
}

// monitorsByID returns the current monitors by id. It returns an empty map if no result contains a part of the answer
// of its target.
func monitorsByID(
	ctx context.Context, s monitorLister, secrets secret.Properties, results []monitor.Result,
) (map[string]monitor.Monitor, error) {
	byID := make(map[string]monitor.Monitor)
	if !slices.ContainsFunc(results, secrets.MayShowAnswer) {
		return byID, nil
	}
	monitors, err := s.Monitors(ctx)
	for _, m := range monitors {
		byID[m.ID] = m
	}
	return byID, err
}

// maskNotifications masks secrets in notifications.
func maskNotifications(
	ctx context.Context, s monitorLister, secrets secret.Properties, notifications []store.Notification,
) error {
	results := make([]monitor.Result, len(notifications))
	for i, n := range notifications {
		results[i] = monitor.Result{MonitorID: n.MonitorID, MonitorTarget: n.MonitorTarget, Message: n.Message}
	}
	masked, err := maskResults(ctx, s, secrets, results)
	for i, r := range masked {
		notifications[i].MonitorTarget, notifications[i].Message = r.MonitorTarget, r.Message
	}
	return err
}

// restoreAndValidate replaces placeholders in m by the stored secrets and validates the monitor. storedID is the id of
// the monitor with the secrets; empty if there is none.
func restoreAndValidate(
	ctx context.Context, s monitorGetter, types probe.Registry, m monitor.Monitor, storedID string,
) (monitor.Monitor, error) {
	if types.Secrets().HasPlaceholder(m) {
		var stored monitor.Monitor
		var err error
		if monitor.ValidID(storedID) {
			stored, err = s.Monitor(ctx, storedID)
		}
		if err != nil && !errors.Is(err, monitor.ErrNotFound) {
			return m, err
		}
		if m, err = types.Secrets().Restore(m, stored); err != nil {
			return m, err
		}
	}
	if err := check.Validate(types, m); err != nil {
		return m, err
	}
	return m, validateNames(ctx, s, m, storedID)
}

// restoreImport replaces placeholders in the items of an import by the stored secrets. It sets the error of each item
// that has a placeholder without a stored secret.
func restoreImport(
	ctx context.Context, s monitorLister, secrets secret.Properties, items []monitor.Monitor, errs []error,
) error {
	if !slices.ContainsFunc(items, secrets.HasPlaceholder) {
		return nil
	}
	existing, err := s.Monitors(ctx)
	if err != nil {
		return err
	}
	planned, err := store.PlanImport(existing, items, time.Now())
	if err != nil {
		return err
	}
	stored := make(map[string]monitor.Monitor, len(existing))
	for _, m := range existing {
		stored[m.ID] = m
	}
	for i := range items {
		if errs[i] == nil {
			items[i], errs[i] = secrets.Restore(items[i], stored[planned[i].ID])
		}
	}
	return nil
}
