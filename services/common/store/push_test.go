package store

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
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

func TestSurplusIsLoggedOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		l := SurplusLog{Log: slog.New(slog.NewTextHandler(&text, nil))}
		for _, step := range []struct {
			deleted, want int
			after         time.Duration
		}{{0, 0, 0}, {3, 1, 0}, {1, 1, 0}, {1, 1, time.Hour - 1}, {0, 1, time.Hour}, {1, 2, 0}} {
			time.Sleep(step.after)
			l.Record("a", step.deleted)
			if n := strings.Count(text.String(), "\n"); n != step.want {
				t.Errorf("%d lines after %+v:\n%s", n, step, text.String())
			}
		}
	})
}
