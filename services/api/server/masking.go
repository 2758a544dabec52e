package server

import (
	"context"
	"errors"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
)

// masks reports whether secrets are hidden from whoever sends the request of ctx.
func masks(ctx context.Context) bool { return auth.From(ctx).Scope < auth.ScopeAdmin }

// masked is a monitor, with what was found of it, as those see it from whom secrets are hidden.
func (l listedMonitor) masked() listedMonitor {
	if latest, ok := l.Latest.(*monitor.Result); ok && latest != nil {
		hidden := secret.MaskResult(*latest, secret.ScrubberFor(l.Monitor))
		l.Latest = &hidden
	}
	l.Monitor = secret.Mask(l.Monitor)
	return l
}

type monitorLister interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
}

// maskResults gives the results as those see them from whom secrets are hidden.
func maskResults(ctx context.Context, s monitorLister, results []monitor.Result) ([]monitor.Result, error) {
	owners, err := owners(ctx, s, results)
	if err != nil {
		return nil, err
	}
	hidden := make([]monitor.Result, len(results))
	scrubbers := make(map[string]*secret.Scrubber)
	for i, r := range results {
		own, known := scrubbers[r.MonitorID]
		if m, there := owners[r.MonitorID]; there && !known {
			own = secret.ScrubberFor(m)
			scrubbers[r.MonitorID] = own
		}
		hidden[i] = secret.MaskResult(r, own)
	}
	return hidden, nil
}

// owners are the monitors as they are now, by id, if one of the results can say what its target has said.
func owners(ctx context.Context, s monitorLister, results []monitor.Result) (map[string]monitor.Monitor, error) {
	byID := make(map[string]monitor.Monitor)
	for _, r := range results {
		if _, matched := r.Outputs["regexMatch"]; !matched && r.Message == "" {
			continue
		}
		monitors, err := s.Monitors(ctx)
		for _, m := range monitors {
			byID[m.ID] = m
		}
		return byID, err
	}
	return byID, nil
}

// maskNotifications is maskResults for messages to people.
func maskNotifications(ctx context.Context, s monitorLister, alerts []store.Notification) error {
	said := make([]monitor.Result, len(alerts))
	for i, a := range alerts {
		said[i] = monitor.Result{MonitorID: a.MonitorID, MonitorTarget: a.MonitorTarget, Message: a.Message}
	}
	hidden, err := maskResults(ctx, s, said)
	for i, r := range hidden {
		alerts[i].MonitorTarget, alerts[i].Message = r.MonitorTarget, r.Message
	}
	return err
}

// complete puts what is stored in the place of masks in m, and validates it. storedID is that of the monitor to take it from, if there is one.
func (s *Server) complete(ctx context.Context, m monitor.Monitor, storedID string) (monitor.Monitor, error) {
	if secret.HasPlaceholder(m) {
		var stored monitor.Monitor
		var err error
		if monitor.ValidID(storedID) {
			stored, err = s.store.Monitor(ctx, storedID)
		}
		if err != nil && !errors.Is(err, monitor.ErrNotFound) {
			return m, err
		}
		if m, err = secret.Restore(m, stored); err != nil {
			return m, err
		}
	}
	return m, check.Validate(s.types, m)
}

// restoreImport puts what is stored in the place of masks in the items of an import, and notes in faults for which there is nothing.
func (s *Server) restoreImport(ctx context.Context, items []monitor.Monitor, faults []error) error {
	masked := false
	for _, item := range items {
		masked = masked || secret.HasPlaceholder(item)
	}
	if !masked {
		return nil
	}
	existing, err := s.store.Monitors(ctx)
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
		if faults[i] == nil {
			items[i], faults[i] = secret.Restore(items[i], stored[planned[i].ID])
		}
	}
	return nil
}
