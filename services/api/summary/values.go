package summary

import (
	"errors"
	"slices"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// values contains the values of a monitor's results in the last 24 hours, as encoded aggregates.
type values struct {
	// firstHour is the hour in which the 24 hours begin, and parts are its parts of 5 minutes.
	firstHour time.Time
	parts     [][]byte
	// hours is the series of the rollups from firstHour on, and closed aggregates the hours after firstHour, or all of them
	// if parts is empty; nil if there are none.
	hours, closed []byte
	// open aggregates the results of the hours without a rollup: the current one, and perhaps the one before.
	open []openHour
}

// openHour aggregates the results of an hour.
type openHour struct {
	start   time.Time
	encoded []byte
}

// add adds points, oldest first, that are newer than all others. It ignores points of hours that must have a rollup.
func (v *values) add(points []store.Point, now time.Time) {
	for len(points) > 0 {
		start, n := points[0].Date.Truncate(time.Hour), 1
		for n < len(points) && points[n].Date.Truncate(time.Hour).Equal(start) {
			n++
		}
		if !start.Before(now.Truncate(time.Hour).Add(-time.Hour)) {
			v.addToHour(start, points[:n])
		}
		points = points[n:]
	}
}

// addToHour adds points of one hour.
func (v *values) addToHour(start time.Time, points []store.Point) {
	i := slices.IndexFunc(v.open, func(hour openHour) bool { return hour.start.Equal(start) })
	if i < 0 {
		i = len(v.open)
		v.open = append(v.open, openHour{start, rollup.New().Encode()})
	}
	sum, err := rollup.Decode(v.open[i].encoded)
	if err != nil {
		panic(err) // Impossible: this package has encoded it.
	}
	for _, p := range points {
		sum.Add(p.Status, p.Value)
	}
	v.open[i].encoded = sum.Encode()
}

// p95 returns the 95th percentile of the values since a date in the first hour; nil if there are none.
func (v *values) p95(from time.Time) (*float64, error) {
	sum := rollup.New()
	err := v.addTo(sum, from)
	value, known := sum.Quantile(0.95)
	if !known || err != nil {
		return nil, err
	}
	value = Round(value)
	return &value, nil
}

// addTo adds the values since a date in the first hour to an aggregate.
func (v *values) addTo(sum *rollup.Aggregate, from time.Time) (failed error) {
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
	return failed
}
