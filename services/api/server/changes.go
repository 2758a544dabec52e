package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// changedResult is a result at which the status of the monitor changed.
type changedResult struct {
	// Result is nil if it has expired: status changes are stored longer than results.
	*monitor.Result
	Date      time.Time      `json:"date"`
	Status    monitor.Status `json:"status"`
	MonitorID string         `json:"monitor_id"`
	// Previous is the status before: that of a result, or [store.Unchecked].
	Previous string `json:"previous"`
	// Until is the time at which the status ended; nil if it has not ended.
	Until   *time.Time `json:"until,omitempty"`
	Expired bool       `json:"expired,omitempty"`
}

// sendChanges sends a page of the results that f selects at which the status changed.
func (h *resultHandler) sendChanges(w http.ResponseWriter, r *http.Request, f store.ResultFilter) error {
	// Include the current millisecond.
	now := monitor.Date(time.Now()).Add(time.Millisecond)
	size := f.Limit
	f.Limit++ // one more, to see if there is a next page
	page, err := readChanges(r.Context(), h.store, f, now)
	if err != nil {
		return err
	}
	cursorOf := func(c changedResult) store.Cursor { return store.Cursor{Date: c.Date, ID: c.MonitorID} }
	changes := cutPage(w, r, page.changes, size, cursorOf)
	if len(page.changes) <= size && !page.next.IsZero() {
		linkNext(w, r, store.Cursor{Date: page.next, ID: f.MonitorID})
	}
	if err := h.addResults(r.Context(), f.MonitorID, changes); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, notNil(changes))
}

// changePage contains the status changes that a filter selects, newest first.
type changePage struct {
	changes []changedResult
	// next is the date from which the next page continues if not all status changes could be searched; otherwise zero.
	next time.Time
}

// changeStore is the part of the store for lists of status changes.
type changeStore interface {
	monitorGetter
	stateGetter
	statusChangeLister
}

// readChanges searches the log for the status changes that f selects.
func readChanges(ctx context.Context, s changeStore, f store.ResultFilter, now time.Time) (changePage, error) {
	var page changePage
	before, end, err := endOfStatus(ctx, s, f, now)
	if err != nil {
		return page, err
	}
	from := f.From
	if from.IsZero() {
		from = time.UnixMilli(0)
	}
	// The log has entries of other kinds too, usually a few.
	for read, limit := 0, 2*f.Limit; read < maxStatusChanges; read, limit = read+limit, 2*limit {
		limit = min(limit, maxStatusChanges-read)
		log, err := s.StatusChanges(ctx, f.MonitorID, from, before, limit)
		if err != nil {
			return page, err
		}
		for _, change := range log {
			if selectsChange(f, change) {
				page.changes = append(page.changes, newChangedResult(change, end.of(change.Date)))
			}
			if len(page.changes) == f.Limit {
				return page, nil
			}
			end.pass(change)
			before = change.Date
		}
		if len(log) < limit {
			return page, nil
		}
	}
	// Without progress, the next page would search the same entries again. Then its first change ends at the last entry read.
	if page.next = before; end.at != nil && (f.Before == nil || end.at.Before(f.Before.Date)) {
		page.next = *end.at
	}
	return page, nil
}

// endOfStatus returns the date before which the changes of f are, and the end of the status at that date.
func endOfStatus(
	ctx context.Context, s changeStore, f store.ResultFilter, now time.Time,
) (before time.Time, end statusEnd, err error) {
	if f.Before != nil {
		// The cursor is the date of the status change that follows.
		return f.Before.Date, statusEnd{at: &f.Before.Date}, nil
	}
	end, err = currentStatusEnd(ctx, s, f.MonitorID, now)
	if err != nil || f.To.IsZero() || !f.To.Before(now) {
		return now, end, err
	}
	later, err := changesAfter(ctx, s, f.MonitorID, f.To, now, store.ChangeStatus)
	for _, change := range later {
		end.pass(change)
	}
	return f.To, end, err
}

// selectsChange reports whether a change is one to a status that f selects.
func selectsChange(f store.ResultFilter, change store.StatusChange) bool {
	status, ofResult := statusOf(change.To)
	return change.Kind == store.ChangeStatus && change.From != change.To && ofResult &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, status))
}

// statusOf returns the status that a log entry names, and false if it is not that of a result.
func statusOf(name string) (monitor.Status, bool) {
	for _, status := range []monitor.Status{monitor.StatusOK, monitor.StatusError, monitor.StatusFailed} {
		if status.String() == name {
			return status, true
		}
	}
	return 0, false
}

func newChangedResult(change store.StatusChange, end *time.Time) changedResult {
	status, _ := statusOf(change.To)
	return changedResult{
		Date: change.Date, Status: status, MonitorID: change.MonitorID, Until: end,
		Previous: cmp.Or(change.From, store.Unchecked),
	}
}

// addResults adds the results to changes of one monitor.
func (h *resultHandler) addResults(ctx context.Context, monitorID string, changes []changedResult) error {
	if len(changes) == 0 {
		return nil
	}
	dates := make([]time.Time, len(changes))
	for i, change := range changes {
		dates[i] = change.Date
	}
	// Two results of a monitor hardly have the same date.
	filter := store.ResultFilter{MonitorID: monitorID, Dates: dates, Limit: 2 * len(dates)}
	results, err := h.store.Results(ctx, filter)
	if err == nil && mustMask(ctx) {
		results, err = maskResults(ctx, h.store, h.secrets, results)
	}
	if err != nil {
		return err
	}
	for i := range changes {
		changes[i].Result = resultOf(changes[i], results)
		changes[i].Expired = changes[i].Result == nil
	}
	return nil
}

// resultOf returns the result of a change; nil if there is none.
func resultOf(change changedResult, results []monitor.Result) *monitor.Result {
	i, _ := slices.BinarySearchFunc(results, change, func(r monitor.Result, c changedResult) int {
		return c.Date.Compare(r.Date)
	})
	for ; i < len(results) && results[i].Date.Equal(change.Date); i++ {
		if results[i].Status == change.Status {
			return &results[i]
		}
	}
	return nil
}
