package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
	"nanomon/services/common/web"
)

const (
	defaultWindow = "24h"
	minWindow     = time.Minute
	maxWindow     = 400 * 24 * time.Hour
	// maxTransitions bounds how much of the log one answer reads.
	maxTransitions = 10_000
)

type statsStore interface {
	historyStore
	Monitor(ctx context.Context, id string) (monitor.Monitor, error)
	State(ctx context.Context, monitorID string) (store.State, error)
	Transitions(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]store.Transition, error)
}

func (s *Server) bindStats(r chi.Router) {
	r.Get("/api/monitors/{id}/stats", s.handle(s.stats))
}

// counts are results by status.
type counts struct {
	OK     int `json:"ok"`
	Error  int `json:"error"`
	Failed int `json:"failed"`
}

// latency sums up the values of the results that had an answer; all are null when there is none.
type latency struct {
	Avg *float64 `json:"avg"`
	Min *float64 `json:"min"`
	Max *float64 `json:"max"`
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
}

type statsAnswer struct {
	Window string    `json:"window"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	// Uptime is a percentage, nil when nothing is known.
	Uptime *float64 `json:"uptime"`
	// UptimeFrom is from when on Uptime is known, where that is later than From because the log is long.
	UptimeFrom *time.Time `json:"uptimeFrom,omitempty"`
	Counts     counts     `json:"counts"`
	latency
	P99     *float64      `json:"p99"`
	Buckets []statsBucket `json:"buckets"`
}

// statsBucket is one bar of a chart.
type statsBucket struct {
	Start time.Time `json:"start"`
	counts
	latency
}

func (s *Server) stats(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	asked := defaultWindow
	if query := r.URL.Query(); query.Has("window") {
		asked = query.Get("window")
	}
	window, err := parseWindow(asked)
	if err != nil {
		return err
	}
	m, err := s.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	span := newSpan(monitor.Date(time.Now()), window)
	history, err := readHistory(r.Context(), s.store, id, span)
	if err != nil {
		return err
	}
	answer, err := sumUp(history, span)
	if err != nil {
		return err
	}
	answer.Window = asked
	if answer.Uptime, answer.UptimeFrom, err = s.uptime(r.Context(), m, span); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// parseWindow reads a Go duration, or a number of days such as 7d.
func parseWindow(text string) (time.Duration, error) {
	window, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		window = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || window < minWindow || window > maxWindow {
		return 0, monitor.Invalidf("window must be a duration from 1m to 400d, for example 90m, 24h or 7d")
	}
	return window, nil
}

// sumUp counts the history over the whole span and by bucket.
func sumUp(history []portion, at span) (statsAnswer, error) {
	total, buckets := rollup.New(), make([]*rollup.Summary, at.buckets())
	for i := range buckets {
		buckets[i] = rollup.New()
	}
	for _, p := range history {
		i := int(p.start.Sub(at.from) / at.step)
		if i < 0 || i >= len(buckets) {
			continue
		}
		if err := errors.Join(total.Merge(p.summary), buckets[i].Merge(p.summary)); err != nil {
			return statsAnswer{}, err
		}
	}
	answer := statsAnswer{
		From: at.from, To: at.to, Counts: countsOf(total), latency: latencyOf(total),
		P99: known(total.Quantile(0.99)), Buckets: make([]statsBucket, len(buckets)),
	}
	for i, b := range buckets {
		answer.Buckets[i] = statsBucket{Start: at.from.Add(time.Duration(i) * at.step), counts: countsOf(b), latency: latencyOf(b)}
	}
	return answer, nil
}

func countsOf(s *rollup.Summary) counts {
	return counts{OK: s.Counts[monitor.StatusOK], Error: s.Counts[monitor.StatusError], Failed: s.Counts[monitor.StatusFailed]}
}

func latencyOf(s *rollup.Summary) latency {
	answered := s.Answered() > 0
	return latency{
		Avg: known(s.Average()), Min: known(s.Min, answered), Max: known(s.Max, answered),
		P50: known(s.Quantile(0.5)), P95: known(s.Quantile(0.95)),
	}
}

func known(value float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &value
}

// uptime is the percentage over the span, and from when on it is known if that is not its start.
func (s *Server) uptime(ctx context.Context, m monitor.Monitor, at span) (percent *float64, from *time.Time, err error) {
	log, err := s.store.Transitions(ctx, m.ID, at.from, at.to, maxTransitions)
	if err != nil {
		return nil, nil, err
	}
	start := at.from
	if len(log) == maxTransitions {
		start = log[len(log)-1].Date
		from = &start
	}
	var state *store.State
	switch current, err := s.store.State(ctx, m.ID); {
	case err == nil:
		state = &current
	case !errors.Is(err, monitor.ErrNotFound):
		return nil, nil, err
	}
	return known(uptime.Compute(start, at.to, m, state, log).Percent()), from, nil
}
