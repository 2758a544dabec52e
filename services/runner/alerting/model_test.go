package alerting

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// TestModel lives random lives: results, edits, restarts, deaths between any two operations of the store, outages of it, operations
// that fail or only seem to, repeated and old states, take-overs with two runners at a time on the same monitors; maintenance,
// monitors that depend on others, and times in which the runners are cut off from all that they check. After each step the oracle
// looks at what is stored, what was told and what arrived.
func TestModel(t *testing.T) {
	lives, steps := 100, 1000
	alerts, ends, overlaps, released, cutOffs := 0, 0, 0, 0, 0
	for seed := range uint64(lives) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := simulate(t, seed, steps)
				alerts, ends, overlaps = alerts+o.openings, ends+o.closings, overlaps+o.overlaps
				released, cutOffs = released+o.released, cutOffs+o.offlinePeriods
			})
		})
	}
	t.Logf("%d alerts, %d ends, %d of them while two runners judged, %d of monitors with a parent, %d cut-offs", alerts, ends, overlaps, released, cutOffs)
	if alerts < 10*lives || ends < 10*lives || overlaps < lives || released < lives/2 || cutOffs < lives/2 {
		t.Error("too little happened")
	}
}

func simulate(t *testing.T, seed uint64, steps int) *oracle {
	w := newWorld(t, seed)
	for w.step = range steps {
		w.randomEvent()
		w.sleep(time.Duration(1+w.rng.IntN(15)) * time.Second)
		for _, r := range w.alive() {
			w.work(r)
		}
		w.oracle.checkNothingMissing()
	}
	w.end()
	return w.oracle
}

// world is a store, its monitors, and the runners that share them.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	step  int
	rules Rules

	store    *memory
	monitors []*simulatedMonitor
	runners  []*simulatedRunner
	oracle   *oracle

	// away says that the store doesn't answer; faults is how often it fails, of 1000 times, and deaths how often a runner dies there.
	unavailable          bool
	faultRate, crashRate int
	// active is the runner that works now; another one may work while its operation is under way.
	active *simulatedRunner
	nested bool
	// ended says that nothing fails any more.
	ended bool
	// cut says that no check reaches anything.
	networkDown bool
}

// watched is a monitor as it is stored.
type simulatedMonitor struct {
	monitor.Monitor
	deleted bool
	// mood is how likely the next result is bad, of 100, and pace how likely a step has one, of 1000.
	failureRate, checkRate int
	// maintenance says that it is in a window.
	maintenance bool
	// state is that of the store, and wasBad says whether the monitor was bad before its Since.
	state    *store.State
	wasNotOK bool
}

// runner is an alerter with the checks beside it.
type simulatedRunner struct {
	alerter *Alerter
	// own says that it believes that the monitors are its own.
	own, dead bool
	// chains are the states that it came to itself, unstored those that wait for the store.
	current  map[string]*store.State
	unstored map[string]bool
	// calm says that it has judged all that is stored, at that time.
	upToDate    bool
	evaluatedAt time.Time
}

// death is what a runner dies of.
type crash struct{}

var errUnavailable = fmt.Errorf("the store of the test: %w", monitor.ErrUnavailable)

func newWorld(t *testing.T, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{t: t, rng: rng, store: newMemory()}
	w.rules = Rules{FailCount: 1 + rng.IntN(4), RecoveryCount: 1 + rng.IntN(3)}
	if rng.IntN(2) == 0 {
		w.rules.Reminder = time.Duration(1+rng.IntN(10)) * time.Minute
	}
	w.faultRate, w.crashRate = rng.IntN(3)*20, rng.IntN(3)*5
	// Few lives have monitors enough to be cut off: they take longer.
	n := 3
	if seed%3 == 0 {
		n = 6
	}
	for i := range n {
		m := monitor.Monitor{ID: fmt.Sprintf("%024x", i+1), Name: fmt.Sprint("monitor ", i), Enabled: true}
		m.Target, m.Interval = fmt.Sprint("host", i), fmt.Sprintf("%ds", 5+rng.IntN(20*n))
		w.monitors = append(w.monitors, &simulatedMonitor{Monitor: m, checkRate: 700})
	}
	for i, m := range w.monitors[1:3] {
		m.Properties = map[string]string{monitor.DependsOn: w.monitors[i].ID}
	}
	w.oracle = newOracle(w)
	w.store.intercept = w.intercept
	w.startRunner()
	return w
}

