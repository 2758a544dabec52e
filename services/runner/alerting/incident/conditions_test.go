package incident

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// atMinute returns the date n minutes after startDate.
func atMinute(n float64) time.Time { return startDate.Add(time.Duration(n * float64(time.Minute))) }

// The results after a bar are evaluated together.
func TestEvaluateWithDependency(t *testing.T) {
	two := Rules{FailCount: 2, RecoveryCount: 1}
	ok := func(at float64) store.Point { return store.Point{Date: atMinute(at)} }
	down := func(at float64) store.Point { return store.Point{Date: atMinute(at), Status: monitor.StatusError} }
	const exists, removed = true, false
	tests := []struct {
		name         string
		results      string
		dependency   bool
		newest       store.Point
		now          float64
		want         string
		waitingSince float64
	}{
		{"OK before", "ff", exists, ok(1.9), 2, "", 2},
		{"OK at the same time", "ff", exists, ok(2), 2, "", 2},
		{"OK since", "ff", exists, ok(2.1), 2.2, "2:alert 1 failed", 0},
		{"OK since, opens with the newest result", "ff|fe", exists, ok(2.1), 4.2, "4:alert 1 error", 0},
		{"not OK since", "ff", exists, down(2.1), 2.2, "", 2},
		{"not OK before", "ff", exists, down(1.9), 2.2, "", 2},
		{"no result", "ff", exists, store.Point{}, 2.2, "", 2},
		{"no recent result", "ff", exists, ok(1), 3.6, "2:alert 1 failed", 0},
		{"result is recent enough", "ff", exists, ok(1), 3.4, "", 2},
		{"no result for a long time", "ff", exists, store.Point{}, 3.6, "2:alert 1 failed", 0},
		{"not OK, and no recent result", "ff", exists, down(2.5), 4.1, "2:alert 1 failed", 0},
		{"not OK, and result is recent enough", "ff", exists, down(2.5), 3.9, "", 2},
		{"dependency removed", "ff", removed, store.Point{}, 2.1, "2:alert 1 failed", 0},
		{"too few failures", "f", exists, ok(5), 5, "", 0},
		{"OK again", "ffo", exists, ok(2.5), 3, "", 0},
		{"OK again, and not OK", "ff|of", exists, ok(2.5), 5, "", 0},
		{"blocked", "ffF", exists, ok(9), 9, "", 0},
		{"not OK after it was blocked", "ffFf", exists, ok(3.9), 4, "", 4},
		{"not OK after it was blocked, dependency OK", "ffFf", exists, ok(4.1), 5, "4:alert 1 failed", 0},
		{"blocked, all together", "|ffF", exists, ok(9), 9, "", 0},
		{"maintenance", "ffM", exists, ok(9), 9, "", 2},
		{"not OK after maintenance", "ffMf", exists, ok(9), 9, "4:alert 1 failed", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after, _ := strings.Cut(tt.results, "|")
			unknown := conditions{now: atMinute(999), dependency: dependency{Dependency: monitor.Dependency{ID: "p", Interval: 30 * time.Second}}}
			s := initialState
			for i := range before {
				next, ev := evaluate(s, pointsOf(before[:i+1]), two, unknown)
				if s = next; ev != nil {
					t.Fatalf("the dependency is unknown, but there is the event %s", describe(ev))
				}
			}
			points := pointsOf(before + after)
			s, ev := evaluate(s, points, two, unknown)
			if ev != nil {
				t.Fatalf("the dependency is unknown, but there is the event %s", describe(ev))
			}
			known := conditions{now: atMinute(tt.now)}
			if tt.dependency {
				known.dependency = dependency{Dependency: monitor.Dependency{ID: "p", Interval: 30 * time.Second}, known: true, newest: tt.newest}
			}
			number := s.Number()
			s, ev = evaluate(s, points, two, known)
			if got := describe(ev); got != tt.want {
				t.Errorf("events %q, want %q", got, tt.want)
			}
			waitingSince := time.Time{}
			if tt.waitingSince > 0 {
				waitingSince = atMinute(tt.waitingSince)
			}
			if !strings.Contains(tt.name, "and not OK") && !s.WaitingSince.Equal(waitingSince) {
				t.Errorf("waiting since %v, want %v", s.WaitingSince, waitingSince)
			}
			if ev != nil && s.Number() <= number {
				t.Error("the new state is not newer")
			}
			if again, ev := evaluate(s, points, two, known); again != s || ev != nil {
				t.Errorf("the second evaluation gives %+v and the event %s", again, describe(ev))
			}
		})
	}
}

func TestWaitingIncidentOpensWithNewestResult(t *testing.T) {
	two := Rules{FailCount: 2, RecoveryCount: 1}
	s, _ := evaluate(initialState, pointsOf("ff"), two, conditions{dependency: dependency{Dependency: monitor.Dependency{ID: "p"}}})
	known := conditions{now: atMinute(9), dependency: dependency{Dependency: monitor.Dependency{ID: "p"}, known: true, newest: store.Point{Date: atMinute(8)}}}
	if _, ev := evaluate(s, pointsOf("f"), two, known); ev != nil {
		t.Errorf("the newest result is unknown, but there is the event %s", describe(ev))
	}
	if _, ev := evaluate(s, pointsOf("ff"), Rules{FailCount: 3, RecoveryCount: 1}, known); ev != nil {
		t.Errorf("the failure count is now 3, but there is the event %s", describe(ev))
	}
	if _, ev := evaluate(s, pointsOf("ff"), two, known); describe(ev) != "2:alert 1 failed" {
		t.Errorf("events %q", describe(ev))
	}
}

