package config

import (
	"time"

	"nanomon/services/common/store"
)

// minHourRetention is the minimum of HOUR_RETENTION: the statistics of a year contain two days by hours.
const minHourRetention = 72 * time.Hour

// Retention configures how long the history is stored.
//
// # History
type Retention struct {
	// How long to store single results. At least `2h`.
	ResultRetention time.Duration `env:"RESULT_RETENTION" envDefault:"720h"`
	// How long to store daily rollups, status changes, incidents and notifications. At least `RESULT_RETENTION`.
	RollupRetention time.Duration `env:"ROLLUP_RETENTION" envDefault:"9600h"`
	// How long to store hourly rollups. If unset, as long as daily ones. At least `72h` and `RESULT_RETENTION`, and at most `ROLLUP_RETENTION`.
	HourRetention time.Duration `env:"HOUR_RETENTION"`
}

// Keep returns the retention in the store's form.
func (r Retention) Keep() store.Retention {
	return store.Retention{Results: r.ResultRetention, Rollups: r.RollupRetention, Hours: r.HourRetention}
}

// Validate checks that results are stored until their rollups are complete.
func (r Retention) Validate() []Fault {
	if r.ResultRetention < 2*time.Hour {
		return []Fault{{"RESULT_RETENTION", "is too short: use at least 2h"}}
	}
	if r.RollupRetention < r.ResultRetention {
		return []Fault{{"ROLLUP_RETENTION", "is shorter than RESULT_RETENTION: use at least " + short(r.ResultRetention)}}
	}
	return r.validateHours()
}

// validateHours checks that daily rollups can be computed again from hourly ones after a late result.
func (r Retention) validateHours() []Fault {
	switch least := max(minHourRetention, r.ResultRetention); {
	case r.HourRetention == 0:
		return nil
	case r.HourRetention < least:
		return []Fault{{"HOUR_RETENTION", "is too short: use at least " + short(least)}}
	case r.HourRetention > r.RollupRetention:
		return []Fault{{"HOUR_RETENTION", "is longer than ROLLUP_RETENTION: use at most " + short(r.RollupRetention)}}
	}
	return nil
}
