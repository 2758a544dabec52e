package store

import (
	"cmp"
	"time"
)

// Period is the length of the time that a [Rollup] covers.
type Period string

const (
	// Minutes is one full hour in UTC, divided into parts of [MinutesPart].
	Minutes Period = "minutes"
	// Hour is one full hour in UTC.
	Hour Period = "hour"
	// Day is one day in UTC.
	Day Period = "day"
)

const (
	// MinutesPart is the length of the parts of the period [Minutes].
	MinutesPart = 5 * time.Minute
	// PartsPerHour is the number of these parts.
	PartsPerHour = int(time.Hour / MinutesPart)
	// MinutesRetention is the age at which rollups of the period [Minutes] are deleted.
	MinutesRetention = 14 * 24 * time.Hour
)

// PartOf returns the index of the part of an hour to which a time belongs.
func PartOf(t time.Time) int { return int(t.Sub(t.Truncate(time.Hour)) / MinutesPart) }

// Length returns the duration of the period.
func (p Period) Length() time.Duration {
	if p == Day {
		return 24 * time.Hour
	}
	return time.Hour
}

// Rollup aggregates the results of one monitor in one period. It is always computed from the results: computing it
// again changes nothing. There is one per monitor, period and start.
type Rollup struct {
	MonitorID string
	Period    Period
	// Start is the beginning of the period.
	Start time.Time
	// Summary holds the counts and the latency sketch, encoded by package rollup. A rollup of the period [Minutes] holds
	// a series: the counts and the sketch of each part of the hour. A store may return another form of the same content.
	Summary []byte
}

// DirtyHour marks an hour whose rollup must be computed, because results were stored since.
type DirtyHour struct {
	MonitorID string
	Hour      time.Time
	// Token changes whenever the hour is marked again.
	Token string
}

// Retention limits the age of history.
type Retention struct {
	// Results is the age at which a result is deleted.
	Results time.Duration
	// Rollups is the age at which daily rollups, status changes, incidents and notifications are deleted. Status changes are
	// deleted by whole hours.
	Rollups time.Duration
	// Hours is the age at which hourly rollups are deleted; 0 means Rollups.
	Hours time.Duration
}

// StatusChangesFrom returns the date before which status changes are deleted at now: the start of an hour, so that
// StatusChangesExpired changes at most once an hour.
func (r Retention) StatusChangesFrom(now time.Time) time.Time {
	return now.Add(-r.Rollups).Truncate(time.Hour)
}

// Age returns the age at which rollups of a period are deleted.
func (r Retention) Age(p Period) time.Duration {
	hours := cmp.Or(r.Hours, r.Rollups)
	switch p {
	case Minutes:
		return min(MinutesRetention, hours)
	case Hour:
		return hours
	default:
		return r.Rollups
	}
}
