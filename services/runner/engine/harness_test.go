package engine

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/wake"
	"nanomon/services/runner/health"
	"nanomon/services/runner/results"
	"nanomon/services/runner/results/spool"
)

// fakeProbes creates probes of the type "test". It records when they run and determines their outcomes.
type fakeProbes struct {
	// outcome runs the check of a target; nil returns an OK outcome immediately.
	outcome func(ctx context.Context, target string) probe.Outcome
	// maxDuration is the maximum duration of a check; 0 if it is unknown.
	maxDuration time.Duration

	mu     sync.Mutex
	starts map[string][]time.Time
	open   int
}

type fakeProbe struct {
	probes *fakeProbes
	target string
}

func newFakeProbes() *fakeProbes { return &fakeProbes{starts: map[string][]time.Time{}} }

func (probes *fakeProbes) registry() probe.Registry {
	spec := probe.Spec{Type: "test", Outputs: []probe.Output{{Name: "n", Kind: probe.OutputNumber}}}
	maxDuration := func(probe.Settings) time.Duration { return probes.maxDuration }
	return probe.Registry{"test": {Spec: spec, MaxDuration: maxDuration, New: func(target string, _ probe.Settings) (probe.Probe, error) {
		probes.mu.Lock()
		defer probes.mu.Unlock()
		probes.open++
		return &fakeProbe{probes, target}, nil
	}}}
}

func (p *fakeProbe) Run(ctx context.Context) probe.Outcome {
	p.probes.mu.Lock()
	p.probes.starts[p.target] = append(p.probes.starts[p.target], time.Now())
	outcome := p.probes.outcome
	p.probes.mu.Unlock()
	if outcome == nil {
		return probe.Outcome{Value: 1, Outputs: map[string]any{"n": 1.0}}
	}
	return outcome(ctx, p.target)
}

func (p *fakeProbe) Close() {
	p.probes.mu.Lock()
	defer p.probes.mu.Unlock()
	p.probes.open--
}

func (probes *fakeProbes) started(target string) []time.Time {
	probes.mu.Lock()
	defer probes.mu.Unlock()
	return slices.Clone(probes.starts[target])
}

func (probes *fakeProbes) openProbes() int {
	probes.mu.Lock()
	defer probes.mu.Unlock()
	return probes.open
}

// fail makes the checks of the given targets fail, and those of all others succeed.
func (probes *fakeProbes) fail(targets ...string) {
	probes.mu.Lock()
	defer probes.mu.Unlock()
	probes.outcome = func(_ context.Context, target string) probe.Outcome {
		if slices.Contains(targets, target) {
			return probe.Outcome{Err: errors.New("down")}
		}
		return probe.Outcome{Value: 1}
	}
}

// checkTakes returns an outcome function for checks that take d. They fail if their context ends before.
func checkTakes(d time.Duration) func(context.Context, string) probe.Outcome {
	return func(ctx context.Context, _ string) probe.Outcome {
		if !wake.Pause(ctx, d) {
			return probe.Outcome{Err: ctx.Err()}
		}
		return probe.Outcome{Value: 1}
	}
}

// monitorNumber returns a monitor whose id, name and target contain n in hexadecimal.
func monitorNumber(n int, interval string) monitor.Monitor {
	id := strconv.FormatInt(int64(n), 16)
	return monitor.Monitor{
		ID: strings.Repeat("0", 24-len(id)) + id, Name: "monitor " + id, Type: "test", Interval: interval, Target: id,
		Enabled: true, Properties: map[string]string{},
	}
}

func monitors(n int, interval string) []monitor.Monitor {
	ms := make([]monitor.Monitor, n)
	for i := range ms {
		ms[i] = monitorNumber(i+1, interval)
	}
	return ms
}

// logBuffer collects log output. It is safe for concurrent use.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.text.String(), text)
}

// testEngine is an engine that runs in a synctest bubble.
type testEngine struct {
	*Engine
	store  *memoryStore
	probes *fakeProbes
	log    *logBuffer
	// stop stops the engine and waits for the end of Run.
	stop func()
}

func startEngine(t *testing.T, s *memoryStore, probes *fakeProbes) *testEngine {
	t.Helper()
	b := startEngineWithID(t, "r1", s, probes)
	b.store = s
	return b
}

// runnerStore is the store of a whole runner.
type runnerStore interface {
	Store
	results.Store
}

// startEngineWithID starts the engine of one of several runners.
func startEngineWithID(t *testing.T, id string, s runnerStore, probes *fakeProbes) *testEngine {
	t.Helper()
	return startEngineWith(t, Config{ID: id}, s, probes)
}

func startEngineWith(t *testing.T, cfg Config, s runnerStore, probes *fakeProbes) *testEngine {
	t.Helper()
	return startEngineWithSpool(t, cfg, nil, s, probes)
}

// startEngineWithSpool starts an engine whose results wait in a spool while the store is unavailable.
func startEngineWithSpool(t *testing.T, cfg Config, sp *spool.Spool, s runnerStore, probes *fakeProbes) *testEngine {
	t.Helper()
	b := &testEngine{probes: probes, log: &logBuffer{}}
	b.Engine = newEngine(cfg, sp, s, probes.registry(), slog.New(slog.NewTextHandler(b.log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(b.stop)
	synctest.Wait()
	return b
}

// newEngine returns an engine with its own writer, and with its own health if cfg has none.
func newEngine(cfg Config, sp *spool.Spool, s runnerStore, types probe.Registry, log *slog.Logger) *Engine {
	if cfg.Health == nil {
		cfg.Health = health.New(log, func(time.Time, error) {})
	}
	writing := results.Config{Spool: sp, Health: cfg.Health}
	if cfg.Observer != nil {
		writing.Stored = cfg.Observer.Stored
	}
	cfg.Results = results.NewWriter(writing, s, log)
	return New(cfg, s, types, log)
}

func openSpool(t *testing.T, root, id string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(root, id)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// elapse advances the fake time by d and waits until all goroutines are idle.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// testClock is a clock that is wrong by offset, a duration, before corrections.
type testClock struct {
	offset     *atomic.Int64
	correction atomic.Int64
}

func (c *testClock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load() + c.correction.Load()))
}

func (c *testClock) Correct(d time.Duration) { c.correction.Add(int64(d)) }
