package push

import (
	"slices"
	"strings"
	"testing"

	"nanomon/services/common/store"
)

// TestRepeatedEnd: a client sends the ping at the end of a run again if it got no answer.
func TestRepeatedEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		pings []string
		want  []string
	}{
		{"repeated", []string{"1 12:10 start", "1 12:20 success", "1 12:21 success", "1 12:22 success"}, []string{"1 12:20"}},
		{"with a run id", []string{"1 12:10 start a", "1 12:20 success a", "1 12:21 success a"}, []string{"1 12:20"}},
		{"after a log", []string{"1 12:10 start", "1 12:20 success", "1 12:20 log", "1 12:21 success"}, []string{"1 12:20"}},
		{"another run", []string{"1 12:10 start a", "1 12:20 success a", "1 12:21 success b"}, []string{"1 12:20", "1 12:21"}},
		{"another outcome", []string{"1 12:10 start", "1 12:20 success", "1 12:21 fail"}, []string{"1 12:20", "1 12:21"}},
		{"much later", []string{"1 12:10 start", "1 12:20 success", "1 12:23 success"}, []string{"1 12:20", "1 12:23"}},
		{"a new run", []string{"1 12:10 start", "1 12:20 success", "1 12:20 start", "1 12:21 success"}, []string{"1 12:20", "1 12:21"}},
		{"no start is known", []string{"1 12:20 success", "1 12:21 success"}, []string{"1 12:20", "1 12:21"}},
	} {
		p := newPlan(t, "every 1h")
		var pings []store.Ping
		for i, text := range c.pings {
			pings = append(pings, parsePing(t, i, text))
		}
		s, outcomes := play(p, p.Begin(store.PushState{}, at(t, "1 12:00")), pings, at(t, "1 12:30"))
		var got []string
		for _, o := range outcomes {
			got = append(got, strings.TrimPrefix(o.at.Format("2 15:04"), "0"))
		}
		if !slices.Equal(got, c.want) || len(s.Pings) != len(pings) {
			t.Errorf("%s: ends at %v, %d pings in the list, want %v and %d", c.name, got, len(s.Pings), c.want, len(pings))
		}
	}
}

// TestMaxRunIsSetWhileARunIsOpen: the run has taken too long already, and nobody has watched it.
func TestMaxRunIsSetWhileARunIsOpen(t *testing.T) {
	s := newPlan(t, "every 24h").Begin(store.PushState{}, at(t, "1 12:00"))
	p := newPlan(t, "every 24h", "maxRun", "30m")
	for i, text := range []string{"1 12:10 start a", "1 14:50 start b", "1 14:55 success"} {
		s, _ = p.Receive(s, parsePing(t, i, text))
	}
	s = p.Begin(s, at(t, "1 15:00"))
	if len(s.Runs) != 1 || !p.Due(s).Equal(at(t, "1 15:20")) {
		t.Errorf("the runs are %v, and the next event is at %s, want the run that began at 14:50", s.Runs, p.Due(s))
	}
}
