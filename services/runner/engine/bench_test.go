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
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// lab is where the probes of type "test" run: it notes when, and decides what they find.
type lab struct {
	// find is what the check of a target does; nil means an answer at once.
	find func(ctx context.Context, target string) probe.Outcome

	mu     sync.Mutex
	starts map[string][]time.Time
	open   int
}

type labProbe struct {
	lab    *lab
	target string
}

func newLab() *lab { return &lab{starts: map[string][]time.Time{}} }

func (l *lab) registry() probe.Registry {
	spec := probe.Spec{Type: "test", Outputs: []probe.Output{{Name: "n", Kind: probe.OutputNumber}}}
	return probe.Registry{"test": {Spec: spec, New: func(target string, _ probe.Settings) (probe.Probe, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open++
		return &labProbe{l, target}, nil
	}}}
}

func (p *labProbe) Run(ctx context.Context) probe.Outcome {
	p.lab.mu.Lock()
	p.lab.starts[p.target] = append(p.lab.starts[p.target], time.Now())
	find := p.lab.find
	p.lab.mu.Unlock()
	if find == nil {
		return probe.Outcome{Value: 1, Outputs: map[string]any{"n": 1.0}}
	}
	return find(ctx, p.target)
}

func (p *labProbe) Close() {
	p.lab.mu.Lock()
	defer p.lab.mu.Unlock()
	p.lab.open--
}

func (l *lab) started(target string) []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.starts[target])
}

func (l *lab) probesOpen() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// fail makes the checks of some targets fail, and of no others.
func (l *lab) fail(targets ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.find = func(_ context.Context, target string) probe.Outcome {
		if slices.Contains(targets, target) {
			return probe.Outcome{Err: errors.New("down")}
		}
		return probe.Outcome{Value: 1}
	}
}

// takes is a check that lasts for d, or until its context ends.
func takes(d time.Duration) func(context.Context, string) probe.Outcome {
	return func(ctx context.Context, _ string) probe.Outcome {
		if !pause(ctx, d) {
			return probe.Outcome{Err: ctx.Err()}
		}
		return probe.Outcome{Value: 1}
	}
}

// monitorNumber is a monitor whose target, name and id follow from n.
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

// logbook is where a test finds what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logbook) count(words string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.text.String(), words)
}

// bench is an engine that runs in a bubble of synctest.
type bench struct {
	*Engine
	store *memory
	lab   *lab
	log   *logbook
	// stop stops the engine and waits for its end.
	stop func()
}

func startBench(t *testing.T, s *memory, l *lab) *bench {
	t.Helper()
	b := startRunner(t, "r1", s, l)
	b.store = s
	return b
}

// startRunner starts one of several runners.
func startRunner(t *testing.T, id string, s Store, l *lab) *bench {
	t.Helper()
	return startWith(t, Config{ID: id}, s, l)
}

func startWith(t *testing.T, cfg Config, s Store, l *lab) *bench {
	t.Helper()
	b := &bench{lab: l, log: &logbook{}}
	b.Engine = New(cfg, s, l.registry(), slog.New(slog.NewTextHandler(b.log, nil)))
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

// after lets d of the bubble's time pass, and all that it causes.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
