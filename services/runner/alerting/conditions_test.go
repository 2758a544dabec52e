package alerting

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// minute is a date of these tests.
func atMinute(n float64) time.Time { return startDate.Add(time.Duration(n * float64(time.Minute))) }

func TestJudgeExcluded(t *testing.T) {
	three, slow := Rules{FailCount: 3, RecoveryCount: 1}, Rules{FailCount: 1, RecoveryCount: 3, Reminder: time.Minute}
	tests := []struct {
		name    string
		rules   Rules
		results string
		want    string
		phase   store.IncidentPhase
		count   int
	}{
		{"maintenance is passed over", three, "oMMMMM", "", store.PhaseOK, 0},
		{"blocked is passed over", three, "oFEFEF", "", store.PhaseOK, 0},
		{"maintenance freezes a streak", three, "eeMmMe", "6:alert 1 error", store.PhaseOpen, 0},
		{"an OK one in maintenance isn't well", three, "fffmm", "3:alert 1 failed", store.PhaseOpen, 0},
		{"an incident goes on after maintenance", three, "fffMMo", "3:alert 1 failed, 6:recovery 1", store.PhaseOK, 0},
		{"maintenance freezes a recovery", slow, "foMoMo", "1:alert 1 failed, 6:recovery 1", store.PhaseOK, 0},
		{"no reminder, no escalation", slow, "eMMMF", "1:alert 1 error", store.PhaseOpen, 0},
		{"blocked freezes a streak", three, "ffFFf", "5:alert 1 failed", store.PhaseOpen, 0},
		{"blocked in an incident", three, "fffFFo", "3:alert 1 failed, 6:recovery 1", store.PhaseOK, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			points := pointsOf(tt.results)
			s, list := evaluateEach(initialState, points, tt.rules)
			if got := describe(list...); got != tt.want {
				t.Errorf("owed %q, want %q", got, tt.want)
			}
			if s.Phase != tt.phase || s.Count != tt.count || !s.Evaluated.Equal(points[len(points)-1].Date) {
				t.Errorf("state %+v", s)
			}
		})
	}
}

