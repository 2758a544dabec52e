package incident

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

// evidenceOf returns the evidence of a monitor with an interval of 30 s and a timeout of 5 s. since is in seconds after
// startDate.
func evidenceOf(host string, status monitor.Status, since float64) evidence {
	date := startDate.Add(time.Duration(since * float64(time.Second)))
	return evidence{date: date, status: status, since: date, host: host, maxDelay: 35 * time.Second}
}

func repeat(n int, e evidence) []evidence {
	list := make([]evidence, n)
	for i := range list {
		list[i] = e
	}
	return list
}

func TestDetectOffline(t *testing.T) {
	failed := func(host string, since float64) evidence { return evidenceOf(host, monitor.StatusFailed, since) }
	wasNotOK := func(e evidence) evidence { e.wasNotOK = true; return e }
	ok := evidenceOf("w", monitor.StatusOK, -500)
	five := []evidence{failed("a", 0), failed("b", 10), failed("c", 20), failed("a", 30), failed("b", 35)}
	tests := []struct {
		name string
		all  []evidence
		want string
	}{
		{"no monitors", nil, "none"},
		{"all OK", repeat(20, ok), "none"},
		{"five on three hosts, and no other monitors", five, "5 of 5 on 3 since 0"},
		{"four failures", five[:4], "none"},
		{"on two hosts", slices.Concat(repeat(3, failed("a", 0)), repeat(3, failed("b", 0))), "none"},
		{"80 %", append(slices.Concat(five, five[:3]), repeat(2, ok)...), "8 of 10 on 3 since 0"},
		{"less than 80 %", slices.Concat(five, five[:2], repeat(2, ok)), "none"},
		{"one failed too late", []evidence{failed("a", 0), failed("b", 10), failed("c", 20), failed("a", 30), failed("b", 36)}, "none"},
		{"too late for the first, not for the others", append(slices.Clone(five), failed("c", 40)), "5 of 6 on 3 since 0"},
		{"one long before", append([]evidence{failed("z", -600)}, five...), "5 of 5 on 3 since 0"},
		{"many long before", append(repeat(50, failed("z", -600)), five...), "5 of 5 on 3 since 0"},
		{"errors before", append(repeat(50, evidenceOf("z", monitor.StatusError, -600)), five...), "5 of 5 on 3 since 0"},
		{"one has an error since", append(slices.Clone(five), evidenceOf("e", monitor.StatusError, 10)), "5 of 6 on 3 since 0"},
		{"two have errors since", append(slices.Clone(five), repeat(2, evidenceOf("e", monitor.StatusError, 10))...), "none"},
		{"one was not OK before", append(slices.Clone(five[:4]), wasNotOK(failed("c", 10))), "none"},
		{"others were not OK before", append(slices.Clone(five), repeat(9, wasNotOK(failed("c", 10)))...), "5 of 5 on 3 since 0"},
		{"failed before the runner was last online", append(slices.Clone(five[:4]), failed("c", -61)), "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rand.Shuffle(len(tt.all), func(i, k int) { tt.all[i], tt.all[k] = tt.all[k], tt.all[i] })
			got := "none"
			if group, offline := detectOffline(tt.all, atMinute(-1)); offline {
				got = fmt.Sprintf("%d of %d on %d since %v", group.failed, group.total, group.hosts, group.since.Sub(startDate).Seconds())
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// detectOfflineSimply is [alertingtest.DetectOffline] with the types of this package.
func detectOfflineSimply(all []evidence, after time.Time) (failureGroup, bool) {
	list := make([]alertingtest.Evidence, len(all))
	for i, e := range all {
		list[i] = alertingtest.Evidence{
			Status: e.status, Since: e.since, WasNotOK: e.wasNotOK, Host: e.host, MaxDelay: e.maxDelay,
		}
	}
	group, offline := alertingtest.DetectOffline(list, after)
	return failureGroup{since: group.Since, failed: group.Failed, total: group.Total, hosts: group.Hosts}, offline
}

func TestDetectOfflineMatchesSimpleImplementation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	count := 0
	for range 20_000 {
		all := make([]evidence, rng.IntN(14))
		for i := range all {
			status := []monitor.Status{0, 1, 2, 2, 2, 2, 2, 2, 2, 2}[rng.IntN(10)]
			all[i] = evidenceOf(fmt.Sprint(rng.IntN(5)), status, float64(rng.IntN(90)))
			all[i].maxDelay, all[i].wasNotOK = time.Duration(5+rng.IntN(60))*time.Second, rng.IntN(12) == 0
		}
		after := startDate.Add(time.Duration(rng.IntN(90)-80) * time.Second)
		got, offline := detectOffline(all, after)
		want, wanted := detectOfflineSimply(all, after)
		if got != want || offline != wanted {
			t.Fatalf("after %v: %+v %v, want %+v %v\n%+v", after, got, offline, want, wanted, all)
		}
		if offline {
			count++
		}
	}
	if count < 1000 || count > 19_000 {
		t.Errorf("%d of 20,000", count)
	}
}

func TestRemainingFailures(t *testing.T) {
	failed, ok := evidenceOf("a", monitor.StatusFailed, 5), evidenceOf("a", monitor.StatusOK, 50)
	for _, tt := range []struct {
		name          string
		all           []evidence
		failed, total int
		mostFailed    bool
	}{
		{"all", repeat(5, failed), 5, 5, true},
		{"80 %", append(repeat(4, failed), ok), 4, 5, true},
		{"less than 80 %", append(repeat(3, failed), ok), 3, 4, false},
		{"failed again", append(repeat(3, failed), ok, evidenceOf("a", monitor.StatusFailed, 80)), 4, 5, true},
		{"an error", append(repeat(3, failed), evidenceOf("a", monitor.StatusError, 80)), 3, 4, false},
		{"not OK long before", append(repeat(4, failed), ok, evidenceOf("a", monitor.StatusFailed, -80)), 4, 5, true},
	} {
		got := remainingFailures(tt.all, startDate)
		if got.failed != tt.failed || got.total != tt.total || got.mostFailed() != tt.mostFailed {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestNewEvidence(t *testing.T) {
	types := probe.All(probe.Guard{})
	m := monitor.Monitor{Type: "tcp", Interval: "30s", Target: "a", Properties: map[string]string{"timeout": "10s"}}
	for _, tt := range []struct {
		results  string
		since    float64
		wasNotOK bool
		ignored  bool
	}{
		{"f", 1, false, false}, {"of", 2, false, false}, {"offf", 2, false, false}, {"oeff", 3, true, false}, {"fo", 2, true, false}, {"oF", 2, false, false},
		{"oM", 2, false, true},
	} {
		var s *store.State
		for _, p := range pointsOf(tt.results) {
			s = alertingtest.Push(s, "m", p)
		}
		want := evidence{
			number: s.Number(), date: s.Latest.Date, status: s.Latest.Status, since: atMinute(tt.since), wasNotOK: tt.wasNotOK, ignored: tt.ignored, host: "a", maxDelay: 40 * time.Second,
		}
		if got := newEvidence(*s).withMonitor(m, types); got != want {
			t.Errorf("%s: %+v, want %+v", tt.results, got, want)
		}
	}
}

func BenchmarkDetectOffline(b *testing.B) {
	all := make([]evidence, 10_000)
	for i := range all {
		all[i] = evidenceOf(fmt.Sprint("host", i%2), monitor.StatusFailed, float64(i)/500)
	}
	for b.Loop() {
		if _, offline := detectOffline(all, time.Time{}); offline {
			b.Fatal("the runner is offline with failures on only two hosts")
		}
	}
}

// monitorRules returns the rules of a monitor of the given type with a property.
func monitorRules(r Rules, monitorType, property, value string) Rules {
	tracked := newTrackedMonitor(monitor.Monitor{ID: "m", Properties: map[string]string{property: value}})
	tracked.isPush = monitorType == "push"
	return tracked.rules(r)
}

// Results that don't say anything about the target while the runner is offline open no incident, and all others do. The
// rows are results from the third minute on, in which the runner is offline.
func TestResultsWhileTheRunnerIsOffline(t *testing.T) {
	two := Rules{FailCount: 2, RecoveryCount: 1}
	for _, tt := range []struct {
		name          string
		rules         Rules
		letters, want string
		// until is the minute in which the runner is online again.
		until int
	}{
		{"a check", monitorRules(two, "http", "", ""), "ooffff", "", 0},
		{"an inverted check can't resolve the name", monitorRules(two, "tcp", monitor.Invert, "true"), "ooffff", "", 0},
		{"an inverted check after that", monitorRules(two, "tcp", monitor.Invert, "true"), "offofff", "7:alert 1 failed", 5},
		{"an inverted check that was failed before", monitorRules(two, "tcp", monitor.Invert, "true"), "ffffoo", "2:alert 1 failed", 0},
		{"late pings", monitorRules(two, "push", "", ""), "ooffff", "", 0},
		{"a fail ping", monitorRules(two, "push", "", ""), "ooeo", "3:alert 1 error, 4:recovery 1", 0},
		{"fail pings and a failure count", monitorRules(two, "push", "alertFailCount", "2"), "ooeeo", "4:alert 1 error, 5:recovery 1", 0},
		{"a late ping between fail pings", monitorRules(two, "push", "alertFailCount", "2"), "ooefe", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			offline := offlinePeriod{since: startDate.Add(3 * time.Minute)}
			s, points := initialState, pointsOf(tt.letters)
			var events []*event
			for n := range points {
				if tt.until > 0 && n+1 >= tt.until {
					offline.until = startDate.Add(time.Duration(tt.until) * time.Minute)
				}
				// The period is known only when it begins.
				c := conditions{}
				if n+1 >= 3 {
					c.offline = offline
				}
				next, ev := evaluate(s, points[:n+1], tt.rules, c)
				s, events = next, append(events, ev)
			}
			if got := describe(events...); got != tt.want {
				t.Errorf("%s: events %q, want %q", tt.letters, got, tt.want)
			}
		})
	}
}

// A result from before the runner noticed that it is offline does not count either.
func TestResultsBeforeTheRunnerNoticesThatItIsOffline(t *testing.T) {
	offline := conditions{offline: offlinePeriod{since: startDate.Add(2 * time.Minute), until: startDate.Add(2 * time.Minute)}}
	three := Rules{FailCount: 3, RecoveryCount: 1}
	for _, tt := range []struct {
		name, letters, want string
		rules               Rules
	}{
		{"a check", "offf", "", three},
		{"an inverted check", "offf", "", monitorRules(three, "tcp", monitor.Invert, "true")},
		{"late pings", "offf", "", monitorRules(three, "push", "alertFailCount", "3")},
		{"fail pings", "oeee", "4:alert 1 error", monitorRules(three, "push", "alertFailCount", "3")},
	} {
		points := pointsOf(tt.letters)
		s, _ := evaluateEach(initialState, points[:2], tt.rules)
		_, ev := evaluate(s, points, tt.rules, offline)
		if got := describe(ev); got != tt.want {
			t.Errorf("%s: event %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Results of an inverted monitor from before and after an offline period are not counted together.
func TestInvertedResultsAroundAnOfflinePeriod(t *testing.T) {
	at := startDate.Add(3 * time.Minute)
	rules := monitorRules(Rules{FailCount: 2, RecoveryCount: 1}, "tcp", monitor.Invert, "true")
	s, ev := evaluate(initialState, pointsOf("ofof"), rules, conditions{offline: offlinePeriod{since: at, until: at}})
	if ev != nil || s.Count != 1 {
		t.Errorf("event %q, count %d", describe(ev), s.Count)
	}
}
