package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// answerTime is how long a runner may take to claim a check and to answer, beside the check itself.
	answerTime = 5 * time.Second
	// runTime is how long a request to run a stored monitor stands.
	runTime = 30 * time.Second
	// checkPoll is how often the answer is looked for where the store can't be watched.
	checkPoll = 250 * time.Millisecond
)

type checkStore interface {
	watcher
	AddOnDemandCheck(ctx context.Context, r store.OnDemandCheck) error
	OnDemandResult(ctx context.Context, id string) (monitor.Result, bool, error)
	DeleteOnDemandCheck(ctx context.Context, id string) error
}

func (s *Server) bindChecks(to routes) {
	to.protected.Post("/api/monitors/check", s.handle(s.checkOnce))
	to.protected.Post("/api/monitors/{id}/run", s.handle(s.runMonitor))
}

// checkOnce has a runner check a definition that is not stored, and waits for the result.
func (s *Server) checkOnce(w http.ResponseWriter, r *http.Request) error {
	m, err := readMonitor(w, r)
	if err != nil {
		return err
	}
	storedID := strings.ToLower(m.ID)
	m.ID = monitor.NewID(time.Now())
	if m, err = s.complete(r.Context(), m, storedID); err != nil {
		return err
	}
	wait, err := s.longestCheck(m)
	if err != nil {
		return err
	}
	wait += answerTime
	web.ExtendDeadlines(w, 2*wait)
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, wait)
	defer cancel()

	now := time.Now()
	m.Updated = monitor.Date(now)
	request := store.OnDemandCheck{ID: monitor.NewID(now), Requested: monitor.Date(now), Expires: monitor.Date(now.Add(wait)), Definition: &m}
	defer s.dropCheck(r, request.ID)
	result, err := s.ask(ctx, request)
	switch {
	case err == nil:
		return web.JSON(w, http.StatusOK, result)
	case r.Context().Err() != nil:
		return r.Context().Err()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return web.Problemf(http.StatusGatewayTimeout, "no runner answered within %s; is a runner running?", wait)
	case ctx.Err() != nil:
		return web.Problemf(http.StatusServiceUnavailable, "the service is stopping; try again in a few seconds")
	}
	return err
}

// longestCheck is how long a check of m can take by its own settings.
func (s *Server) longestCheck(m monitor.Monitor) (time.Duration, error) {
	settings, err := probe.NewSettings(s.types[m.Type].Spec, m.Properties)
	if err != nil {
		return 0, err
	}
	// Count and interval are those of the packets of a ping; the other types have none.
	return settings.Duration("timeout") + time.Duration(settings.Int("count"))*settings.Duration("interval"), nil
}

// ask waits until the request is answered or ctx ends.
func (s *Server) ask(ctx context.Context, request store.OnDemandCheck) (monitor.Result, error) {
	if err := s.store.AddOnDemandCheck(ctx, request); err != nil {
		return monitor.Result{}, err
	}
	var (
		result   monitor.Result
		answered bool
		err      error
	)
	follow(ctx, s.store, store.TopicOnDemandChecks, checkPoll, func() bool {
		result, answered, err = s.store.OnDemandResult(ctx, request.ID)
		return answered || err != nil
	})
	if err == nil && !answered {
		err = ctx.Err()
	}
	return result, err
}

func (s *Server) dropCheck(r *http.Request, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), answerTime)
	defer cancel()
	if err := s.store.DeleteOnDemandCheck(ctx, id); err != nil {
		s.log.Warn("check request is left to expire", "check", id, "error", err)
	}
}

func (s *Server) runMonitor(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := s.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	if !m.Enabled {
		return monitor.Invalidf("monitor %q is disabled: enable it to run it", m.Name)
	}
	now := time.Now()
	err = s.store.AddOnDemandCheck(r.Context(), store.OnDemandCheck{
		ID: monitor.NewID(now), Requested: monitor.Date(now), Expires: monitor.Date(now.Add(runTime)), MonitorID: id,
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
