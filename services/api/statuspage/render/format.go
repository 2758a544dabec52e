package render

import (
	"strconv"
	"strings"
	"time"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/plain"
)

// The layouts of times.
const (
	toMinute = "2 Jan 2006, 15:04 MST"
	toSecond = "2 Jan 2006, 15:04:05 MST"
	clock    = "15:04 MST"
	day      = "2 Jan 2006"
	shortDay = "2 Jan"
)

// moment returns a time in the zone of the page.
func moment(v *view.Page, t time.Time, layout string) g.Node {
	return timeElement(t, local(v, t, layout))
}

func timeElement(t time.Time, text string) g.Node {
	return el("time", attr("datetime", t.UTC().Format(time.RFC3339)), words(text))
}

// local formats a time in the zone of the page. A zone without an abbreviation is shown as "UTC+03".
func local(v *view.Page, t time.Time, layout string) string {
	t = t.In(zone(v))
	if name, _ := t.Zone(); strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		layout = strings.Replace(layout, "MST", "UTCMST", 1)
	}
	return t.Format(layout)
}

// period returns the times of a start and an end. The date is left out where it is the same, and the zone too.
func period(v *view.Page, start, end time.Time) g.Node {
	from, to := toMinute, toMinute
	if local(v, start, day) == local(v, end, day) {
		to = clock
	}
	if local(v, start, "MST") == local(v, end, "MST") {
		from = strings.TrimSuffix(from, " MST")
	}
	return g.Group{moment(v, start, from), words(" to "), moment(v, end, to)}
}

func zone(v *view.Page) *time.Location {
	if v.Zone == nil {
		return time.UTC
	}
	return v.Zone
}

func zoneName(v *view.Page) string { return zone(v).String() }

// date formats a date such as 2026-11-30. It returns an empty text for anything else.
func date(iso, layout string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return ""
	}
	return t.Format(layout)
}

// percent formats an uptime, which is already rounded down.
func percent(p float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(p, 'f', 2, 64), "0"), ".") + " %"
}

func milliseconds(ms float64) string {
	switch {
	case ms < 9.95: // otherwise, it is rounded to 10
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	case ms < 999.5:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	default:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
	}
}

// duration formats a duration with at most two units, and without seconds from a minute on.
func duration(d time.Duration) string {
	if d = d.Round(time.Second); d >= time.Minute {
		d = d.Round(time.Minute)
	}
	units := []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	for i, unit := range units {
		if d < unit.length {
			continue
		}
		text := plain.Count(int(d/unit.length), unit.name)
		if i+1 < len(units) {
			if rest := int(d % unit.length / units[i+1].length); rest > 0 {
				text += " " + plain.Count(rest, units[i+1].name)
			}
		}
		return text
	}
	return "less than a second"
}