// The results after a bar come together.
func TestJudgeWithAParent(t *testing.T) {
	two := Rules{FailCount: 2, RecoveryCount: 1}
	ok := func(at float64) store.Point { return store.Point{Date: atMinute(at)} }
	down := func(at float64) store.Point { return store.Point{Date: atMinute(at), Status: monitor.StatusError} }
	const found, gone = true, false
	tests := []struct {
		name    string
		results string
		parent  bool
		newest  store.Point
		now     float64
		want    string
		due     float64
	}{
		{"well before", "ff", found, ok(1.9), 2, "", 2},
		{"well at the same time", "ff", found, ok(2), 2, "", 2},
		{"well since", "ff", found, ok(2.1), 2.2, "2:alert 1 failed", 0},
		{"well since, told of the newest", "ff|fe", found, ok(2.1), 4.2, "4:alert 1 error", 0},
		{"bad since", "ff", found, down(2.1), 2.2, "", 2},
		{"bad before", "ff", found, down(1.9), 2.2, "", 2},
		{"never any result", "ff", found, store.Point{}, 2.2, "", 2},
		{"no result for long", "ff", found, ok(1), 3.6, "2:alert 1 failed", 0},
		{"not long enough", "ff", found, ok(1), 3.4, "", 2},
		{"never any result for long", "ff", found, store.Point{}, 3.6, "2:alert 1 failed", 0},
		{"bad, and no result for long", "ff", found, down(2.5), 4.1, "2:alert 1 failed", 0},
		{"bad, and not long enough", "ff", found, down(2.5), 3.9, "", 2},
		{"vanished", "ff", gone, store.Point{}, 2.1, "2:alert 1 failed", 0},
		{"too few", "f", found, ok(5), 5, "", 0},
		{"OK again", "ffo", found, ok(2.5), 3, "", 0},
		{"OK again, and bad", "ff|of", found, ok(2.5), 5, "", 0},
		{"blocked", "ffF", found, ok(9), 9, "", 0},
		{"bad after it was blocked", "ffFf", found, ok(3.9), 4, "", 4},
		{"bad after it was blocked, and well", "ffFf", found, ok(4.1), 5, "4:alert 1 failed", 0},
		{"blocked, all together", "|ffF", found, ok(9), 9, "", 0},
		{"maintenance", "ffM", found, ok(9), 9, "", 2},
		{"bad after maintenance", "ffMf", found, ok(9), 9, "4:alert 1 failed", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after, _ := strings.Cut(tt.results, "|")
			waiting := conditions{now: atMinute(999), dependency: dependency{id: "p", interval: 30 * time.Second}}
			s := initialState
			for i := range before {
				next, ev := evaluate(s, pointsOf(before[:i+1]), two, waiting)
				if s = next; ev != nil {
					t.Fatalf("nobody knows of the parent, and %s is owed", describe(ev))
				}
			}
			points := pointsOf(before + after)
			s, ev := evaluate(s, points, two, waiting)
			if ev != nil {
				t.Fatalf("nobody knows of the parent, and %s is owed", describe(ev))
			}
			known := conditions{now: atMinute(tt.now)}
			if tt.parent {
				known.dependency = dependency{id: "p", interval: 30 * time.Second, known: true, newest: tt.newest}
			}
			seen := s.Evaluated
			s, ev = evaluate(s, points, two, known)
			if got := describe(ev); got != tt.want {
				t.Errorf("owed %q, want %q", got, tt.want)
			}
			due := time.Time{}
			if tt.due > 0 {
				due = atMinute(tt.due)
			}
			if !strings.Contains(tt.name, "and bad") && !s.WaitingSince.Equal(due) {
				t.Errorf("due %v, want %v", s.WaitingSince, due)
			}
			if ev != nil && !s.Evaluated.After(seen) {
				t.Error("the state is not newer than the one that waits")
			}
			if again, ev := evaluate(s, points, two, known); again != s || ev != nil {
				t.Errorf("judging again gives %+v and owes %s", again, describe(ev))
			}
		})
	}
}

func TestAnAlertThatWaitsIsOfTheNewestResult(t *testing.T) {
	two := Rules{FailCount: 2, RecoveryCount: 1}
	s, _ := evaluate(initialState, pointsOf("ff"), two, conditions{dependency: dependency{id: "p"}})
	well := conditions{now: atMinute(9), dependency: dependency{id: "p", known: true, newest: store.Point{Date: atMinute(8)}}}
	if _, ev := evaluate(s, pointsOf("f"), two, well); ev != nil {
		t.Errorf("the newest result isn't known, and %s is owed", describe(ev))
	}
	if _, ev := evaluate(s, pointsOf("ff"), Rules{FailCount: 3, RecoveryCount: 1}, well); ev != nil {
		t.Errorf("three are wanted by now, and %s is owed", describe(ev))
	}
	if _, ev := evaluate(s, pointsOf("ff"), two, well); describe(ev) != "2:alert 1 failed" {
		t.Errorf("owed %q", describe(ev))
	}
}

// An incident that is open needs no parent.
func TestAParentDoesNotHoldUpARecovery(t *testing.T) {
	rules := Rules{FailCount: 1, RecoveryCount: 1}
	s, _ := evaluate(initialState, pointsOf("e"), rules, conditions{})
	known := conditions{now: atMinute(3), dependency: dependency{id: "p", known: true, newest: store.Point{Date: atMinute(3), Status: monitor.StatusFailed}}}
	s, ev := evaluate(s, pointsOf("ef"), rules, known)
	_, p := evaluate(s, pointsOf("efo"), rules, known)
	if got := describe(ev, p); got != "2:escalation 1, 3:recovery 1" {
		t.Errorf("owed %q", got)
	}
}

