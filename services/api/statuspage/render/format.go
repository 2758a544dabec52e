package render

import (
	"strconv"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/plain"
)

// The layouts of times.
const (
	minutes      = "2 Jan 2006, 15:04 MST"
	clockSeconds = "15:04:05 MST"
	day          = "2 Jan 2006"
)

// moment returns a time in the zone of the page.
func moment(v *view.Page, t time.Time, layout string) g.Node {
	return h.Time(h.DateTime(t.UTC().Format(time.RFC3339)), g.Text(t.In(zone(v)).Format(layout)))
}

func zone(v *view.Page) *time.Location {
	if v.Zone == nil {
		return time.UTC
	}
	return v.Zone
}

func zoneName(v *view.Page) string { return zone(v).String() }

// date formats a date such as 2026-11-30.
func date(iso string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	return t.Format(day)
}

// percent formats an uptime, which is already rounded down.
func percent(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) + " %" }

func milliseconds(ms float64) string {
	if ms < 10 {
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	}
	return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
}

// duration formats a duration with at most two units.
func duration(d time.Duration) string {
	d = d.Round(time.Second)
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
