package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// resultStore is the part of the store for results.
type resultStore interface {
	monitorLister
	changeStore
	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
	DeleteResults(ctx context.Context, at time.Time) error
}

// resultHandler serves results.
type resultHandler struct {
	store   resultStore
	secrets secret.Properties
}

func newResultHandler(s resultStore, secrets secret.Properties) *resultHandler {
	return &resultHandler{store: s, secrets: secrets}
}

func (h *resultHandler) mount(to routes) {
	to.reading.Get("/api/results", handle(h.list))
	to.protected.Delete("/api/results", handle(h.deleteAll))
	to.reading.Get("/api/monitors/{id}/results", handle(h.listOfMonitor))
}

func (h *resultHandler) list(w http.ResponseWriter, r *http.Request) error {
	filter, err := resultFilter(r.URL.Query())
	if err != nil {
		return err
	}
	return h.send(w, r, filter)
}

func (h *resultHandler) listOfMonitor(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	filter, err := resultFilter(r.URL.Query())
	if err != nil {
		return err
	}
	filter.MonitorID = id
	changes, err := flagParameter(r.URL.Query(), "changes")
	if err != nil {
		return err
	}
	if changes != nil && *changes {
		return h.sendChanges(w, r, filter)
	}
	return h.send(w, r, filter)
}

func (h *resultHandler) send(w http.ResponseWriter, r *http.Request, filter store.ResultFilter) error {
	size := filter.Limit
	filter.Limit++ // one more, to see if there is a next page
	results, err := h.store.Results(r.Context(), filter)
	if err != nil {
		return err
	}
	results = cutPage(w, r, results, size, func(res monitor.Result) store.Cursor { return store.Cursor{Date: res.Date, ID: res.ID} })
	if mustMask(r.Context()) {
		if results, err = maskResults(r.Context(), h.store, h.secrets, results); err != nil {
			return err
		}
	}
	return web.JSON(w, http.StatusOK, notNil(results))
}

func (h *resultHandler) deleteAll(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.DeleteResults(r.Context(), monitor.Date(time.Now())); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// resultFilter parses the parameters of a list of results. The error names the invalid parameter.
func resultFilter(query url.Values) (store.ResultFilter, error) {
	f := store.ResultFilter{}
	var err error
	if f.Limit, err = pageSize(query); err != nil {
		return f, err
	}
	if f.From, f.To, err = periodParameters(query); err != nil {
		return f, err
	}
	if f.Statuses, err = statusesParameter(query); err != nil {
		return f, err
	}
	if query.Has("cursor") {
		f.Before, err = parseCursor(query.Get("cursor"), monitor.ValidID)
	}
	return f, err
}

// statusesParameter parses ?status=, which may be repeated or contain a list. Without it, the result is empty.
func statusesParameter(query url.Values) ([]monitor.Status, error) {
	var statuses []monitor.Status
	for _, list := range query["status"] {
		for text := range strings.SplitSeq(list, ",") {
			n, err := strconv.Atoi(text)
			status := monitor.Status(n)
			if err != nil || status < monitor.StatusOK || status > monitor.StatusFailed {
				return nil, monitor.Invalidf("status must be 0, 1 or 2, or a list such as 1,2")
			}
			if !slices.Contains(statuses, status) {
				statuses = append(statuses, status)
			}
		}
	}
	return statuses, nil
}

// periodParameters parses ?from= and ?to=, in whole milliseconds like stored dates; each is zero if it is absent.
func periodParameters(query url.Values) (from, to time.Time, err error) {
	if from, err = dateParameter(query, "from"); err != nil {
		return from, to, err
	}
	if to, err = dateParameter(query, "to"); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		err = monitor.Invalidf("from must be before to")
	}
	return monitor.CeilDate(from), monitor.CeilDate(to), err
}

// dateParameter parses a date in the query; zero if it is absent.
func dateParameter(query url.Values, name string) (time.Time, error) {
	if !query.Has(name) {
		return time.Time{}, nil
	}
	date, err := time.Parse(time.RFC3339, query.Get(name))
	if err != nil || !date.After(time.Time{}) {
		return time.Time{}, monitor.Invalidf("%s must be a date in RFC 3339, for example 2026-01-31T08:30:00Z", name)
	}
	return date.UTC(), nil
}
