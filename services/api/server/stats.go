package server

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/uptime"
	"nanomon/services/common/web"
)

const (
	defaultWindow = "24h"
	minWindow     = time.Minute
	maxWindow     = 400 * 24 * time.Hour
	// maxPeriods is the maximum number of periods in a response. A chart is hardly wider.
	maxPeriods = 500
)

// statsStore is the part of the store for statistics.
type statsStore interface {
	summaryStore
	monitorGetter
	periodStore
}

// statsHandler serves the statistics of a monitor.
type statsHandler struct{ store statsStore }

func newStatsHandler(s statsStore) *statsHandler { return &statsHandler{store: s} }

func (h *statsHandler) mount(to routes) {
	to.reading.Get("/api/monitors/{id}/stats", handle(h.get))
}

// counts contains the number of results by status.
type counts struct {
	OK     int `json:"ok"`
	Error  int `json:"error"`
	Failed int `json:"failed"`
}

// latency summarizes the values of the results that are not failed; nil if there are none.
type latency struct {
	Avg *float64 `json:"avg"`
	Min *float64 `json:"min"`
	Max *float64 `json:"max"`
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
}

type statsResponse struct {
	// Window is the requested window; empty if the request has dates.
	Window string    `json:"window,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	// Uptime is a percentage, nil if it is unknown.
	Uptime *float64 `json:"uptime"`
	// UptimeFrom is the start of the time that Uptime covers, if it is later than From.
	UptimeFrom *time.Time `json:"uptimeFrom,omitempty"`
	// Maintenance and Blocked are the seconds that Uptime excludes for that reason.
	Maintenance float64 `json:"maintenance"`
	Blocked     float64 `json:"blocked"`
	Counts      counts  `json:"counts"`
	latency
	P99     *float64      `json:"p99"`
	Buckets []statsBucket `json:"buckets"`
	// Periods lists the longest times during which the monitor was not OK, oldest first. OmittedPeriods is the number of
	// shorter ones.
	Periods        []statsPeriod `json:"periods"`
	OmittedPeriods int           `json:"omittedPeriods"`
}

// statsPeriod is a time during which the monitor was of another kind than [uptime.OK].
type statsPeriod struct {
	From time.Time   `json:"from"`
	To   time.Time   `json:"to"`
	Kind uptime.Kind `json:"kind"`
}

// statsBucket contains the statistics of one part of the time range.
type statsBucket struct {
	Start time.Time `json:"start"`
	counts
	latency
}

func (h *statsHandler) get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	// Include the current millisecond.
	now := monitor.Date(time.Now()).Add(time.Millisecond)
	tr, window, err := statsRange(r.URL.Query(), now)
	if err != nil {
		return err
	}
	m, err := h.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	tr, summaries, err := readSummaries(r.Context(), h.store, id, tr, now)
	if err != nil {
		return err
	}
	response, err := summarize(summaries, tr)
	if err != nil {
		return err
	}
	response.Window = window
	periods, err := readPeriods(r.Context(), h.store, m, tr.from, tr.to, now)
	if err != nil {
		return err
	}
	response.addUptime(periods)
	return web.JSON(w, http.StatusOK, response)
}

// statsRange parses the time range of statistics; see [rangeParameters]. It returns the requested window too; empty if the
// request has dates.
func statsRange(query url.Values, now time.Time) (tr timeRange, window string, err error) {
	from, to, window, err := rangeParameters(query, defaultWindow, now)
	if err != nil {
		return timeRange{}, "", err
	}
	return newTimeRange(from, to, now), window, nil
}

// rangeParameters parses either ?window=, which ends now, or ?from= and ?to=, where to is at most now. Without any of them,
// the window is the default one. It returns the requested window too; empty if the request has dates.
func rangeParameters(query url.Values, window string, now time.Time) (from, to time.Time, _ string, err error) {
	if query.Has("from") || query.Has("to") {
		if query.Has("window") {
			return from, to, "", monitor.Invalidf("window can't be combined with from or to")
		}
		from, to, err = rangeOfDates(query, now)
		return from, to, "", err
	}
	if query.Has("window") {
		window = query.Get("window")
	}
	length, err := parseWindow(window)
	return now.Add(-length), now, window, err
}

func rangeOfDates(query url.Values, now time.Time) (from, to time.Time, err error) {
	if from, err = dateParameter(query, "from"); err != nil {
		return from, to, err
	}
	if to, err = dateParameter(query, "to"); err != nil {
		return from, to, err
	}
	if from.IsZero() {
		return from, to, monitor.Invalidf("from is missing; to can't be used without it")
	}
	if to.IsZero() || to.After(now) {
		to = now
	}
	if length := to.Sub(from); length < minWindow || length > maxWindow {
		err = monitor.Invalidf("from must be 1 minute to 400 days before to; a to in the future counts as now")
	}
	return monitor.CeilDate(from), monitor.CeilDate(to), err
}

// parseWindow parses a Go duration, or a number of days such as 7d.
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

// summarize merges summaries over the whole time range and by bucket.
func summarize(summaries []timedSummary, tr timeRange) (statsResponse, error) {
	total, buckets := rollup.New(), make([]*rollup.Aggregate, tr.buckets())
	for i := range buckets {
		buckets[i] = rollup.New()
	}
	for _, s := range summaries {
		i := int(s.start.Sub(tr.from) / tr.step)
		if i < 0 || i >= len(buckets) {
			continue
		}
		if err := errors.Join(total.Merge(s.summary), buckets[i].Merge(s.summary)); err != nil {
			return statsResponse{}, err
		}
	}
	response := statsResponse{
		From: tr.from, To: tr.to, Counts: toCounts(total), latency: toLatency(total),
		P99: optional(total.Quantile(0.99)), Buckets: make([]statsBucket, len(buckets)),
	}
	for i, b := range buckets {
		start := tr.from.Add(time.Duration(i) * tr.step)
		response.Buckets[i] = statsBucket{Start: start, counts: toCounts(b), latency: toLatency(b)}
	}
	return response, nil
}

func toCounts(s *rollup.Aggregate) counts {
	return counts{
		OK: s.Counts[monitor.StatusOK], Error: s.Counts[monitor.StatusError], Failed: s.Counts[monitor.StatusFailed],
	}
}

func toLatency(s *rollup.Aggregate) latency {
	notFailed := s.Answered() > 0
	return latency{
		Avg: optional(s.Average()), Min: optional(s.Min, notFailed), Max: optional(s.Max, notFailed),
		P50: optional(s.Quantile(0.5)), P95: optional(s.Quantile(0.95)),
	}
}

func optional(value float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &value
}

// addUptime adds the figures and the list of the periods.
func (s *statsResponse) addUptime(periods []uptime.Period) {
	spent, checkedFrom := uptime.Sum(periods)
	s.Uptime = optional(spent.Percent())
	s.Maintenance, s.Blocked = spent.Maintenance.Seconds(), spent.Blocked.Seconds()
	if checkedFrom.After(s.From) {
		s.UptimeFrom = &checkedFrom
	}
	s.Periods = []statsPeriod{}
	for _, p := range periods {
		if p.Kind != uptime.OK {
			s.Periods = append(s.Periods, statsPeriod(p))
		}
	}
	s.OmittedPeriods = max(0, len(s.Periods)-maxPeriods)
	if s.OmittedPeriods > 0 {
		s.Periods = longest(s.Periods)
	}
}

// longest returns the longest periods in their order.
func longest(periods []statsPeriod) []statsPeriod {
	length := func(p statsPeriod) time.Duration { return p.To.Sub(p.From) }
	slices.SortStableFunc(periods, func(a, b statsPeriod) int { return cmp.Compare(length(b), length(a)) })
	periods = periods[:maxPeriods]
	slices.SortFunc(periods, func(a, b statsPeriod) int { return a.From.Compare(b.From) })
	return periods
}
