package summary

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"nanomon/services/common/uptime"
)

var now = time.Date(2026, 11, 29, 23, 4, 5, 678e6, time.UTC)

// randomPeriods divides a time into periods of random kinds with the given mean length.
func randomPeriods(random *rand.Rand, from, to time.Time, mean time.Duration) []uptime.Period {
	kinds := []uptime.Kind{uptime.OK, uptime.Error, uptime.Failed, uptime.Maintenance, uptime.Disabled, uptime.Unchecked}
	var periods []uptime.Period
	for at := from; at.Before(to); {
		end := at.Add(time.Duration(1+random.Int64N(2*mean.Milliseconds())) * time.Millisecond)
		if end.After(to) {
			end = to
		}
		periods = append(periods, uptime.Period{From: at, To: end, Kind: kinds[random.IntN(len(kinds))]})
		at = end
	}
	return periods
}

// percentOf computes the percentage plainly.
func percentOf(periods []uptime.Period, from int64) *float64 {
	var ok, checked float64
	for _, p := range periods {
		length := float64(max(0, p.To.UnixMilli()-max(p.From.UnixMilli(), from)))
		ok += length * float64(shareOf(p.Kind).ok)
		checked += length * float64(shareOf(p.Kind).checked)
	}
	if checked == 0 {
		return nil
	}
	percent := 100 * ok / checked
	return &percent
}

func wantPercent(t *testing.T, what string, got, exact *float64) {
	t.Helper()
	switch {
	case got == nil && exact == nil:
	case got == nil || exact == nil || *got > *exact+1e-4 || *got < *exact-0.0101:
		t.Errorf("%s is %v, want %v", what, got, exact)
	}
}

// TestTimelineAgreesWithPeriods replaces the end of a timeline again and again, and compares it with all periods.
func TestTimelineAgreesWithPeriods(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		mean := time.Duration(math.Exp(random.Float64()*8)) * time.Minute
		at := now.Add(-time.Duration(random.IntN(40)) * oneDay)
		var line timeline
		var all []uptime.Period
		from := time.UnixMilli(startOf(at, long, coarseCell)).UTC()
		for range 20 {
			var kept []uptime.Period
			for _, p := range all {
				if p.To.After(from) {
					p.To = from
				}
				if p.To.After(p.From) {
					kept = append(kept, p)
				}
			}
			next := randomPeriods(random, from, at, mean)
			all = append(kept, next...)
			line.replace(from, next, at)
			for name, start := range map[string]int64{
				"uptime of 24 hours": startOf(at, oneDay, fineCell), "uptime of 30 days": startOf(at, long, coarseCell),
			} {
				wantPercent(t, name, line.percent(start), percentOf(all, start))
			}
			if n := len(line.spans); n > 720 {
				t.Errorf("seed %d: %d spans", seed, n)
			}
			from = at.Add(-time.Duration(random.IntN(5)) * time.Hour).Truncate(2 * time.Hour)
			at = at.Add(time.Duration(random.IntN(180)) * time.Minute)
		}
	}
}

func TestTimelineExtendsTheCurrentStatus(t *testing.T) {
	var line timeline
	start := time.UnixMilli(startOf(now, oneDay, fineCell)).UTC()
	line.replace(start, []uptime.Period{
		{From: start, To: now.Add(-time.Hour), Kind: uptime.OK}, {From: now.Add(-time.Hour), To: now, Kind: uptime.Failed},
	}, now)
	line.extend(now.Add(time.Hour))
	line.extend(now) // earlier
	later := now.Add(time.Hour)
	wantPercent(t, "uptime", line.percent(start.UnixMilli()), percentOf([]uptime.Period{
		{From: start, To: now.Add(-time.Hour), Kind: uptime.OK}, {From: now.Add(-time.Hour), To: later, Kind: uptime.Failed},
	}, start.UnixMilli()))
	if got := line.percent(later.UnixMilli()); got != nil {
		t.Errorf("uptime of the future is %v", *got)
	}
}

// TestUptimeIsRoundedDown: only a monitor without downtime has 100 %.
func TestUptimeIsRoundedDown(t *testing.T) {
	var line timeline
	start := time.UnixMilli(startOf(now, long, coarseCell)).UTC()
	line.replace(start, []uptime.Period{
		{From: start, To: now.Add(-time.Millisecond), Kind: uptime.OK}, {From: now.Add(-time.Millisecond), To: now, Kind: uptime.Error},
	}, now)
	if got := *line.percent(start.UnixMilli()); got != 99.99 {
		t.Errorf("uptime is %v", got)
	}
	line.replace(start, []uptime.Period{{From: start, To: now, Kind: uptime.OK}}, now)
	if got := *line.percent(start.UnixMilli()); got != 100 {
		t.Errorf("uptime is %v", got)
	}
}

func TestSignificant(t *testing.T) {
	for value, want := range map[float64]map[int]float64{
		0: {2: 0, 3: 0}, 0.012345: {2: 0.012, 3: 0.0123}, 1.005: {2: 1, 3: 1}, 99.96: {2: 100, 3: 100}, 123.5: {2: 120, 3: 124},
		98765.4: {2: 99_000, 3: 98_800}, -12.34: {2: -12, 3: -12.3},
	} {
		for digits, rounded := range want {
			if got := Significant(value, digits); got != rounded {
				t.Errorf("%v with %d digits is %v, want %v", value, digits, got, rounded)
			}
		}
	}
	for value, want := range map[float64]float64{0: 0, 1.2345: 1.23, 99.96: 100, 98765.4: 98765, -12.34: -12.3, math.MaxFloat64: math.MaxFloat64} {
		if got := Round(value); got != want {
			t.Errorf("%v is rounded to %v, want %v", value, got, want)
		}
	}
}
