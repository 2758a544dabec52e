package server

import (
	"context"
	"errors"
	"slices"

	"nanomon/services/common/monitor"
)

// validateNames validates the name and the group of m. The stored monitor with the given id, if there is one, keeps the
// names that it has.
func validateNames(ctx context.Context, s monitorGetter, m monitor.Monitor, storedID string) error {
	invalid := m.ValidateNames()
	if invalid == nil || !monitor.ValidID(storedID) {
		return invalid
	}
	stored, err := s.Monitor(ctx, storedID)
	switch {
	case err == nil:
		return validateNewNames(m, stored)
	case errors.Is(err, monitor.ErrNotFound):
		return invalid
	}
	return err
}

// validateNewNames validates the name and the group of m if they differ from the stored monitor.
func validateNewNames(m, stored monitor.Monitor) error {
	if m.HasNamesOf(stored) {
		return nil
	}
	return m.ValidateNames()
}

// validateImportNames sets the error of each item of an import that has an invalid name or group, unless a stored
// monitor has the same ones.
func validateImportNames(ctx context.Context, s monitorLister, items []monitor.Monitor, errs []error) error {
	var stored []monitor.Monitor
	for i, m := range items {
		invalid := m.ValidateNames()
		if invalid == nil || errs[i] != nil {
			continue
		}
		if stored == nil {
			var err error
			if stored, err = s.Monitors(ctx); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(stored, m.HasNamesOf) {
			errs[i] = invalid
		}
	}
	return nil
}
