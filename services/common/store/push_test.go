package store

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestSizeOfPushState limits what one monitor takes in a store, with a schedule of usual length and the longest run ids.
func TestSizeOfPushState(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 123e6, time.UTC)
	duration := 1234567.125
	rid := strings.Repeat("r", MaxRunID)
	s := PushState{
		MonitorID: "65a500000000000000000001", Sequence: 1 << 50, Schedule: "0 2 * * 1-5 Europe/Berlin 5m 30m", Since: now,
		Ended: now, Deadline: now, NotCheckedSince: now,
	}
	for range MaxPushRuns {
		s.Runs = append(s.Runs, PushRun{RunID: rid, Started: now})
	}
	for range MaxPushPings {
		s.Pings = append(s.Pings, PushPing{
			ID: s.MonitorID, Received: now, Kind: PingSuccess, ExitCode: 255, RunID: rid, Duration: &duration,
		})
	}
	text, err := json.Marshal(s)
	if err != nil || len(text) > 8<<10 {
		t.Errorf("the largest push state has %d bytes, error %v", len(text), err)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestLastEvent(t *testing.T) {
	early, late := time.Unix(1000, 0), time.Unix(2000, 0)
	for name, s := range map[string]PushState{
		"since": {Since: late, Ended: early, Pings: []PushPing{{Received: early}}},
		"ended": {Since: early, Ended: late},
		"ping":  {Since: early, Ended: early, Pings: []PushPing{{Received: late}, {Received: early}}},
	} {
		if last := s.LastEvent(); !last.Equal(late) {
			t.Errorf("%s: the last event is %s", name, last)
		}
	}
}
