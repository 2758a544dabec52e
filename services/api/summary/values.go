package summary

import (
	"errors"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// values contains the values of a monitor's results in the last 24 hours, as encoded aggregates.
type values struct {
	// closed aggregates the whole hours that have a rollup; nil if there are none.
	closed []byte
	// firstHour is the hour in which the 24 hours begin, and parts are its parts of 5 minutes.
	firstHour time.Time
	parts     [][]byte
	// open aggregates the results of the hours without a rollup: the current one, and perhaps the one before.
	open []openHour
}

// openHour aggregates the results of an hour.
type openHour struct {
	start   time.Time
	encoded []byte
}

// add adds points, oldest first, that are newer than all others. It ignores those of hours that must have a rollup.
func (v *values) add(points []store.Point, now time.Time) error {
	for len(points) > 0 {
		start, n := points[0].Date.Truncate(time.Hour), 1
		for n < len(points) && points[n].Date.Truncate(time.Hour).Equal(start) {
			n++
		}
		if !start.Before(now.Truncate(time.Hour).Add(-time.Hour)) {
			if err := v.addToHour(start, points[:n]); err != nil {
				return err
			}
		}
		points = points[n:]
	}
	return nil
}

// addToHour adds points of one hour.
func (v *values) addToHour(start time.Time, points []store.Point) error {
	sum, hour := rollup.New(), (*openHour)(nil)
	for i := range v.open {
		if v.open[i].start.Equal(start) {
			hour = &v.open[i]
			var err error
			if sum, err = rollup.Decode(hour.encoded); err != nil {
				return err
			}
		}
	}
	if hour == nil {
		v.open = append(v.open, openHour{start: start})
		hour = &v.open[len(v.open)-1]
	}
	for _, p := range points {
		sum.Add(p.Status, p.Value)
	}
	hour.encoded = sum.Encode()
	return nil
}

// p95 returns the 95th percentile of the values since a date in the first hour; nil if there are none.
func (v *values) p95(from time.Time) (*float64, error) {
	sum := rollup.New()
	var failed error
	merge := func(encoded []byte) {
		if len(encoded) == 0 {
			return
		}
		part, err := rollup.Decode(encoded)
		if err == nil {
			err = sum.Merge(part)
		}
		failed = errors.Join(failed, err)
	}
	merge(v.closed)
	for i, part := range v.parts {
		if !v.firstHour.Add(time.Duration(i) * store.MinutesPart).Before(from) {
			merge(part)
		}
	}
	for _, hour := range v.open {
		merge(hour.encoded)
	}
	value, known := sum.Quantile(0.95)
	if !known || failed != nil {
		return nil, failed
	}
	value = Significant(value, 3)
	return &value, nil
}

// rollups collects the rollups of a monitor.
type rollups struct {
	// firstHour is the hour in which the 24 hours begin, and lastHour is the one before the current hour.
	firstHour, lastHour time.Time
	closed              *rollup.Aggregate
	// first is the rollup of firstHour; nil if there is none. hasLast reports whether lastHour has a rollup.
	first   *rollup.Aggregate
	hasLast bool
	parts   [][]byte
	err     error
}

func newRollups(now time.Time) *rollups {
	return &rollups{
		firstHour: firstHour(now), lastHour: now.Truncate(time.Hour).Add(-time.Hour), closed: rollup.New(),
	}
}

// firstHour returns the hour in which the 24 hours that end at now begin.
func firstHour(now time.Time) time.Time {
	return time.UnixMilli(startOf(now, oneDay, fineCell)).UTC().Truncate(time.Hour)
}

// add adds a rollup of an hour, or the parts of the first hour.
func (r *rollups) add(stored store.Rollup) {
	if stored.Period == store.Minutes {
		parts, err := rollup.DecodeSeries(stored.Summary, store.PartsPerHour)
		r.parts, r.err = parts, errors.Join(r.err, err)
		return
	}
	hour, err := rollup.Decode(stored.Summary)
	if err != nil {
		r.err = errors.Join(r.err, err)
		return
	}
	r.hasLast = r.hasLast || stored.Start.Equal(r.lastHour)
	if stored.Start.Equal(r.firstHour) {
		r.first = hour
		return
	}
	r.err = errors.Join(r.err, r.closed.Merge(hour))
}

// values returns the values in the rollups, and those of the hours in open that have none. If the parts of the first hour
// have not all of its results, the whole hour counts.
func (r *rollups) values(open []openHour) (values, error) {
	v := values{firstHour: r.firstHour, parts: r.parts}
	if r.first != nil && !r.partsCover() {
		v.parts = nil
		r.err = errors.Join(r.err, r.closed.Merge(r.first))
	}
	if r.closed.Total() > 0 {
		v.closed = r.closed.Encode()
	}
	for _, hour := range open {
		if hour.start.After(r.lastHour) || hour.start.Equal(r.lastHour) && !r.hasLast {
			v.open = append(v.open, hour)
		}
	}
	return v, r.err
}

// partsCover reports whether the parts of the first hour have as many results as its rollup.
func (r *rollups) partsCover() bool {
	count := 0
	for _, encoded := range r.parts {
		if len(encoded) == 0 {
			continue
		}
		part, err := rollup.Decode(encoded)
		if err != nil {
			r.err = errors.Join(r.err, err)
			return false
		}
		count += part.Total()
	}
	return count >= r.first.Total()
}
