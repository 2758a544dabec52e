package server

import (
	"context"
	"math"
	"net/http"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// maxOutputs is the maximum number of outputs in a response.
	maxOutputs = 20
	// maxOutputResults is the number of results up to which all are read: the results of 30 days at two per minute, and of a
	// day at one per second. Of more results, the store may read a sample.
	maxOutputResults = 100_000
	// sectionsPerBucket is the number of sections of a bucket of which a sample is read if there are more results.
	sectionsPerBucket = 2
)

// outputStore is the part of the store for the outputs of a monitor.
type outputStore interface {
	monitorGetter
	EachNumber(ctx context.Context, f store.NumberFilter, each func(date time.Time, numbers []float64)) (sampled bool, err error)
	Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error)
}

// outputHandler serves the numeric outputs of a monitor over time.
type outputHandler struct {
	store outputStore
	types probe.Registry
	// turn has space for one read. Reading many results takes long, and other requests need the store at the same time.
	turn chan struct{}
}

func newOutputHandler(s outputStore, types probe.Registry) *outputHandler {
	return &outputHandler{store: s, types: types, turn: make(chan struct{}, 1)}
}

func (h *outputHandler) mount(to routes) {
	to.reading.Get("/api/monitors/{id}/outputs", handle(h.get))
}

type outputsResponse struct {
	MonitorID string    `json:"monitor_id"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	// Available is the date of the oldest result, if earlier ones have expired; To if all have.
	Available *time.Time `json:"available"`
	// Sampled is true if only a part of the results was read.
	Sampled bool `json:"sampled"`
	// Step is the length of a bucket in seconds.
	Step       int64            `json:"step"`
	Outputs    []*outputSeries  `json:"outputs"`
	Thresholds []rule.Threshold `json:"thresholds"`
}

func (h *outputHandler) get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	// Include the current millisecond.
	now := monitor.Date(time.Now()).Add(time.Millisecond)
	tr, _, err := statsRange(r.URL.Query(), now)
	if err != nil {
		return err
	}
	m, err := h.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	var scrubber *secret.Scrubber
	if mustMask(r.Context()) {
		scrubber = h.types.Secrets().ScrubberFor(m)
	}
	response, err := h.read(r.Context(), m, tr, scrubber)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, response)
}

// read reads the outputs of a monitor, without the numbers that the scrubber hides.
func (h *outputHandler) read(
	ctx context.Context, m monitor.Monitor, tr timeRange, scrubber *secret.Scrubber,
) (outputsResponse, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return outputsResponse{}, ctx.Err()
	}
	spec := h.types[m.Type].Spec.ForProperties(m.Properties)
	series := newOutputSeries(spec)
	filter := store.NumberFilter{
		MonitorID: m.ID, From: tr.from, To: tr.to, Limit: maxOutputResults, Section: tr.step / sectionsPerBucket,
	}
	for _, s := range series {
		filter.Outputs = append(filter.Outputs, s.Name)
	}
	oldest, buckets := tr.to, tr.buckets()
	sampled, err := h.store.EachNumber(ctx, filter, func(date time.Time, numbers []float64) {
		oldest = earlier(oldest, date)
		bucket := int(date.Sub(tr.from) / tr.step)
		for i, number := range numbers {
			if !math.IsNaN(number) && !math.IsInf(number, 0) && !scrubber.HidesNumber(series[i].Name, number) {
				series[i].add(number, bucket, buckets)
			}
		}
	})
	if err != nil {
		return outputsResponse{}, err
	}
	response := outputsResponse{
		MonitorID: m.ID, From: tr.from, To: tr.to, Sampled: sampled, Step: int64(tr.step / time.Second),
		Outputs: withNumbers(series), Thresholds: notNil(rule.Thresholds(m.Rule, spec.Output)),
	}
	first := oldest
	if sampled { // Its section may have older results that were not read.
		first = tr.from.Add(time.Duration(filter.SectionOf(oldest)) * filter.Section)
	}
	expired, err := h.expired(ctx, m.ID, tr, first)
	if expired {
		response.Available = &oldest
	}
	return response, err
}

// expired reports whether results from before the first one have expired: then there are rollups of them. It ignores the
// first bucket of the time range.
func (h *outputHandler) expired(ctx context.Context, monitorID string, tr timeRange, first time.Time) (bool, error) {
	if first.Sub(tr.from) < tr.step {
		return false, nil
	}
	hour, midnight := first.Truncate(time.Hour), first.Truncate(oneDay)
	for _, part := range []struct {
		period   store.Period
		from, to time.Time
	}{
		{store.Hour, later(tr.from, midnight), hour},
		{store.Day, tr.from, midnight},
		{store.Hour, tr.from, earlier(tr.from.Truncate(oneDay).Add(oneDay), hour)},
	} {
		if !part.from.Before(part.to) {
			continue
		}
		found, err := h.store.Rollups(ctx, monitorID, part.period, part.from, part.to)
		if err != nil || len(found) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}
