package clock

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fakeTime is a system clock that is wrong by offset.
type fakeTime struct{ elapsed, offset time.Duration }

func (f *fakeTime) read() (time.Time, time.Duration) {
	return noon.Add(f.elapsed + f.offset), f.elapsed
}

// wrongBy returns the difference between a time and the right one.
func (f *fakeTime) wrongBy(now time.Time) time.Duration { return now.Sub(noon.Add(f.elapsed)) }

func TestClock(t *testing.T) {
	type step struct {
		// after is the time that passes before the system clock has this offset.
		after, offset time.Duration
		// want is the difference between Now and the right time.
		want time.Duration
	}
	const s, hour = time.Second, time.Hour
	for name, c := range map[string]struct {
		// start is the offset at the start.
		start time.Duration
		steps []step
		logs  []string
	}{
		"right": {steps: []step{{10 * s, 0, 0}, {hour, 0, 0}}},
		"corrected in small steps": {steps: []step{
			{10 * s, s, s}, {10 * s, 2 * s, 2 * s}, {10 * s, 3 * s, 3 * s}, {10 * s, 2 * s, 2 * s},
		}},
		"forward for four seconds": {
			steps: []step{{10 * s, 2 * hour, 0}, {s, 2 * hour, 0}, {3 * s, 0, 0}, {hour, 0, 0}},
			logs:  []string{"system clock jumped", "system clock is back"},
		},
		"back for four seconds": {
			steps: []step{{10 * s, -2 * hour, 0}, {s, -2 * hour, 0}, {3 * s, 0, 0}, {hour, 0, 0}},
			logs:  []string{"system clock jumped", "system clock is back"},
		},
		"fast at the start, then corrected": {
			start: 2 * hour,
			steps: []step{{10 * s, 2 * hour, 2 * hour}, {s, 0, 2 * hour}, {59 * s, 0, 2 * hour}, {s, 0, 0}, {hour, 0, 0}},
			logs:  []string{"system clock jumped", "system clock stays"},
		},
		"two jumps": {
			steps: []step{{10 * s, hour, 0}, {50 * s, 3 * hour, 0}, {50 * s, 3 * hour, 0}, {10 * s, 3 * hour, 3 * hour}},
			logs:  []string{"system clock jumped", "system clock jumped", "system clock stays"},
		},
		"rarely read": {
			steps: []step{{hour, 2 * hour, 0}, {hour, 2 * hour, 2 * hour}},
			logs:  []string{"system clock jumped", "system clock stays"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			f := &fakeTime{offset: c.start}
			clock := newClock(slog.New(slog.NewTextHandler(&log, nil)), f.read)
			for i, step := range c.steps {
				f.elapsed, f.offset = f.elapsed+step.after, step.offset
				if got := f.wrongBy(clock.Now()); got != step.want {
					t.Errorf("step %d: the clock is wrong by %s, want %s", i, got, step.want)
				}
			}
			lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
			if log.Len() == 0 {
				lines = nil
			}
			if len(lines) != len(c.logs) {
				t.Fatalf("log %q, want %q", lines, c.logs)
			}
			for i, line := range lines {
				if !strings.Contains(line, c.logs[i]) {
					t.Errorf("log line %q, want %q", line, c.logs[i])
				}
			}
		})
	}
}

func TestCorrect(t *testing.T) {
	f := &fakeTime{offset: 10 * time.Minute}
	clock := newClock(slog.New(slog.DiscardHandler), f.read)
	want := func(what string, after, offset, want time.Duration) {
		t.Helper()
		f.elapsed, f.offset = f.elapsed+after, offset
		if got := f.wrongBy(clock.Now()); got != want {
			t.Errorf("%s: the clock is wrong by %s, want %s", what, got, want)
		}
	}
	want("fast", time.Second, 10*time.Minute, 10*time.Minute)
	clock.Correct(-10 * time.Minute)
	want("corrected", time.Second, 10*time.Minute, 0)
	want("after an hour", time.Hour, 10*time.Minute, 0)
	want("the system clock was set right", time.Second, 0, 0)
	clock.Correct(time.Second)
	want("corrected during the jump", time.Second, 0, time.Second)
	want("the system clock stays right", time.Hour, 0, 0)
}

// TestClockIgnoresShortJumps checks with random jumps that a time is never wrong by more than the tolerance if each
// jump lasts less than settleTime, and that it is right after each jump.
func TestClockIgnoresShortJumps(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f := &fakeTime{}
		clock := newClock(slog.New(slog.DiscardHandler), f.read)
		for range 100 {
			f.offset = time.Duration(rng.Int64N(int64(48*time.Hour))) - 24*time.Hour
			for range rng.IntN(5) {
				f.elapsed += time.Duration(rng.Int64N(int64(10 * time.Second)))
				if wrong := f.wrongBy(clock.Now()); wrong.Abs() > tolerance {
					t.Fatalf("seed %d: wrong by %s", seed, wrong)
				}
			}
			f.offset = 0
			f.elapsed += time.Second
			if wrong := f.wrongBy(clock.Now()); wrong != 0 {
				t.Fatalf("seed %d: wrong by %s after the jump", seed, wrong)
			}
		}
	}
}

func TestSystemClock(t *testing.T) {
	before := time.Now().Round(0)
	now := New(slog.New(slog.DiscardHandler)).Now()
	if now.Before(before) || now.After(time.Now()) {
		t.Errorf("now is %s, the system clock was %s before", now, before)
	}
	_, first := readSystem()
	if _, second := readSystem(); second < first {
		t.Errorf("the elapsed time went from %s to %s", first, second)
	}
}
