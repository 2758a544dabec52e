package maintenance

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
)

func once(change func(*Window)) Window {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	w := Window{Name: "name", Monitors: []string{"65A500000000000000000001"}, Start: start, End: start.Add(time.Hour)}
	change(&w)
	return w
}

func everyWeek(change func(*Weekly)) Window {
	w := weekly("02:30", "1h", "Europe/Amsterdam", "monday", "sunday")
	change(w.Weekly)
	return w
}

func TestValidate(t *testing.T) {
	long := strings.Repeat("長", 301)
	for _, test := range []struct {
		name, want string // want is the start of the detail, or empty if the window is valid
		w          Window
	}{
		{"once", "", once(func(w *Window) {})},
		{"weekly", "", everyWeek(func(w *Weekly) {})},
		{"long name", "", once(func(w *Window) { w.Name = long[3:] })},
		{"both", "", once(func(w *Window) { w.Groups = []string{"web"} })},
		{"a group alone", "", once(func(w *Window) { w.Monitors, w.Groups = nil, []string{"web"} })},
		{"a week", "", everyWeek(func(w *Weekly) { w.Duration = "168h" })},
		{"a minute", "", everyWeek(func(w *Weekly) { w.At, w.Duration, w.Zone = "23:59", "60s", "UTC" })},
		{"public", "", once(func(w *Window) { w.Public = true })},
		{"public name", "", once(func(w *Window) { w.Public, w.PublicName = true, long[3:] })},
		{"in the past", "", once(func(w *Window) { w.Start = time.Unix(0, 0) })},

		{"no name", "name is missing", once(func(w *Window) { w.Name = " \t" })},
		{"too long a name", "name has 301 characters", once(func(w *Window) { w.Name = long })},
		{"bytes as name", "name is not valid UTF-8", once(func(w *Window) { w.Name = "a\xff" })},
		{"a public name of a private window", "publicName needs public", once(func(w *Window) { w.PublicName = "a" })},
		{"a blank public name", "publicName contains only spaces", once(func(w *Window) { w.Public, w.PublicName = true, " \t" })},
		{"too long a public name", "publicName has 301 characters", once(func(w *Window) { w.Public, w.PublicName = true, long })},
		{"bytes as public name", "publicName is not valid UTF-8", once(func(w *Window) { w.Public, w.PublicName = true, "a\xff" })},
		{"a public name that turns", "publicName contains the control", once(func(w *Window) { w.Public, w.PublicName = true, "a\u202e" })},
		{"no monitors and no groups", "monitors or groups", once(func(w *Window) { w.Monitors = []string{} })},
		{"an invalid id", "monitors must be ids", once(func(w *Window) { w.Monitors = append(w.Monitors, "web") })},
		{"an empty group", "groups must not", once(func(w *Window) { w.Groups = []string{""} })},
		{"too long a group", "groups has 301", once(func(w *Window) { w.Groups = []string{long} })},
		{"bytes as group", "groups is not valid UTF-8", once(func(w *Window) { w.Groups = []string{"\xc0"} })},
		{"no time", "start is missing", once(func(w *Window) { w.Start, w.End = time.Time{}, time.Time{} })},
		{"no start", "start is missing", once(func(w *Window) { w.Start = time.Time{} })},
		{"no end", "end is missing", once(func(w *Window) { w.End = time.Time{} })},
		{"an end at the start", "end must be after start", once(func(w *Window) { w.End = w.Start })},
		{"an end before the start", "end must be after start", once(func(w *Window) { w.End = w.Start.Add(-1) })},
		{"too late", "end must be between", once(func(w *Window) { w.End = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200)) })},
		{"too early", "start must be between", once(func(w *Window) { w.Start = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC) })},
		{"weekly with start", "start and end can't", once(func(w *Window) { w.Weekly, w.End = &Weekly{}, time.Time{} })},
		{"weekly with end", "start and end can't", once(func(w *Window) { w.Weekly, w.Start = &Weekly{}, time.Time{} })},
		{"no days", "weekly.days must contain", everyWeek(func(w *Weekly) { w.Days = nil })},
		{"a short day", "weekly.days must be", everyWeek(func(w *Weekly) { w.Days = []string{"mon"} })},
		{"a capital day", "weekly.days must be", everyWeek(func(w *Weekly) { w.Days = []string{"Monday"} })},
		{"a day twice", "weekly.days contains monday twice", everyWeek(func(w *Weekly) { w.Days = []string{"monday", "sunday", "monday"} })},
		{"no hour", "weekly.at", everyWeek(func(w *Weekly) { w.At = "" })},
		{"a short hour", "weekly.at", everyWeek(func(w *Weekly) { w.At = "2:30" })},
		{"hour 24", "weekly.at", everyWeek(func(w *Weekly) { w.At = "24:00" })},
		{"minute 60", "weekly.at", everyWeek(func(w *Weekly) { w.At = "02:60" })},
		{"seconds", "weekly.at", everyWeek(func(w *Weekly) { w.At = "02:30:00" })},
		{"no duration", "weekly.duration", everyWeek(func(w *Weekly) { w.Duration = "" })},
		{"a short duration", "weekly.duration", everyWeek(func(w *Weekly) { w.Duration = "59s" })},
		{"a long duration", "weekly.duration", everyWeek(func(w *Weekly) { w.Duration = "168h0m1s" })},
		{"a negative duration", "weekly.duration", everyWeek(func(w *Weekly) { w.Duration = "-1h" })},
		{"days as duration", "weekly.duration", everyWeek(func(w *Weekly) { w.Duration = "1d" })},
		{"no zone", "weekly.zone", everyWeek(func(w *Weekly) { w.Zone = "" })},
		{"the machine's zone", "weekly.zone", everyWeek(func(w *Weekly) { w.Zone = "Local" })},
		{"an unknown zone", "weekly.zone", everyWeek(func(w *Weekly) { w.Zone = "Europe/Nowhere" })},
		{"a path as zone", "weekly.zone", everyWeek(func(w *Weekly) { w.Zone = "../../etc/passwd" })},
		{"a folder as zone", "weekly.zone", everyWeek(func(w *Weekly) { w.Zone = "Europe" })},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.w.Validate()
			var invalid *monitor.InvalidError
			switch {
			case test.want == "":
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
			case !errors.As(err, &invalid) || !strings.HasPrefix(invalid.Detail, test.want):
				t.Errorf("error %v, want a monitor.InvalidError that starts with %q", err, test.want)
			}
		})
	}
}