func TestJudgeInAnOutage(t *testing.T) {
	two := Rules{FailCount: 2, RecoveryCount: 2, Reminder: time.Minute}
	on, over := offlinePeriod{since: atMinute(2)}, offlinePeriod{since: atMinute(2), until: atMinute(4)}
	tests := []struct {
		name    string
		before  string // judged before anything is known of an outage
		results string // judged then, one by one
		outage  offlinePeriod
		want    string
		phase   store.IncidentPhase
		count   int
	}{
		{"bad ones are passed over", "o", "fffff", on, "", store.PhaseFailing, 0},
		{"errors, too", "o", "eeeee", on, "", store.PhaseFailing, 0},
		{"what was counted doesn't count", "of", "f", on, "", store.PhaseFailing, 0},
		{"OK ones count", "o", "ffo", on, "", store.PhaseOK, 0},
		{"an incident goes on", "ff", "ffff", on, "2:alert 1 failed", store.PhaseOpen, 0},
		{"no escalation", "ee", "fff", on, "2:alert 1 error", store.PhaseOpen, 0},
		{"an incident may end", "ff", "oo", on, "2:alert 1 failed, 4:recovery 1", store.PhaseOK, 0},
		{"but not between bad ones", "ff", "ofo", on, "2:alert 1 failed", store.PhaseRecovering, 1},
		{"what was found in it doesn't count after", "o", "fffo", over, "", store.PhaseOK, 0},
		{"what is bad after it counts", "of", "ffff", over, "6:alert 1 failed", store.PhaseOpen, 0},
		{"one is too few after it", "of", "fff", over, "", store.PhaseFailing, 1},
		{"counted in it, before it was known", "off", "ff", offlinePeriod{since: atMinute(1.5), until: atMinute(4)}, "3:alert 1 failed, 5:reminder 1.1", store.PhaseOpen, 0},
		{"counted in it, and after", "oof", "f", offlinePeriod{since: atMinute(2), until: atMinute(3.5)}, "", store.PhaseFailing, 1},
		{"counted before it, and after", "f", "f", offlinePeriod{since: atMinute(1.2), until: atMinute(1.8)}, "2:alert 1 failed", store.PhaseOpen, 0},
		{"maintenance in it", "of", "MMf", over, "", store.PhaseFailing, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			points := pointsOf(tt.before + tt.results)
			s, list := evaluateEach(initialState, points[:len(tt.before)], two)
			for i := range tt.results {
				next, ev := evaluate(s, points[:len(tt.before)+i+1], two, conditions{now: atMinute(10), offline: tt.outage})
				s, list = next, append(list, ev)
			}
			if got := describe(list...); got != tt.want {
				t.Errorf("owed %q, want %q", got, tt.want)
			}
			if s.Phase != tt.phase || s.Count != tt.count {
				t.Errorf("phase %s, count %d, want %s, %d", s.Phase, s.Count, tt.phase, tt.count)
			}
		})
	}
}

// An alert that waits for the parent is held, too, and doesn't come afterwards of what was found meanwhile.
func TestAnOutageHoldsWhatWaits(t *testing.T) {
	one := Rules{FailCount: 1, RecoveryCount: 1}
	well := dependency{id: "p", known: true, newest: store.Point{Date: atMinute(3)}}
	s, _ := evaluate(initialState, pointsOf("of"), one, conditions{dependency: dependency{id: "p"}})
	for name, o := range map[string]offlinePeriod{"on": {since: atMinute(1)}, "over": {since: atMinute(1), until: atMinute(2.5)}} {
		if _, owed := evaluate(s, pointsOf("of"), one, conditions{now: atMinute(3), dependency: well, offline: o}); owed != nil {
			t.Errorf("%s: %s is owed", name, describe(owed))
		}
	}
	before := offlinePeriod{since: atMinute(0.5), until: atMinute(1.5)}
	if _, owed := evaluate(s, pointsOf("of"), one, conditions{now: atMinute(3), dependency: well, offline: before}); owed == nil {
		t.Error("an outage that was over holds it")
	}
}
