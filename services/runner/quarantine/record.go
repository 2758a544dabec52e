package quarantine

import (
	"slices"
	"time"
)

const (
	// crashPeriod is the maximum time between two crashes that have suspects.
	crashPeriod = 10 * time.Minute
	// maxKilledAlone is the number of times that the process must be killed while a monitor is checked alone, before that
	// monitor is quarantined: a person or the system may have killed the process for another reason.
	maxKilledAlone = 2
)

// running is a check that was running when the process crashed.
type running struct {
	key Key
	way Way
}

// record describes the crashes so far and what follows from them. It is stored as JSON.
type record struct {
	// Crashed is the time of the last crash; Running lists the monitors whose checks ran then.
	Crashed time.Time `json:"crashed"`
	Running []Key     `json:"running"`
	// Suspects are checked one at a time.
	Suspects []Key `json:"suspects,omitempty"`
	// Alone is checked alone. AloneCrashes is the number of crashes during its check.
	Alone        *Key  `json:"alone,omitempty"`
	AloneCrashes int   `json:"aloneCrashes,omitempty"`
	Quarantined  []Key `json:"quarantined,omitempty"`
}

// afterCrash returns the record after a crash at the given time. certain reports whether the process surely ended by
// itself.
func (r record) afterCrash(at time.Time, checks []running, certain bool) record {
	if len(checks) == 0 {
		return r
	}
	var all, suspects []Key
	for _, c := range checks {
		all = append(all, c.key)
		if c.way == OneAtATime {
			suspects = append(suspects, c.key)
		}
	}
	switch {
	case len(checks) == 1 && checks[0].way == Alone:
		r = r.afterCrashAlone(checks[0].key, certain)
	case len(suspects) == 1:
		r.Alone, r.AloneCrashes = &suspects[0], 0
	case at.Sub(r.Crashed) <= crashPeriod:
		notBefore := func(k Key) bool { return !slices.Contains(r.Running, k) }
		r.Suspects, r.Alone = slices.DeleteFunc(slices.Clone(all), notBefore), nil
		if len(r.Suspects) == 1 {
			r.Alone, r.AloneCrashes = &r.Suspects[0], 0
		}
	default:
		r.Suspects, r.Alone = nil, nil
	}
	r.Crashed, r.Running = at, all
	return r
}

func (r record) afterCrashAlone(key Key, certain bool) record {
	if r.Alone == nil || *r.Alone != key {
		r.Alone, r.AloneCrashes = &key, 0
	}
	r.AloneCrashes++
	if certain || r.AloneCrashes >= maxKilledAlone {
		r.Quarantined = append(slices.Clone(r.Quarantined), key)
		r.Alone, r.AloneCrashes = nil, 0
	}
	return r
}
