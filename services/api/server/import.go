package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// maxImportBody is how many bytes an import may hold.
	maxImportBody = 16 << 20
	// maxImport is how many monitors an import may hold.
	maxImport = 10_000
)

func (s *Server) bindImport(to routes) {
	to.protected.Post("/api/monitors/import", s.handle(s.importMonitors))
}

// importMonitors replaces the whole set or, with ?dryRun=true, tells what that would change.
func (s *Server) importMonitors(w http.ResponseWriter, r *http.Request) error {
	dryRun, err := dryRunParameter(r.URL.Query())
	if err != nil {
		return err
	}
	items, err := s.readImport(w, r)
	if err != nil {
		return err
	}
	existing, err := s.store.Monitors(r.Context())
	if err != nil {
		return err
	}
	now := time.Now()
	planned, err := store.PlanImport(existing, items, now)
	if err != nil {
		return err
	}
	if dryRun {
		return web.JSON(w, http.StatusOK, compareImport(existing, items, planned))
	}
	for i := range planned {
		planned[i].Updated = monitor.Date(now)
	}
	if err := s.store.ImportMonitors(r.Context(), planned); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func dryRunParameter(query url.Values) (bool, error) {
	if !query.Has("dryRun") {
		return false, nil
	}
	switch text := query.Get("dryRun"); text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, monitor.Invalidf("dryRun must be true or false, not %.50q", text)
	}
}

// readImport is the list of monitors in the body, all found valid.
func (s *Server) readImport(w http.ResponseWriter, r *http.Request) ([]monitor.Monitor, error) {
	data, err := readBody(w, r, maxImportBody)
	if err != nil {
		return nil, err
	}
	if err := expectJSON(data, "array"); err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("decode import: %w", err)
	}
	switch {
	case len(raw) == 0:
		return nil, monitor.Invalidf("no monitors in import")
	case len(raw) > maxImport:
		return nil, monitor.Invalidf("import has %d monitors, at most %d are allowed", len(raw), maxImport)
	}
	return s.decodeImport(r.Context(), raw)
}

// decodeImport names every monitor at fault in its error, by its position from 1.
func (s *Server) decodeImport(ctx context.Context, raw []json.RawMessage) ([]monitor.Monitor, error) {
	items, errs, faults := make([]monitor.Monitor, len(raw)), make([]error, len(raw)), []string{}
	for i, data := range raw {
		items[i], errs[i] = decodeMonitor(data)
	}
	if err := s.restoreImport(ctx, items, errs); err != nil {
		return nil, err
	}
	positions := make(map[string]int, len(raw))
	for i, data := range raw {
		m, err := items[i], errs[i]
		if err == nil {
			err = check.Validate(s.types, m)
		}
		if monitor.ValidID(m.ID) {
			id := strings.ToLower(m.ID)
			if first, twice := positions[id]; twice && err == nil {
				err = monitor.Invalidf("id %s is that of monitor %d too", id, first)
			}
			positions[id] = i + 1
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("monitor %d %.100q: %v", i+1, nameIn(data), err))
		}
	}
	if len(faults) > 0 {
		return nil, monitor.Invalidf("%s", strings.Join(faults, "; "))
	}
	return items, nil
}

// nameIn is the name in a monitor that may be faulty elsewhere, empty if there is none.
func nameIn(data json.RawMessage) string {
	var named struct{ Name any }
	_ = json.Unmarshal(data, &named) // what can't be read has no name
	name, _ := named.Name.(string)
	return name
}
