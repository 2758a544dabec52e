// Package localtime loads time zones and finds the instants of local times.
package localtime

import (
	"fmt"
	"sync"
	"time"

	// Embeds the time zone database, because container images may not contain one.
	_ "time/tzdata"
)

// zones maps names to loaded time zones, because loading a zone is slow. Zones never change.
var zones sync.Map

// Zone returns the time zone with an IANA name, such as Europe/Amsterdam or UTC.
func Zone(name string) (*time.Location, error) {
	if zone, known := zones.Load(name); known {
		return zone.(*time.Location), nil
	}
	// time.LoadLocation accepts an empty name and Local, but Local differs between machines.
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not the name of a time zone", name)
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}

// StartOfDay returns the first instant of a day in zone. The day may be outside of the month, as in [time.Date].
func StartOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	return FirstInstant(time.Date(year, month, day, 0, 0, 0, 0, time.UTC), zone).In(zone)
}

// FirstInstant returns the first instant at which a clock in zone shows the time local or a later one. local is a local
// time, stored as if it were UTC.
func FirstInstant(local time.Time, zone *time.Location) time.Time {
	for at := local.Add(-24 * time.Hour).In(zone); ; {
		_, offset := at.Zone()
		exact := local.Add(time.Duration(-offset) * time.Second)
		_, change := at.ZoneBounds()
		switch {
		case exact.Before(at):
			return at.UTC()
		case change.IsZero() || exact.Before(change):
			return exact
		}
		at = change
	}
}
