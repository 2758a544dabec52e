package server

import (
	"context"
	"net/http"
	"reflect"
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

func (h *monitorHandler) list(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	include, err := parseInclude(query)
	if err != nil {
		return err
	}
	form := listForm{
		include: include, masked: mustMask(r.Context()), encoding: web.AcceptedEncoding(r),
		oneGroup: query.Has("group"), group: query.Get("group"),
	}
	// Other requests may use the result, so it must not depend on whether this client waits for it.
	ctx := context.WithoutCancel(r.Context())
	document, err := h.lists.get(form).current(r.Context(), func(l *encodedList) error { return h.refresh(ctx, l, form) })
	if err != nil {
		return err
	}
	document.Serve(w, r)
	return nil
}

// refresh encodes a list again if the store or the situation has changed.
func (h *monitorHandler) refresh(ctx context.Context, l *encodedList, f listForm) error {
	// The revision is read first: if something changes afterwards, the next request encodes the list again.
	revision, err := h.store.Revision(ctx, f.include.needsState())
	if err != nil {
		return err
	}
	now, err := h.situation(ctx, f.include)
	if err != nil {
		return err
	}
	if l.document != nil && l.revision == revision && reflect.DeepEqual(l.situation, now) {
		return nil
	}
	document, err := h.encode(ctx, f, now)
	if err == nil {
		l.document, l.revision, l.situation = document, revision, now
	}
	return err
}

func (h *monitorHandler) encode(ctx context.Context, f listForm, now situation) (*web.Document, error) {
	listed, err := h.listed(ctx, f, now)
	if err != nil {
		return nil, err
	}
	data, err := web.Encode(listed)
	if err != nil {
		return nil, err
	}
	return web.NewDocument("application/json", data, f.encoding)
}

// listed reads the monitors of a list.
func (h *monitorHandler) listed(ctx context.Context, f listForm, now situation) ([]listedMonitor, error) {
	monitors, err := h.store.Monitors(ctx)
	if err != nil {
		return nil, err
	}
	states, err := h.states(ctx, f.include)
	if err != nil {
		return nil, err
	}
	if err := h.checkSummaries(ctx, &now, monitors...); err != nil {
		return nil, err
	}
	listed := make([]listedMonitor, 0, len(monitors))
	for _, m := range monitors {
		if !f.oneGroup || m.Group == f.group {
			item := f.include.apply(h.types.Secrets(), m, states[m.ID], now, f.masked)
			item.History = roundHistory(item.History)
			listed = append(listed, item)
		}
	}
	return listed, nil
}

// checkSummaries removes the summaries if all results have been deleted since they were computed. It has them computed
// again soon if they are removed or if one of the monitors has none. The caller has read the states before.
func (h *monitorHandler) checkSummaries(ctx context.Context, now *situation, monitors ...monitor.Monitor) error {
	if now.summaries == nil {
		return nil
	}
	cleared, err := h.store.ResultsCleared(ctx)
	if now.summaries.IsOutdated(cleared) {
		h.summaries.Renew()
		now.summaries = nil
	} else if slices.ContainsFunc(monitors, func(m monitor.Monitor) bool { return !now.summaries.Has(m.ID) }) {
		h.summaries.Renew()
	}
	return err
}

// states returns the states by monitor; none if include does not need them.
func (h *monitorHandler) states(ctx context.Context, include includeOptions) (map[string]*store.State, error) {
	if !include.needsState() {
		return nil, nil
	}
	all, err := h.store.States(ctx)
	states := make(map[string]*store.State, len(all))
	for i := range all {
		states[all[i].MonitorID] = &all[i]
	}
	return states, err
}