// The dependency has no effect on an open incident.
func TestDependencyDoesNotDelayOpenIncident(t *testing.T) {
	rules := Rules{FailCount: 1, RecoveryCount: 1}
	s, _ := evaluate(initialState, pointsOf("e"), rules, conditions{})
	known := conditions{now: atMinute(3), dependency: dependency{Dependency: monitor.Dependency{ID: "p"}, known: true, newest: store.Point{Date: atMinute(3), Status: monitor.StatusFailed}}}
	s, ev := evaluate(s, pointsOf("ef"), rules, known)
	_, p := evaluate(s, pointsOf("efo"), rules, known)
	if got := describe(ev, p); got != "2:escalation 1, 3:recovery 1" {
		t.Errorf("events %q", got)
	}
}

func TestEvaluateWhileRunnerOffline(t *testing.T) {
	two := Rules{FailCount: 2, RecoveryCount: 2, Reminder: time.Minute}
	ongoing, over := offlinePeriod{since: atMinute(2)}, offlinePeriod{since: atMinute(2), until: atMinute(4)}
	tests := []struct {
		name    string
		before  string // evaluated before the runner is known to be offline
		results string // evaluated afterwards, one by one
		offline offlinePeriod
		want    string
		phase   store.IncidentPhase
		count   int
	}{
		{"failed results are ignored", "o", "fffff", ongoing, "", store.PhaseFailing, 0},
		{"errors are ignored", "o", "eeeee", ongoing, "", store.PhaseFailing, 0},
		{"earlier failures no longer count", "of", "f", ongoing, "", store.PhaseFailing, 0},
		{"OK results count", "o", "ffo", ongoing, "", store.PhaseOK, 0},
		{"an incident stays open", "ff", "ffff", ongoing, "2:alert 1 failed", store.PhaseOpen, 0},
		{"no escalation", "ee", "fff", ongoing, "2:alert 1 error", store.PhaseOpen, 0},
		{"an incident may resolve", "ff", "oo", ongoing, "2:alert 1 failed, 4:recovery 1", store.PhaseOK, 0},
		{"an incident does not resolve between failures", "ff", "ofo", ongoing, "2:alert 1 failed", store.PhaseRecovering, 1},
		{"failures in the period do not count afterwards", "o", "fffo", over, "", store.PhaseOK, 0},
		{"failures after the period count", "of", "ffff", over, "6:alert 1 failed", store.PhaseOpen, 0},
		{"one failure after the period is too few", "of", "fff", over, "", store.PhaseFailing, 1},
		{"failures before the period was known", "off", "ff", offlinePeriod{since: atMinute(1.5), until: atMinute(4)}, "3:alert 1 failed, 5:reminder 1.1", store.PhaseOpen, 0},
		{"a failure in the period and one after it", "oof", "f", offlinePeriod{since: atMinute(2), until: atMinute(3.5)}, "", store.PhaseFailing, 1},
		{"a failure before the period and one after it", "f", "f", offlinePeriod{since: atMinute(1.2), until: atMinute(1.8)}, "2:alert 1 failed", store.PhaseOpen, 0},
		{"maintenance in the period", "of", "MMf", over, "", store.PhaseFailing, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			points := pointsOf(tt.before + tt.results)
			s, list := evaluateEach(initialState, points[:len(tt.before)], two)
			for i := range tt.results {
				next, ev := evaluate(s, points[:len(tt.before)+i+1], two, conditions{now: atMinute(10), offline: tt.offline})
				s, list = next, append(list, ev)
			}
			if got := describe(list...); got != tt.want {
				t.Errorf("events %q, want %q", got, tt.want)
			}
			if s.Phase != tt.phase || s.Count != tt.count {
				t.Errorf("phase %s, count %d, want %s, %d", s.Phase, s.Count, tt.phase, tt.count)
			}
		})
	}
}

// An incident that waits for its dependency doesn't open while the runner is offline, nor later because of results from
// that period.
func TestOfflineRunnerOpensNoWaitingIncident(t *testing.T) {
	one := Rules{FailCount: 1, RecoveryCount: 1}
	dependencyOK := dependency{Dependency: monitor.Dependency{ID: "p"}, known: true, newest: store.Point{Date: atMinute(3)}}
	s, _ := evaluate(initialState, pointsOf("of"), one, conditions{dependency: dependency{Dependency: monitor.Dependency{ID: "p"}}})
	for name, o := range map[string]offlinePeriod{"ongoing": {since: atMinute(1)}, "over": {since: atMinute(1), until: atMinute(2.5)}} {
		if _, ev := evaluate(s, pointsOf("of"), one, conditions{now: atMinute(3), dependency: dependencyOK, offline: o}); ev != nil {
			t.Errorf("%s: event %s", name, describe(ev))
		}
	}
	before := offlinePeriod{since: atMinute(0.5), until: atMinute(1.5)}
	if _, ev := evaluate(s, pointsOf("of"), one, conditions{now: atMinute(3), dependency: dependencyOK, offline: before}); ev == nil {
		t.Error("an earlier offline period keeps the incident from opening")
	}
}
