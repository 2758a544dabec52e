package incident

import (
	"fmt"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/tests/support/typetest"
)

// The type's host function groups its monitors, and its timeout of 90s delays their failures.
func TestNewTypeIsGroupedByHost(t *testing.T) {
	for _, tt := range []struct {
		buildings int
		// pause is the time in minutes between the first failure and the others.
		pause   float64
		offline bool
	}{
		{3, 0, true}, {2, 0, false}, {3, 1.9, true}, {3, 2.1, false},
	} {
		var all []evidence
		for i := range 5 {
			m := monitor.Monitor{
				Type: typetest.Name, Interval: "30s", Target: fmt.Sprint(i),
				Properties: map[string]string{"building": fmt.Sprintf("b%d:80", i%tt.buildings)},
			}
			at := startDate
			if i > 0 {
				at = at.Add(time.Duration(tt.pause * float64(time.Minute)))
			}
			var s *store.State
			s = alertingtest.Push(s, "m", alertingtest.Point('o', at.Add(-time.Second)))
			s = alertingtest.Push(s, "m", alertingtest.Point('f', at))
			all = append(all, newEvidence(*s).withMonitor(m, typetest.Types()))
		}
		if _, offline := detectOffline(all, startDate.Add(-time.Hour)); offline != tt.offline {
			t.Errorf("%+v: offline is %t", tt, offline)
		}
	}
}
