package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// maxImportBody is the maximum size of an import in bytes.
	maxImportBody = 16 << 20
	// maxImport is the maximum number of monitors in an import.
	maxImport = 10_000
)

// importStore is the part of the store for imports.
type importStore interface {
	monitorLister
	ImportMonitors(ctx context.Context, ms []monitor.Monitor) error
}

// importHandler serves the import of monitors.
type importHandler struct {
	store importStore
	types probe.Registry
	log   *slog.Logger
}

func newImportHandler(s importStore, types probe.Registry, log *slog.Logger) *importHandler {
	return &importHandler{store: s, types: types, log: log}
}

func (h *importHandler) mount(to routes) {
	to.protected.Post("/api/monitors/import", handle(h.replaceAll))
}

// replaceAll replaces all monitors. With ?dryRun=true, it only returns the changes.
func (h *importHandler) replaceAll(w http.ResponseWriter, r *http.Request) error {
	dryRun, err := dryRunParameter(r.URL.Query())
	if err != nil {
		return err
	}
	items, ignored, err := h.read(w, r)
	if err != nil {
		return err
	}
	existing, err := h.store.Monitors(r.Context())
	if err != nil {
		return err
	}
	now := time.Now()
	planned, err := store.PlanImport(existing, items, now)
	if err != nil {
		return err
	}
	if dryRun {
		changes := diffImport(existing, items, planned)
		changes.Warnings = warnings(items, ignored)
		return web.JSON(w, http.StatusOK, changes)
	}
	for i := range planned {
		planned[i].Updated = monitor.Date(now)
	}
	if err := h.store.ImportMonitors(r.Context(), planned); err != nil {
		return err
	}
	for i, m := range planned {
		logIgnored(h.log, m, ignored[i])
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

// read reads and validates the list of monitors in the body. It also returns the names of the properties that each
// monitor's type does not have.
func (h *importHandler) read(w http.ResponseWriter, r *http.Request) ([]monitor.Monitor, [][]string, error) {
	raw, err := readList(w, r, "monitors", maxImport)
	if err != nil {
		return nil, nil, err
	}
	items, ignored, errs := make([]monitor.Monitor, len(raw)), make([][]string, len(raw)), make([]error, len(raw))
	for i, data := range raw {
		items[i], errs[i] = decodeMonitor(data)
		items[i], ignored[i] = h.types.Canonical(items[i])
	}
	return items, ignored, h.validate(r.Context(), raw, items, errs)
}

// readList reads the JSON list in the body of an import. It has at most limit documents, which kind names.
func readList(w http.ResponseWriter, r *http.Request, kind string, limit int) ([]json.RawMessage, error) {
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
		return nil, monitor.Invalidf("no %s in import", kind)
	case len(raw) > limit:
		return nil, monitor.Invalidf("import has %d %s, at most %d are allowed", len(raw), kind, limit)
	}
	return raw, nil
}

// validate validates the monitors of an import, which raw contains as JSON, and replaces their placeholders. errs
// contains the errors of decoding them. The error names every invalid monitor by its position, counted from 1. It has a
// hint if all of them have the same one.
func (h *importHandler) validate(
	ctx context.Context, raw []json.RawMessage, items []monitor.Monitor, errs []error,
) error {
	if err := restoreImport(ctx, h.store, h.types.Secrets(), items, errs); err != nil {
		return err
	}
	if err := validateImportNames(ctx, h.store, items, errs); err != nil {
		return err
	}
	var faults, hints []string
	positions := make(map[string]int, len(raw))
	for i, data := range raw {
		m, err := items[i], errs[i]
		if err == nil {
			err = check.Validate(h.types, m)
		}
		if monitor.ValidID(m.ID) {
			id := strings.ToLower(m.ID)
			if first, repeated := positions[id]; repeated && err == nil {
				err = monitor.Invalidf("id %s is already used by monitor %d", id, first)
			}
			positions[id] = i + 1
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("monitor %d %.100q: %v", i+1, memberOf(data, "name"), err))
			hints = append(hints, hintOf(err))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	hint := hints[0]
	if len(slices.Compact(hints)) > 1 {
		hint = ""
	}
	return monitor.Invalid(strings.Join(faults, "; "), hint)
}

// hintOf returns the hint of an error, empty if it has none.
func hintOf(err error) string {
	var invalid *monitor.InvalidError
	if !errors.As(err, &invalid) {
		return ""
	}
	return invalid.Hint
}

// memberOf returns a string of a JSON document that may be invalid otherwise; empty if there is none.
func memberOf(data json.RawMessage, name string) string {
	var members map[string]any
	_ = json.Unmarshal(data, &members) // invalid JSON has no members
	text, _ := members[name].(string)
	return text
}
