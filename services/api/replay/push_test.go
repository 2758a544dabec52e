package replay_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/api/replay"
	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

// receive adds the result of a ping, or of a missed ping if the report is nil.
func (r *runner) receive(report *probe.Report) {
	now := monitor.Date(time.Now())
	if report == nil {
		r.add(check.FailedResult(monitor.Monitor{ID: monitorID}, now, errRefused.Error()), "")
		return
	}
	result, err := r.check.Receive(r.t.Context(), monitor.NewID(now), now, *report, report.ExitCode != 0, r.state)
	if err != nil {
		r.t.Fatal(err)
	}
	r.add(result, "")
}

// pushRules are rules of push monitors. A rule that uses exitCode decides whether a fail ping is OK.
var pushRules = []string{
	"duration < 5000", "exitCode < 2", "exitCode IN (0, 3) && duration < 8000", "previous('exitCode') == 0",
	"sinceLast > 2000 || count('error', 3) < 2", "count('ok', 4) > 0",
}

// TestReplayOfPingsAgreesWithRunner does the same as [TestReplayAgreesWithRunner] for push monitors.
func TestReplayOfPingsAgreesWithRunner(t *testing.T) {
	types := probe.All(probe.Guard{})
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			m := monitor.Monitor{ID: monitorID, Name: "name", Type: "push", Interval: "1h", Target: "every 1h"}
			newPush := func() *runner {
				m.Rule = pushRules[random.IntN(len(pushRules))]
				c, err := check.Compile(types, secret.Source{}, m)
				if err != nil {
					t.Fatal(err)
				}
				return &runner{t: t, rule: m.Rule, check: c}
			}
			stored, wanted := newPush(), newPush()
			began := time.Now()
			for range 100 {
				var report *probe.Report
				if random.IntN(5) > 0 {
					duration, since := time.Duration(random.IntN(10))*time.Second, time.Duration(random.IntN(4))*time.Second
					report = &probe.Report{ExitCode: max(0, random.IntN(6)-2), Duration: &duration, SinceLast: &since}
				}
				stored.receive(report)
				wanted.receive(report)
				time.Sleep(time.Second)
			}
			list := slices.Clone(stored.results)
			slices.Reverse(list)
			question := replay.Question{Monitor: m, Rule: wanted.rule, From: began, To: time.Now()}
			got, err := replay.Evaluate(t.Context(), results(list), types, question)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted.answer(question.From, question.To, stored.results), got); diff != "" {
				t.Errorf("seed %d, rule %s: %s", seed, question.Rule, diff)
			}
		})
	}
}
