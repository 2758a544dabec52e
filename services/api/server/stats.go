package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

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
	StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]store.StatusChange, error)
}

func (s *Server) bindStats(to routes) {
	to.reading.Get("/api/monitors/{id}/stats", s.handle(s.stats))
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
	// Window is as it was asked for, empty when two dates were.
	Window string    `json:"window,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	// Uptime is a percentage, nil when nothing is known.
	Uptime *float64 `json:"uptime"`
	// UptimeFrom is from when on Uptime is known, where that is later than From because the log is long.
	UptimeFrom *time.Time `json:"uptimeFrom,omitempty"`
	// Maintenance and Blocked are how many seconds are left out of Uptime for that reason.
	Maintenance float64 `json:"maintenance"`
	Blocked     float64 `json:"blocked"`
	Counts      counts  `json:"counts"`
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
	// What happens in the current millisecond counts too.
	now := monitor.Date(time.Now()).Add(time.Millisecond)
	at, window, err := statsSpan(r.URL.Query(), now)
	if err != nil {
		return err
	}
	m, err := s.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	at, history, err := s.history(r.Context(), id, at, now)
	if err != nil {
		return err
	}
	answer, err := sumUp(history, at)
	if err != nil {
		return err
	}
	answer.Window = window
	spent, uptimeFrom, err := s.timeSpent(r.Context(), m, at, now)
	if err != nil {
		return err
	}
	answer.Uptime, answer.UptimeFrom = known(spent.Percent()), uptimeFrom
	answer.Maintenance, answer.Blocked = spent.Maintenance.Seconds(), spent.Blocked.Seconds()
	return web.JSON(w, http.StatusOK, answer)
}

// history reads a span, by hours if its single results are no longer there. It returns the span that it has read.
func (s *Server) history(ctx context.Context, id string, at span, now time.Time) (span, []portion, error) {
	if at.step < time.Hour {
		gone, err := expired(ctx, s.store, id, at)
		if err != nil {
			return at, nil, err
		}
		if gone {
			at = at.by(time.Hour, now)
		}
	}
	portions, err := readHistory(ctx, s.store, id, at)
	return at, portions, err
}

// statsSpan reads either ?window=, which ends now, or ?from= and ?to=, where to is at most now. It returns the window as it
// was asked for, empty when dates were.
func statsSpan(query url.Values, now time.Time) (at span, window string, err error) {
	if query.Has("from") || query.Has("to") {
		if query.Has("window") {
			return span{}, "", monitor.Invalidf("window can't be combined with from or to")
		}
		at, err = spanOfDates(query, now)
		return at, "", err
	}
	window = defaultWindow
	if query.Has("window") {
		window = query.Get("window")
	}
	length, err := parseWindow(window)
	if err != nil {
		return span{}, "", err
	}
	return newSpan(now.Add(-length), now, now), window, nil
}

func spanOfDates(query url.Values, now time.Time) (span, error) {
	from, err := dateParameter(query, "from")
	if err != nil {
		return span{}, err
	}
	to, err := dateParameter(query, "to")
	if err != nil {
		return span{}, err
	}
	if from.IsZero() {
		return span{}, monitor.Invalidf("from is missing: to alone is no span")
	}
	if to.IsZero() || to.After(now) {
		to = now
	}
	if length := to.Sub(from); length < minWindow || length > maxWindow {
		return span{}, monitor.Invalidf("from must be at least a minute and at most 400 days before to, which counts as now when it is later")
	}
	return newSpan(from, to, now), nil
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
	total, buckets := rollup.New(), make([]*rollup.Aggregate, at.buckets())
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

func countsOf(s *rollup.Aggregate) counts {
	return counts{OK: s.Counts[monitor.StatusOK], Error: s.Counts[monitor.StatusError], Failed: s.Counts[monitor.StatusFailed]}
}

func latencyOf(s *rollup.Aggregate) latency {
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

// timeSpent is how the time of the span was spent, and from when on that is known if that is not its start.
func (s *Server) timeSpent(ctx context.Context, m monitor.Monitor, at span, now time.Time) (spent uptime.Breakdown, from *time.Time, err error) {
	log, err := s.store.StatusChanges(ctx, m.ID, at.from, at.to, maxTransitions)
	if err != nil {
		return spent, nil, err
	}
	start := at.from
	if len(log) == maxTransitions {
		start = log[len(log)-1].Date
		from = &start
	}
	if at.to.Before(now) {
		// The first transition after the span tells what held before it, if the log reaches back so far.
		later, err := s.store.StatusChanges(ctx, m.ID, at.to, now, maxTransitions)
		if err != nil {
			return spent, nil, err
		}
		if len(later) < maxTransitions {
			log = append(later, log...)
		}
	}
	state, err := s.state(ctx, m.ID)
	if err != nil {
		return spent, nil, err
	}
	return uptime.Compute(start, at.to, m, state, log), from, nil
}
