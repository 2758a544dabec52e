package push

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/store"
)

// TestNightsOfClockChanges contains nights in which clocks in Berlin are set forward and back.
func TestNightsOfClockChanges(t *testing.T) {
	p := newPlan(t, "30 2 * * *", "grace", "10m", "zone", "Europe/Berlin")
	for _, c := range []struct {
		name, created, until string
		pings, late          []string
	}{
		{"a job that does not run in the hour that is skipped", "2026-03-27T12:00", "2026-03-30T00:40", []string{"2026-03-28T01:31", "2026-03-30T00:31"}, nil},
		{"a job that runs after the hour that is skipped", "2026-03-27T12:00", "2026-03-30T00:40", []string{"2026-03-28T01:31", "2026-03-29T01:00", "2026-03-30T00:31"}, nil},
		{"silence after the hour that is skipped", "2026-03-27T12:00", "2026-03-30T00:40", []string{"2026-03-28T01:31"}, []string{"2026-03-30T00:40"}},
		{"a job that runs once in the hour that occurs twice", "2026-10-24T12:00", "2026-10-26T01:40", []string{"2026-10-25T00:31", "2026-10-26T01:31"}, nil},
		{"a job that runs twice in the hour that occurs twice", "2026-10-24T12:00", "2026-10-26T01:40", []string{"2026-10-25T00:31", "2026-10-25T01:31", "2026-10-26T01:31"}, nil},
		{"silence in the hour that occurs twice", "2026-10-24T12:00", "2026-10-26T01:40", nil, []string{"2026-10-25T00:40", "2026-10-26T01:40"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pings []store.Ping
			for i, text := range c.pings {
				pings = append(pings, store.Ping{ID: fmt.Sprint(i), Received: minute(t, text), Kind: store.PingSuccess})
			}
			_, outcomes := play(p, p.Begin(store.PushState{}, minute(t, c.created)), pings, minute(t, c.until))
			var late []string
			for _, o := range outcomes {
				if o.report == nil {
					late = append(late, o.at.Format("2006-01-02T15:04"))
				}
			}
			if !slices.Equal(late, c.late) {
				t.Errorf("late at %v, want %v", late, c.late)
			}
		})
	}
}

func minute(t *testing.T, text string) time.Time {
	t.Helper()
	date, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return date
}

// TestLateAtEachTime compares the late results for random pings with a plain oracle: between two ends of runs, every
// time of the schedule after the first one is late at the end of its grace time.
func TestLateAtEachTime(t *testing.T) {
	created := time.Date(2026, time.March, 27, 12, 0, 0, 0, time.UTC)
	until := created.AddDate(0, 0, 5)
	for _, target := range []string{"every 10m", "every 7h", "*/5 * * * *", "30 2 * * *", "15 1-3 * * *", "0 9 * * 1-5"} {
		for _, grace := range []string{"1s", "4m", "90m"} {
			t.Run(target+", grace "+grace, func(t *testing.T) {
				p := newPlan(t, target, "grace", grace, "zone", "Europe/Berlin")
				for seed := range uint64(12) {
					pings := randomPings(seed, created, until, []store.PingKind{store.PingSuccess, store.PingFail, store.PingStart, store.PingLog})
					_, outcomes := play(p, p.Begin(store.PushState{}, created), pings, until)
					want := lateTimes(p, created, until, pings)
					if got := lateOf(outcomes); !slices.EqualFunc(got, want, time.Time.Equal) {
						t.Fatalf("seed %d: late at\n%v, want\n%v", seed, got, want)
					}
				}
			})
		}
	}
}

func lateOf(outcomes []outcome) []time.Time {
	var late []time.Time
	for _, o := range outcomes {
		if o.report == nil {
			late = append(late, o.at)
		}
	}
	return late
}

// randomPings returns pings in bursts and with long pauses.
func randomPings(seed uint64, from, until time.Time, kinds []store.PingKind) []store.Ping {
	random := rand.New(rand.NewPCG(seed, 1))
	pauses := []time.Duration{0, time.Second, time.Minute, 10 * time.Minute, time.Hour, 20 * time.Hour}
	var pings []store.Ping
	for at := from; ; {
		at = at.Add(time.Duration(random.Float64() * float64(pauses[random.IntN(len(pauses))]))).Truncate(time.Millisecond)
		if !at.Before(until) {
			return pings
		}
		pings = append(pings, store.Ping{
			ID: fmt.Sprintf("%024d", len(pings)), Received: at, Kind: kinds[random.IntN(len(kinds))],
			RunID: []string{"", "a", "b"}[random.IntN(3)],
		})
	}
}

