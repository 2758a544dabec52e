package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// runnerTimeout is the time that a runner has to claim a check and store the result, in addition to the check
	// itself.
	runnerTimeout = 5 * time.Second
	// runExpiry is the time after which a request to run a stored monitor expires.
	runExpiry = 30 * time.Second
	// onDemandPoll is the time between two looks for the result if the store can't be watched.
	onDemandPoll = 250 * time.Millisecond
)

// onDemandStore is the part of the store for on-demand checks.
type onDemandStore interface {
	store.Watcher
	monitorGetter
	AddOnDemandChecks(ctx context.Context, cs ...store.OnDemandCheck) error
	OnDemandResult(ctx context.Context, id string) (monitor.Result, bool, error)
	DeleteOnDemandCheck(ctx context.Context, id string) error
}

// onDemandHandler has runners check monitors outside their schedule.
type onDemandHandler struct {
	store onDemandStore
	types probe.Registry
	log   *slog.Logger
}

func newOnDemandHandler(s onDemandStore, types probe.Registry, log *slog.Logger) *onDemandHandler {
	return &onDemandHandler{store: s, types: types, log: log}
}

func (h *onDemandHandler) mount(to routes) {
	to.protected.Post("/api/monitors/check", handle(h.check))
	to.protected.Post("/api/monitors/{id}/run", handle(h.run))
}

// check has a runner check a monitor that is not stored, and waits for the result.
func (h *onDemandHandler) check(w http.ResponseWriter, r *http.Request) error {
	m, err := readMonitor(w, r)
	if err != nil {
		return err
	}
	storedID := strings.ToLower(m.ID)
	m.ID = monitor.NewID(time.Now())
	m, _ = h.types.Canonical(m)
	if m, err = restoreAndValidate(r.Context(), h.store, h.types, m, storedID); err != nil {
		return err
	}
	if h.types[m.Type].Spec.Push {
		return errPushOnDemand
	}
	timeout := h.types.MaxDuration(m) + runnerTimeout
	web.ExtendDeadlines(w, 2*timeout)
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, timeout)
	defer cancel()

	now := time.Now()
	m.Updated = monitor.Date(now)
	check := store.OnDemandCheck{
		ID: monitor.NewID(now), Requested: monitor.Date(now), Expires: monitor.Date(now.Add(timeout)), Definition: &m,
	}
	defer h.deleteCheck(r, check.ID)
	result, err := h.runCheck(ctx, check)
	switch {
	case err == nil && result.NotChecked:
		return web.Problemf(http.StatusServiceUnavailable, "%s", result.Message)
	case err == nil:
		return web.JSON(w, http.StatusOK, result)
	case r.Context().Err() != nil:
		return r.Context().Err()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return web.Problemf(http.StatusGatewayTimeout,
			"no runner ran the check within %s; is a runner running?", timeout)
	case ctx.Err() != nil:
		return web.Problemf(http.StatusServiceUnavailable, "the service is stopping; try again in a few seconds")
	}
	return err
}

// runCheck stores the request and waits until a runner has stored the result, or ctx ends.
func (h *onDemandHandler) runCheck(ctx context.Context, check store.OnDemandCheck) (monitor.Result, error) {
	if err := h.store.AddOnDemandChecks(ctx, check); err != nil {
		return monitor.Result{}, err
	}
	var (
		result monitor.Result
		done   bool
		err    error
	)
	followed := store.Followed{
		Topic: store.TopicOnDemandChecks, Poll: onDemandPoll, Rewatch: onDemandPoll, Delay: onDemandPoll / 10,
	}
	store.Follow(ctx, h.store, followed, func() bool {
		result, done, err = h.store.OnDemandResult(ctx, check.ID)
		return done || err != nil
	})
	if err == nil && !done {
		err = ctx.Err()
	}
	return result, err
}

func (h *onDemandHandler) deleteCheck(r *http.Request, id string) {
	err := store.Do(context.WithoutCancel(r.Context()), store.ShortCall, func(ctx context.Context) error {
		return h.store.DeleteOnDemandCheck(ctx, id)
	})
	if err != nil {
		h.log.Warn("could not delete an on-demand check, it will expire", "check_id", id, "error", err)
	}
}

func (h *onDemandHandler) run(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := h.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	switch {
	case h.types[m.Type].Spec.Push:
		return errPushOnDemand
	case !m.Enabled:
		return monitor.Invalidf("monitor %q is disabled: enable it to run it", m.Name)
	}
	if err := h.store.AddOnDemandChecks(r.Context(), runNow(id, time.Now())); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// runNow returns the request to check a stored monitor.
func runNow(id string, now time.Time) store.OnDemandCheck {
	return store.OnDemandCheck{
		ID: monitor.NewID(now), Requested: monitor.Date(now), Expires: monitor.Date(now.Add(runExpiry)), MonitorID: id,
	}
}
