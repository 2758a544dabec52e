package incident

import (
	"testing"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

// TestStateWithoutNumber checks that a state of a runner of an earlier version, without a number, is evaluated by date
// although the incident state has a greater number.
func TestStateWithoutNumber(t *testing.T) {
	evaluated := alertingtest.Point('f', startDate)
	s := store.IncidentState{
		MonitorID: "m", Phase: store.PhaseFailing, Evaluated: evaluated.Date, Sequence: startDate.Add(time.Hour).UnixMilli(),
		Count: 1, Opened: startDate,
	}
	points := append([]store.Point{evaluated}, pointsOf("ff")...)
	rules := Rules{FailCount: 3, RecoveryCount: 1}
	after, events := evaluateEach(s, points, rules)
	if got := describe(events...); got != "2:alert 1 failed" || after.Number() <= s.Number() {
		t.Errorf("events %q, state %+v", got, after)
	}
	if again, ev := evaluate(after, points, rules, conditions{}); again != after || ev != nil {
		t.Errorf("evaluated again: %+v, event %v", again, ev)
	}
}
