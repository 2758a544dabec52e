package server

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nanomon/services/api/report"
	"nanomon/services/common/monitor"
	"nanomon/services/common/web"
)

// reportStore is the part of the store for reports.
type reportStore interface {
	monitorLister
	monitorGetter
	report.Store
}

// reportHandler serves reports about the uptime of monitors.
type reportHandler struct{ store reportStore }

func newReportHandler(s reportStore) *reportHandler { return &reportHandler{store: s} }

func (h *reportHandler) mount(to routes) {
	to.reading.Get("/api/report", handle(h.ofAll))
	to.reading.Get("/api/monitors/{id}/report", handle(h.ofMonitor))
}

func (h *reportHandler) ofMonitor(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return h.send(w, r, true, func(ctx context.Context) ([]monitor.Monitor, error) {
		m, err := h.store.Monitor(ctx, id)
		return []monitor.Monitor{m}, unknownMonitor(id, err)
	})
}

// ofAll reports on all monitors, or on the monitors of ?group=.
func (h *reportHandler) ofAll(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	return h.send(w, r, false, func(ctx context.Context) ([]monitor.Monitor, error) {
		all, err := h.store.Monitors(ctx)
		if err != nil || !query.Has("group") {
			return all, err
		}
		var selected []monitor.Monitor
		for _, m := range all {
			if m.Group == query.Get("group") {
				selected = append(selected, m)
			}
		}
		if len(selected) == 0 {
			return nil, web.Problemf(http.StatusNotFound, "there is no monitor in the group %.100q", query.Get("group"))
		}
		return selected, nil
	})
}

// send sends the report on the monitors that read returns. listed is true if incidents are listed.
func (h *reportHandler) send(
	w http.ResponseWriter, r *http.Request, listed bool, read func(context.Context) ([]monitor.Monitor, error),
) error {
	now := time.Now()
	span, err := report.ParseSpan(r.URL.Query(), now)
	if err != nil {
		return err
	}
	monitors, err := read(r.Context())
	if err != nil {
		return err
	}
	result, err := report.Read(r.Context(), h.store, monitors, span, listed, now)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept")
	if !prefersCSV(r.Header.Get("Accept")) {
		return web.JSON(w, http.StatusOK, result)
	}
	text, err := result.CSV()
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	name := fmt.Sprintf("nanomon-report-%s.csv", span.From.Format(time.DateOnly))
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, _ = w.Write(text) // An error means that the client is gone.
	return nil
}

// prefersCSV reports whether the header Accept names text/csv, and does not prefer JSON.
func prefersCSV(accept string) bool {
	asCSV, asJSON := 0.0, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
			quality = q
		}
		switch kind {
		case "text/csv":
			asCSV = quality
		case "application/json":
			asJSON = quality
		}
	}
	return asCSV > asJSON
}
