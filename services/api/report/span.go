// Package report computes how well monitors met their objectives in a period: the time with each status, uptime, error
// budget, incidents and latency.
package report

import (
	"net/url"
	"time"

	"nanomon/services/common/localtime"
	"nanomon/services/common/monitor"
)

// maxSpan is the longest period of a report.
const maxSpan = 400 * 24 * time.Hour

// Span is the period of a report. It includes From and excludes To.
type Span struct {
	// From and To are in the time zone of the report. To is at most the time of the request.
	From, To time.Time
	// End is the requested end. It may be after To.
	End time.Time
	// Zone is the name of the time zone.
	Zone string
}

// ParseSpan parses ?month= or ?from= and ?to=, with ?zone=. Without any, the span is the current month in UTC. The
// error is a [monitor.InvalidError] that names the parameter.
func ParseSpan(query url.Values, now time.Time) (Span, error) {
	zone, err := ParseZone(query)
	if err != nil {
		return Span{}, err
	}
	now = now.Truncate(time.Second).In(zone)
	var span Span
	if query.Has("from") || query.Has("to") {
		span, err = spanOfDates(query, now)
	} else {
		span, err = spanOfMonth(query, now)
	}
	span.Zone = zone.String()
	return span, err
}

// ParseZone parses ?zone=, a time zone; UTC by default. The error is a [monitor.InvalidError].
func ParseZone(query url.Values) (*time.Location, error) {
	name := "UTC"
	if query.Has("zone") {
		name = query.Get("zone")
	}
	zone, err := localtime.Zone(name)
	if err != nil {
		return nil, monitor.Invalidf(
			"zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not %.50q", name)
	}
	return zone, nil
}

func spanOfMonth(query url.Values, now time.Time) (Span, error) {
	month := now
	if query.Has("month") {
		var err error
		if month, err = time.Parse("2006-01", query.Get("month")); err != nil || month.Year() < 1 {
			return Span{}, monitor.Invalidf("month must be a month such as 2026-11, not %.50q", query.Get("month"))
		}
	}
	from := localtime.StartOfDay(month.Year(), month.Month(), 1, now.Location())
	if !from.Before(now) {
		return Span{}, monitor.Invalidf("month must not be in the future: %s has not begun in %s",
			month.Format("2006-01"), now.Location())
	}
	return newSpan(from, localtime.StartOfDay(month.Year(), month.Month()+1, 1, now.Location()), now), nil
}

func spanOfDates(query url.Values, now time.Time) (Span, error) {
	if query.Has("month") {
		return Span{}, monitor.Invalidf("month can't be combined with from or to")
	}
	if !query.Has("from") {
		return Span{}, monitor.Invalidf("from is missing; to can't be used without it")
	}
	from, err := parseDate(query, "from", now.Location())
	if err != nil {
		return Span{}, err
	}
	to := now
	if query.Has("to") {
		if to, err = parseDate(query, "to", now.Location()); err != nil {
			return Span{}, err
		}
	}
	switch {
	case !from.Before(now):
		return Span{}, monitor.Invalidf("from must not be in the future")
	case !from.Before(to):
		return Span{}, monitor.Invalidf("from must be before to")
	case to.Sub(from) > maxSpan:
		return Span{}, monitor.Invalidf("from must be at most 400 days before to")
	}
	return newSpan(from, to, now), nil
}

// parseDate parses a date in RFC 3339, or the first instant of a day in zone.
func parseDate(query url.Values, name string, zone *time.Location) (time.Time, error) {
	text := query.Get(name)
	if day, err := time.Parse(time.DateOnly, text); err == nil && day.Year() > 0 {
		return localtime.StartOfDay(day.Year(), day.Month(), day.Day(), zone), nil
	}
	date, err := time.Parse(time.RFC3339, text)
	if err != nil || date.Year() < 1 {
		return time.Time{}, monitor.Invalidf(
			"%s must be a day such as 2026-01-31, or a date in RFC 3339 such as 2026-01-31T08:30:00Z", name)
	}
	return monitor.CeilDate(date).In(zone), nil
}

// newSpan returns the span from from to end, as far as it is not after now.
func newSpan(from, end, now time.Time) Span {
	span := Span{From: from, To: end, End: end}
	if end.After(now) {
		span.To = now
	}
	return span
}
