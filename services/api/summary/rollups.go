package summary

import (
	"bytes"
	"errors"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// maxHours is the number of hours that 24 hours touch.
const maxHours = 25

// rollups collects the rollups of a monitor. An encoded one is empty if there is none.
type rollups struct {
	// firstHour is the hour in which the 24 hours begin, and lastHour is the one before the current hour.
	firstHour, lastHour time.Time
	// hours contains the rollups from firstHour on, and parts the parts of firstHour.
	hours [maxHours][]byte
	parts [][]byte
	err   error
}

// newRollups returns the rollups that are known, and the hour from which they must be read.
func newRollups(now time.Time, known values) (r *rollups, from time.Time) {
	first := firstHour(now)
	r = &rollups{firstHour: first, lastHour: now.Truncate(time.Hour).Add(-time.Hour)}
	hours, err := rollup.DecodeSeries(known.hours, maxHours)
	if err != nil {
		hours = nil // Read them again.
	}
	from = first
	for i, hour := range hours {
		start := known.firstHour.Add(time.Duration(i) * time.Hour)
		if len(hour) > 0 && r.put(start, hour) {
			from = start // A late result may have changed it.
		}
	}
	return r, from
}

// firstHour returns the hour in which the 24 hours that end at now begin.
func firstHour(now time.Time) time.Time {
	return time.UnixMilli(startOf(now, oneDay, fineCell)).UTC().Truncate(time.Hour)
}

// put sets the rollup of an hour, unless it is out of range.
func (r *rollups) put(start time.Time, hour []byte) bool {
	i := int(start.Sub(r.firstHour) / time.Hour)
	if start.Before(r.firstHour) || i >= maxHours {
		return false
	}
	r.hours[i] = hour
	return true
}

// add adds a rollup of an hour, or the parts of the first hour.
func (r *rollups) add(stored store.Rollup) {
	if stored.Period == store.Hour {
		r.put(stored.Start, bytes.Clone(stored.Summary))
		return
	}
	parts, err := rollup.DecodeSeries(stored.Summary, store.PartsPerHour)
	r.parts, r.err = parts, errors.Join(r.err, err)
}

// hasLast reports whether lastHour has a rollup.
func (r *rollups) hasLast() bool {
	return len(r.hours[int(r.lastHour.Sub(r.firstHour)/time.Hour)]) > 0
}

// values returns the values in the rollups, and the values of the hours in open that have no rollup. If the parts of the
// first hour do not have all of its results, the whole hour counts.
func (r *rollups) values(open []openHour) (values, error) {
	v := values{firstHour: r.firstHour, parts: r.parts, hours: rollup.EncodeSeries(r.hours[:])}
	counted := r.hours[1:]
	if r.count(r.parts) < r.count(r.hours[:1]) {
		v.parts, counted = nil, r.hours[:]
	}
	closed := rollup.New()
	for _, hour := range counted {
		if sum := r.decode(hour); sum != nil {
			r.err = errors.Join(r.err, closed.Merge(sum))
		}
	}
	if closed.Total() > 0 {
		v.closed = closed.Encode()
	}
	for _, hour := range open {
		if hour.start.After(r.lastHour) || hour.start.Equal(r.lastHour) && !r.hasLast() {
			v.open = append(v.open, hour)
		}
	}
	return v, r.err
}

// count returns the number of results in encoded aggregates.
func (r *rollups) count(encoded [][]byte) int {
	count := 0
	for _, each := range encoded {
		if sum := r.decode(each); sum != nil {
			count += sum.Total()
		}
	}
	return count
}

// decode decodes an aggregate; nil if it is empty or damaged.
func (r *rollups) decode(encoded []byte) *rollup.Aggregate {
	if len(encoded) == 0 {
		return nil
	}
	sum, err := rollup.Decode(encoded)
	if err != nil {
		r.err = errors.Join(r.err, err)
		return nil
	}
	return sum
}
