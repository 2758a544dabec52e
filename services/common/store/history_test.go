package store

import (
	"fmt"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rule"
)

var _ rule.History = (*State)(nil)

func TestHistoryOfState(t *testing.T) {
	var none *State
	if none.Previous() != nil {
		t.Error("there are outputs before the first result")
	}
	s := &State{Latest: monitor.Result{Outputs: map[string]any{"n": 1.0}}}
	for n := range HistoryLength + 2 {
		p := Point{Value: float64(n), Status: monitor.Status(n % 3)}
		if n == HistoryLength {
			p.Ignored = monitor.IgnoredBlocked
		}
		before := fmt.Sprint(s.History)
		history := s.History
		s.History = AppendPoint(s.History, p)
		if fmt.Sprint(history) != before {
			t.Fatal("the old history has changed")
		}
	}
	if len(s.History) != HistoryLength || s.History[0].Value != 2 {
		t.Errorf("%d points, the oldest is %v", len(s.History), s.History[0])
	}
	var got []string
	for _, list := range []*State{none, s} {
		for status, value := range list.Counted() {
			if got = append(got, fmt.Sprint(status, value)); len(got) == 2 {
				break
			}
		}
	}
	if fmt.Sprint(got) != "[error 31 failed 29]" {
		t.Errorf("got %v", got)
	}
	if fmt.Sprint(s.Previous()) != "map[n:1]" {
		t.Errorf("outputs are %v", s.Previous())
	}
}
