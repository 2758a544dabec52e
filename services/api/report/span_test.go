package report

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"nanomon/services/common/monitor"
)

// now is the time of all requests in the tests.
var now = time.Date(2026, 11, 29, 23, 4, 5, 678e6, time.UTC)

func TestParseSpan(t *testing.T) {
	for _, c := range []struct{ query, from, to, end string }{
		{"", "2026-11-01T00:00:00Z", "2026-11-29T23:04:05Z", "2026-12-01T00:00:00Z"},
		{"month=2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", ""},
		{"month=2026-12&zone=Pacific/Kiritimati", "", "", ""}, // has not begun
		// 28 days and 23 hours, because the clock is put forward; 31 days and an hour, because it is put back.
		{"month=2026-03&zone=Europe/Amsterdam", "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00", ""},
		{"month=2026-10&zone=Europe/Amsterdam", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", ""},
		{"month=2026-04&zone=Australia/Lord_Howe", "2026-04-01T00:00:00+11:00", "2026-05-01T00:00:00+10:30", ""},
		{"month=2023-10&zone=America/Asuncion", "2023-10-01T01:00:00-03:00", "2023-11-01T00:00:00-03:00", ""},
		{"month=2023-09&zone=America/Asuncion", "2023-09-01T00:00:00-04:00", "2023-10-01T01:00:00-03:00", ""},
		{"month=2011-12&zone=Pacific/Apia", "2011-12-01T00:00:00-10:00", "2012-01-01T00:00:00+14:00", ""},
		{"zone=Pacific/Kiritimati", "2026-11-01T00:00:00+14:00", "2026-11-30T13:04:05+14:00", "2026-12-01T00:00:00+14:00"},
		{"from=2026-11-28", "2026-11-28T00:00:00Z", "2026-11-29T23:04:05Z", ""},
		{"from=2026-11-28&to=2026-11-29&zone=Asia/Kathmandu", "2026-11-28T00:00:00+05:45", "2026-11-29T00:00:00+05:45", ""},
		{"from=2026-11-28T10:00:00Z&to=2027-01-01", "2026-11-28T10:00:00Z", "2026-11-29T23:04:05Z", "2027-01-01T00:00:00Z"},
		{"from=2026-10-25T02:30:00%2B02:00&to=2026-10-25T02:30:00%2B01:00&zone=Europe/Amsterdam", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", ""},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		span, err := ParseSpan(query, now)
		if c.from == "" {
			if err == nil {
				t.Errorf("%q is accepted", c.query)
			}
			continue
		}
		if c.end == "" {
			c.end = c.to
		}
		from, to, end := span.From.Format(time.RFC3339Nano), span.To.Format(time.RFC3339Nano), span.End.Format(time.RFC3339Nano)
		if err != nil || from != c.from || to != c.to || end != c.end {
			t.Errorf("%q is from %s to %s, requested %s, error %v; want from %s to %s, requested %s", c.query, from, to, end, err, c.from, c.to, c.end)
		}
	}
}

func TestInvalidSpans(t *testing.T) {
	for query, detail := range map[string]string{
		"zone=":                            `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not ""`,
		"zone=Local":                       `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Local"`,
		"zone=Mars/Olympus":                `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Mars/Olympus"`,
		"month=2026-13":                    `month must be a month such as 2026-11, not "2026-13"`,
		"month=2026-1":                     `month must be a month such as 2026-11, not "2026-1"`,
		"month=0000-01":                    `month must be a month such as 2026-11, not "0000-01"`,
		"month=":                           `month must be a month such as 2026-11, not ""`,
		"month=2026-12":                    "month must not be in the future: 2026-12 has not begun in UTC",
		"month=2026-11&from=2026-11-01":    "month can't be combined with from or to",
		"to=2026-11-01":                    "from is missing; to can't be used without it",
		"from=yesterday":                   "from must be a day such as 2026-01-31, or a date in RFC 3339 such as 2026-01-31T08:30:00Z",
		"from=2026-11-01&to=1793491200":    "to must be a day such as 2026-01-31, or a date in RFC 3339 such as 2026-01-31T08:30:00Z",
		"from=2026-02-30":                  "from must be a day such as 2026-01-31, or a date in RFC 3339 such as 2026-01-31T08:30:00Z",
		"from=2026-11-02&to=2026-11-02":    "from must be before to",
		"from=2026-11-02&to=2026-11-01":    "from must be before to",
		"from=2026-11-30":                  "from must not be in the future",
		"from=2027-01-01&to=2027-02-01":    "from must not be in the future",
		"from=2025-10-25&to=2026-11-30":    "from must be at most 400 days before to",
		"from=2024-01-01T00:00:00Z":        "from must be at most 400 days before to",
		"from=2026-11-01T00:00:00+01:00":   "from must be a day such as 2026-01-31, or a date in RFC 3339 such as 2026-01-31T08:30:00Z", // a plus in a query is a blank
		"from=0000-01-01&to=0000-01-02":    "from must be a day such as 2026-01-31, or a date in RFC 3339 such as 2026-01-31T08:30:00Z",
		"from=9999-12-31&to=9999-12-31T24": "to must be a day such as 2026-01-31, or a date in RFC 3339 such as 2026-01-31T08:30:00Z",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseSpan(values, now)
		var invalid *monitor.InvalidError
		if !errors.As(err, &invalid) || invalid.Detail != detail {
			t.Errorf("%s: %v, want %s", query, err, detail)
		}
	}
}

// TestMonthsAreContiguous checks that months have no gaps and no overlaps in zones with unusual clock changes.
func TestMonthsAreContiguous(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Amsterdam", "America/St_Johns", "America/Asuncion", "Pacific/Apia", "Africa/Cairo", "Asia/Amman"} {
		var last time.Time
		for month := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC); month.Year() < 2026; month = month.AddDate(0, 1, 0) {
			span, err := ParseSpan(url.Values{"month": {month.Format("2006-01")}, "zone": {zone}}, now)
			if err != nil || !last.IsZero() && !span.From.Equal(last) {
				t.Fatalf("%s in %s begins at %s, and the month before ends at %s; error %v", month, zone, span.From, last, err)
			}
			last = span.To
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, seed := range []string{
		"month=2026-10&zone=Europe/Amsterdam", "from=2026-11-28&to=2026-11-29", "from=2026-11-28T10:00:00Z", "zone=UTC", "month=0001-01&zone=Asia/Tokyo",
		"from=0001-01-01T00:00:00%2B23:59&to=9999-12-31", "month=9999-12", "to=x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, _ := url.ParseQuery(text)
		span, err := ParseSpan(query, now)
		var invalid *monitor.InvalidError
		switch {
		case err != nil && !errors.As(err, &invalid):
			t.Errorf("%q: %v", text, err)
		case err == nil && (!span.From.Before(span.To) || span.To.After(now) || span.End.Before(span.To) || span.End.Sub(span.From) > maxSpan):
			t.Errorf("%q is %+v", text, span)
		}
	})
}