func TestNormalize(t *testing.T) {
	monitors := []string{"65A500000000000000000001"}
	w := Window{ID: "ABC", Monitors: monitors, Weekly: &Weekly{Duration: " 1h"}, Start: time.Date(2026, 3, 1, 12, 0, 0, 1_999_999, time.FixedZone("", 7200))}
	w.Normalize()
	want := Window{ID: "abc", Monitors: []string{"65a500000000000000000001"}, Weekly: &Weekly{Duration: "1h"}, Groups: []string{}, Start: time.Date(2026, 3, 1, 10, 0, 0, 1e6, time.UTC)}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("the window differs (-want +got):\n%s", diff)
	}
	if monitors[0] != "65A500000000000000000001" {
		t.Error("the caller's list was changed")
	}
}

// A window from any JSON that Validate accepts can be stored and has an occurrence.
func FuzzValidate(f *testing.F) {
	f.Add(`{"name": "w", "groups": ["g"], "weekly": {"days": ["monday"], "at": "02:30", "duration": "1h", "zone": "Europe/Amsterdam"}}`)
	f.Add(`{"name": "w", "monitors": ["65a500000000000000000001"], "start": "2026-03-01T10:00:00+14:00", "end": "9999-12-31T23:59:59Z"}`)
	f.Add(`{"name": "w", "groups": ["g"], "start": "0000-01-01T00:00:00+01:00", "end": "9999-12-31T23:59:59-01:00", "weekly": null}`)
	f.Fuzz(func(t *testing.T, text string) {
		var w Window
		if json.Unmarshal([]byte(text), &w) != nil {
			return
		}
		if w.Normalize(); w.Validate() != nil {
			return
		}
		stored, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		var decoded Window
		if err := json.Unmarshal(stored, &decoded); err != nil || !cmp.Equal(w, decoded) {
			t.Errorf("%s is decoded as %+v, error %v", stored, decoded, err)
		}
		now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
		if start, end, ok := w.Occurrence(now); ok != (w.Weekly != nil || w.End.After(now)) || ok && !end.After(start) {
			t.Errorf("%s: occurrence from %s to %s (%v)", stored, start, end, ok)
		}
	})
}