// chance reports whether something happens that does so often of 1000 times.
func (w *world) chance(of1000 int) bool { return w.rng.IntN(1000) < of1000 }

func (w *world) sleep(d time.Duration) { time.Sleep(d) }

// meet is what may happen at an operation of the store.
func (w *world) intercept(_ context.Context, operation, id string) error {
	w.oracle.operation(operation, id)
	if w.unavailable {
		w.oracle.failed(operation, id)
		return errUnavailable
	}
	if w.active == nil {
		return nil
	}
	if !w.nested && w.chance(200) {
		w.interleave()
	}
	if w.chance(w.crashRate) {
		w.oracle.failed(operation, id)
		panic(crash{})
	}
	if w.chance(w.faultRate) {
		w.oracle.failed(operation, id)
		return errUnavailable
	}
	return nil
}

// interleave lets another runner work in the middle of an operation.
func (w *world) interleave() {
	first := w.active
	w.nested = true
	for _, r := range w.alive() {
		if r != first {
			w.work(r)
		}
	}
	w.nested, w.active = false, first
}

func (w *world) alive() []*simulatedRunner {
	w.runners = slices.DeleteFunc(w.runners, func(r *simulatedRunner) bool { return r.dead })
	return slices.Clone(w.runners)
}

// work lets a runner judge and send, if it likes to.
func (w *world) work(r *simulatedRunner) {
	before := w.active
	w.active = r
	defer func() {
		w.active = before
		if p := recover(); p != nil {
			if _, died := p.(crash); !died {
				panic(p)
			}
			r.dead = true
			if len(w.alive()) == 0 && !w.unavailable {
				w.startRunner()
			}
		}
	}()
	ctx := context.Background()
	if w.chance(900) {
		w.evaluate(ctx, r)
	}
	if w.chance(100) {
		if r.alerter.evaluator.readNotifications(ctx, time.Now().Add(-rereadPeriod)) == nil {
			w.oracle.notificationsRead(r)
		}
	}
	// What takes time would make a result old between being judged and being told.
	if !w.nested && w.chance(500) {
		w.send(ctx, r)
	}
}

// judge lets a runner judge, and once more where an alert waits for a parent, as it would a second later.
func (w *world) evaluate(ctx context.Context, r *simulatedRunner) {
	j := r.alerter.evaluator
	for range 2 {
		r.evaluatedAt = time.Now()
		if r.upToDate = j.round(ctx) == nil; !r.upToDate || len(j.pending) == 0 {
			return
		}
	}
}

func (w *world) send(ctx context.Context, r *simulatedRunner) {
	due, err := r.alerter.outbox.due(ctx)
	if err != nil {
		return
	}
	for _, n := range due {
		attempt, cancel := context.WithTimeout(ctx, 4500*time.Millisecond)
		err := r.alerter.outbox.attempt(attempt, n)
		cancel()
		if err != nil && !errors.Is(err, monitor.ErrUnavailable) {
			w.t.Fatalf("attempt at %s: %v", n.ID, err)
		}
	}
}

// end lets all that is owed arrive.
func (w *world) end() {
	w.unavailable, w.faultRate, w.crashRate, w.ended, w.networkDown = false, 0, 0, true, false
	if len(w.alive()) == 0 {
		w.startRunner()
	}
	w.storeResults()
	for n := range 1000 {
		if n%100 == 0 {
			w.sendMonitors()
		}
		w.sleep(10 * time.Second)
		for _, r := range w.alive() {
			w.work(r)
		}
	}
	w.oracle.checkNothingMissing()
	w.oracle.allArrived()
}
