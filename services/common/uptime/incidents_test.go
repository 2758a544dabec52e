package uptime_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/uptime"
)

func TestIncidents(t *testing.T) {
	const ok, failing, failed = uptime.OK, uptime.Error, uptime.Failed
	// Each period takes ten minutes.
	for name, c := range map[string]struct {
		kinds []uptime.Kind
		want  []uptime.Incident
	}{
		"none":      {kinds: []uptime.Kind{ok, uptime.Maintenance, uptime.Blocked, uptime.Disabled, uptime.Unchecked}},
		"no period": {},
		"two": {
			kinds: []uptime.Kind{ok, failing, ok, failed, ok},
			want: []uptime.Incident{
				{From: at(10), To: at(20), Down: 10 * time.Minute, Worst: failing}, {From: at(30), To: at(40), Down: 10 * time.Minute, Worst: failed},
			},
		},
		"an escalation and a de-escalation": {
			kinds: []uptime.Kind{ok, failing, failed, failing, ok},
			want:  []uptime.Incident{{From: at(10), To: at(40), Down: 30 * time.Minute, Worst: failed}},
		},
		"maintenance, blocked and unchecked time inside": {
			kinds: []uptime.Kind{ok, failing, uptime.Maintenance, failing, uptime.Blocked, failing, uptime.Unchecked, failing, ok},
			want:  []uptime.Incident{{From: at(10), To: at(80), Down: 40 * time.Minute, Worst: failing}},
		},
		"the recovery is in the maintenance window": {
			kinds: []uptime.Kind{failed, uptime.Maintenance, ok},
			want:  []uptime.Incident{{From: at(0), To: at(10), Down: 10 * time.Minute, Worst: failed, BeganBefore: true}},
		},
		"disabled in between": {
			kinds: []uptime.Kind{ok, failed, uptime.Disabled, failed},
			want: []uptime.Incident{
				{From: at(10), To: at(20), Down: 10 * time.Minute, Worst: failed}, {From: at(30), To: at(40), Down: 10 * time.Minute, Worst: failed, Open: true},
			},
		},
		"not checked at the end": {
			kinds: []uptime.Kind{ok, failed, uptime.Unchecked},
			want:  []uptime.Incident{{From: at(10), To: at(20), Down: 10 * time.Minute, Worst: failed, Open: true}},
		},
		"all the time": {
			kinds: []uptime.Kind{failed},
			want:  []uptime.Incident{{From: at(0), To: at(10), Down: 10 * time.Minute, Worst: failed, BeganBefore: true, Open: true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var periods []uptime.Period
			for i, kind := range c.kinds {
				periods = append(periods, period(10*i, 10*i+10, kind))
			}
			if diff := cmp.Diff(c.want, uptime.Incidents(periods)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
