package alert

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
// that fail or only seem to, repeated and old states, take-overs with two runners at a time on the same monitors. After each step
// the oracle looks at what is stored, what was told and what arrived.
func TestModel(t *testing.T) {
	lives, steps := 100, 1000
	alerts, ends, overlaps := 0, 0, 0
	for seed := range uint64(lives) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := live(t, seed, steps)
				alerts, ends, overlaps = alerts+o.alerts, ends+o.ends, overlaps+o.overlaps
			})
		})
	}
	t.Logf("%d alerts, %d ends, %d of them while two runners judged", alerts, ends, overlaps)
	if alerts < 10*lives || ends < 10*lives || overlaps < lives {
		t.Error("too little happened")
	}
}

func live(t *testing.T, seed uint64, steps int) *oracle {
	w := newWorld(t, seed)
	for w.step = range steps {
		w.act()
		w.pass(time.Duration(1+w.rng.IntN(15)) * time.Second)
		for _, r := range w.alive() {
			w.work(r)
		}
		w.oracle.look()
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
	monitors []*watched
	runners  []*runner
	oracle   *oracle

	// away says that the store doesn't answer; faults is how often it fails, of 1000 times, and deaths how often a runner dies there.
	away           bool
	faults, deaths int
	// active is the runner that works now; another one may work while its operation is under way.
	active *runner
	nested bool
	// ended says that nothing fails any more.
	ended bool
}

// watched is a monitor as it is stored.
type watched struct {
	monitor.Monitor
	deleted bool
	// mood is how likely the next result is bad, of 100.
	mood int
	// state is that of the store.
	state *store.State
}

// runner is an alerter with the checks beside it.
type runner struct {
	alerter *Alerter
	// own says that it believes that the monitors are its own.
	own, dead bool
	// chains are the states that it came to itself, unstored those that wait for the store.
	chains   map[string]*store.State
	unstored map[string]bool
	// calm says that it has judged all that is stored.
	calm bool
}

// death is what a runner dies of.
type death struct{}

var errAway = fmt.Errorf("the store of the test: %w", monitor.ErrUnavailable)

func newWorld(t *testing.T, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{t: t, rng: rng, store: newMemory()}
	w.rules = Rules{FailCount: 1 + rng.IntN(4), RecoveryCount: 1 + rng.IntN(3)}
	if rng.IntN(2) == 0 {
		w.rules.Reminder = time.Duration(1+rng.IntN(10)) * time.Minute
	}
	w.faults, w.deaths = rng.IntN(3)*20, rng.IntN(3)*5
	for i := range 3 {
		m := monitor.Monitor{ID: fmt.Sprintf("%024x", i+1), Name: fmt.Sprint("monitor ", i), Enabled: true}
		w.monitors = append(w.monitors, &watched{Monitor: m})
	}
	w.oracle = newOracle(w)
	w.store.meet = w.meet
	w.startRunner()
	return w
}

// chance reports whether something happens that does so often of 1000 times.
func (w *world) chance(of1000 int) bool { return w.rng.IntN(1000) < of1000 }

func (w *world) pass(d time.Duration) { time.Sleep(d) }

// meet is what may happen at an operation of the store.
func (w *world) meet(_ context.Context, operation, id string) error {
	w.oracle.operation(operation, id)
	if w.away {
		w.oracle.failed(operation, id)
		return errAway
	}
	if w.active == nil {
		return nil
	}
	if !w.nested && w.chance(200) {
		w.interleave()
	}
	if w.chance(w.deaths) {
		w.oracle.failed(operation, id)
		panic(death{})
	}
	if w.chance(w.faults) {
		w.oracle.failed(operation, id)
		return errAway
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

func (w *world) alive() []*runner {
	w.runners = slices.DeleteFunc(w.runners, func(r *runner) bool { return r.dead })
	return slices.Clone(w.runners)
}

// work lets a runner judge and send, if it likes to.
func (w *world) work(r *runner) {
	before := w.active
	w.active = r
	defer func() {
		w.active = before
		if p := recover(); p != nil {
			if _, died := p.(death); !died {
				panic(p)
			}
			r.dead = true
			if len(w.alive()) == 0 && !w.away {
				w.startRunner()
			}
		}
	}()
	ctx := context.Background()
	if w.chance(900) {
		r.calm = r.alerter.judging.round(ctx) == nil
	}
	if w.chance(100) {
		if r.alerter.judging.look(ctx, time.Now().Add(-lookBack)) == nil {
			w.oracle.repaired(r)
		}
	}
	// What takes time would make a result old between being judged and being told.
	if !w.nested && w.chance(500) {
		w.send(ctx, r)
	}
}

func (w *world) send(ctx context.Context, r *runner) {
	due, err := r.alerter.outbox.due(ctx)
	if err != nil {
		return
	}
	for _, a := range due {
		attempt, cancel := context.WithTimeout(ctx, 4500*time.Millisecond)
		err := r.alerter.outbox.attempt(attempt, a)
		cancel()
		if err != nil && !errors.Is(err, monitor.ErrUnavailable) {
			w.t.Fatalf("attempt at %s: %v", a.ID, err)
		}
	}
}

// end lets all that is owed arrive.
func (w *world) end() {
	w.away, w.faults, w.deaths, w.ended = false, 0, 0, true
	if len(w.alive()) == 0 {
		w.startRunner()
	}
	w.storeResults()
	for n := range 1000 {
		if n%100 == 0 {
			w.tellMonitors()
		}
		w.pass(10 * time.Second)
		for _, r := range w.alive() {
			w.work(r)
		}
	}
	w.oracle.look()
	w.oracle.allArrived()
}