// lateTimes is the oracle. It examines the time between two ends without any state.
func lateTimes(p Plan, created, until time.Time, pings []store.Ping) []time.Time {
	var late []time.Time
	between := func(from, expectedFrom, to time.Time) {
		for expected := p.schedule.Next(expectedFrom); expected.Add(p.grace).Before(to); expected = p.schedule.Next(expected) {
			if deadline := expected.Add(p.grace); deadline.After(from) || from.Equal(created) {
				late = append(late, deadline)
			}
		}
	}
	from, expectedFrom := created, created
	for _, ping := range pings {
		if ping.Kind != store.PingSuccess && ping.Kind != store.PingFail {
			continue
		}
		between(from, expectedFrom, ping.Received)
		from, expectedFrom = ping.Received, ping.Received
		if p.schedule.Period() == 0 {
			expectedFrom = from.Add(earlyTolerance)
		}
	}
	between(from, expectedFrom, until.Add(1))
	return late
}

// TestRunsWithAMaximumDuration examines what must be true for any pings if runs have a maximum duration.
func TestRunsWithAMaximumDuration(t *testing.T) {
	created := time.Date(2026, time.March, 27, 12, 0, 0, 0, time.UTC)
	until := created.AddDate(0, 0, 5)
	for _, target := range []string{"every 10m", "every 7h", "*/5 * * * *", "30 2 * * *"} {
		for _, maxRun := range []string{"1s", "20m", "5h"} {
			p := newPlan(t, target, "grace", "4m", "maxRun", maxRun, "zone", "Europe/Berlin")
			for seed := range uint64(12) {
				pings := randomPings(seed, created, until, []store.PingKind{store.PingSuccess, store.PingFail, store.PingStart, store.PingStart})
				_, outcomes := play(p, p.Begin(store.PushState{}, created), pings, until)
				name := fmt.Sprintf("%s, maxRun %s, seed %d", target, maxRun, seed)
				wantOneResultPerRun(t, name, p, pings, outcomes)
				wantNoLongSilence(t, name, p, created, until, outcomes)
			}
		}
	}
}

// wantOneResultPerRun fails the test if a run that took too long has no result or several, or if another run has one.
func wantOneResultPerRun(t *testing.T, name string, p Plan, pings []store.Ping, outcomes []outcome) {
	t.Helper()
	want := make(map[string]int)
	for i, ping := range pings {
		if ping.Kind != store.PingStart {
			continue
		}
		over := ping.Received.Add(p.maxRun)
		next := slices.IndexFunc(pings[i+1:], func(n store.Ping) bool { return n.RunID == ping.RunID && !n.Received.After(over) })
		hasEnded := slices.ContainsFunc(pings[:i], func(e store.Ping) bool {
			return e.Kind != store.PingStart && e.RunID == ping.RunID && e.Received.Equal(ping.Received)
		})
		if next < 0 && !hasEnded && !over.After(pings[len(pings)-1].Received) {
			want[over.Format(time.RFC3339Nano)]++
		}
	}
	got := make(map[string]int)
	for _, o := range outcomes {
		if strings.Contains(o.status, "has not ended after") && !o.at.After(pings[len(pings)-1].Received) {
			got[o.at.Format(time.RFC3339Nano)]++
		}
	}
	for at, n := range want {
		if got[at] != n {
			t.Fatalf("%s: %d runs took too long at %s, %d results", name, n, at, got[at])
		}
	}
	if len(got) > len(want) {
		t.Fatalf("%s: %d results of runs that took too long, want %d", name, len(got), len(want))
	}
}

// wantNoLongSilence fails the test if there is no result for longer than the schedule, the grace time and a run allow,
// or if results have no order.
func wantNoLongSilence(t *testing.T, name string, p Plan, created, until time.Time, outcomes []outcome) {
	t.Helper()
	longest := p.schedule.LongestGap() + p.grace + p.maxRun + earlyTolerance
	if p.schedule.LongestGap() == 24*time.Hour {
		longest += 23 * time.Hour // The night in which clocks are set forward has no such time.
	}
	last := created
	for _, o := range append(outcomes, outcome{at: until}) {
		if o.at.Before(last) || o.at.Sub(last) > longest {
			t.Fatalf("%s: no result from %s to %s", name, last, o.at)
		}
		last = o.at
	}
}
