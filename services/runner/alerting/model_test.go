package alerting

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

var scenarios = flag.Int("scenarios", 50, "the number of random scenarios")

// TestModel runs random scenarios. After each step the oracle checks what is stored, which notifications exist and
// which arrived. A scenario contains:
//
//   - results, edits, maintenance and dependencies;
//   - warnings, in every second scenario;
//   - restarts, and crashes between any two store operations;
//   - times without the store, store operations that fail, and operations that succeed but return an error;
//   - states that arrive twice or late;
//   - acknowledgements and silences;
//   - take-overs, in which two runners have the same monitors for a while;
//   - times in which the runners are offline.
func TestModel(t *testing.T) {
	const steps = 1000
	openings, closings, overlaps, waited, offlinePeriods, warnings := 0, 0, 0, 0, 0, 0
	acknowledgements, silenced := 0, 0
	// They found warnings that were not counted after a notification without a state, and two runners with different
	// results.
	seeds := []uint64{473, 586, 606}
	for seed := range uint64(*scenarios) {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := simulate(t, seed, steps)
				openings, closings, overlaps = openings+o.openings, closings+o.closings, overlaps+o.overlaps
				waited, offlinePeriods = waited+o.waited, offlinePeriods+o.offlinePeriods
				acknowledgements, silenced = acknowledgements+o.acknowledgements, silenced+o.silenced
				warnings += o.warnings
			})
		})
	}
	t.Logf("%d incidents opened, %d ended, %d notifications while two runners evaluated, %d incidents with a dependency, %d offline periods", openings, closings, overlaps, waited, offlinePeriods)
	if n := *scenarios; openings < 10*n || closings < 10*n || overlaps < n || waited < n/2 || offlinePeriods < n/2 {
		t.Error("too few events")
	}
	t.Logf("%d incidents acknowledged, %d notifications silenced, %d warnings", acknowledgements, silenced, warnings)
	if n := *scenarios; acknowledgements < n || silenced < n || warnings < n {
		t.Error("too few acknowledgements, silences and warnings")
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

// world simulates a store, its monitors and the runners that share them.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	step  int
	rules incident.Rules

	store    *alertingtest.Memory
	monitors []*simulatedMonitor
	runners  []*simulatedRunner
	oracle   *oracle

	// unavailable reports whether the store is unavailable. faultRate and crashRate are the numbers of store operations,
	// of 1000, that fail or during which the runner crashes.
	unavailable          bool
	faultRate, crashRate int
	// silences reports whether monitors are often silenced and incidents are often acknowledged.
	silences bool
	// active is the runner that works now. Another one may work in the middle of its store operation; then nested is true.
	active *simulatedRunner
	nested bool
	// ended reports whether the simulation is over, so that nothing fails any more.
	ended bool
	// networkDown reports whether all checks fail.
	networkDown bool
}

// simulatedMonitor is a monitor and its state in the store.
type simulatedMonitor struct {
	monitor.Monitor
	deleted bool
	// failureRate is the percentage of results that are not OK, checkRate the number of steps, of 1000, with a result.
	failureRate, checkRate int
	// warningRate is the percentage of OK results with a warning.
	warningRate int
	// maintenance reports whether the monitor is in maintenance.
	maintenance bool
	// state is the stored state. wasNotOK reports whether the monitor was not OK right before state.Since.
	state    *store.State
	wasNotOK bool
}

// simulatedRunner is an alerter and the states of its checks.
type simulatedRunner struct {
	alerter *Alerter
	// own reports whether the runner has the monitors; dead, whether it crashed or stopped.
	own, dead bool
	// current contains the states from its own checks, unstored the ids of those that are not stored yet.
	current  map[string]*store.State
	unstored map[string]bool
	// upToDate reports whether it has evaluated all stored states, at the time evaluatedAt.
	upToDate    bool
	evaluatedAt time.Time
}

// crash is the panic value that simulates a crash of a runner.
type crash struct{}

func newWorld(t *testing.T, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{t: t, rng: rng, store: alertingtest.NewMemory()}
	w.rules = incident.Rules{FailCount: 1 + rng.IntN(4), RecoveryCount: 1 + rng.IntN(3)}
	if rng.IntN(2) == 0 {
		w.rules.Reminder = time.Duration(1+rng.IntN(10)) * time.Minute
	}
	w.faultRate, w.crashRate = rng.IntN(3)*20, rng.IntN(3)*5
	w.silences = seed%4 == 1
	w.rules.Warnings = seed/4%2 == 0
	// Only some scenarios have enough monitors to detect an offline runner, because they take longer.
	n := 3
	if seed%3 == 0 {
		n = 6
	}
	for i := range n {
		m := monitor.Monitor{ID: fmt.Sprintf("%024x", i+1), Name: fmt.Sprint("monitor ", i), Type: "tcp", Enabled: true}
		m.Target, m.Interval = fmt.Sprint("host", i), fmt.Sprintf("%ds", 5+rng.IntN(20*n))
		w.monitors = append(w.monitors, &simulatedMonitor{Monitor: m, checkRate: 700})
	}
	for i, m := range w.monitors[1:3] {
		m.Properties = map[string]string{monitor.DependsOn: w.monitors[i].ID}
	}
	w.oracle = newOracle(w)
	w.store.SetIntercept(w.intercept)
	w.startRunner()
	return w
}

// chance returns true in the given number of 1000 cases.
func (w *world) chance(of1000 int) bool { return w.rng.IntN(1000) < of1000 }

func (w *world) sleep(d time.Duration) { time.Sleep(d) }

// intercept simulates failures, crashes and other runners' work during a store operation.
func (w *world) intercept(_ context.Context, operation, id string) error {
	w.oracle.operation(operation, id)
	if w.unavailable {
		w.oracle.operationFailed(operation, id)
		return alertingtest.ErrUnavailable
	}
	if w.active == nil {
		return nil
	}
	if !w.nested && w.chance(200) {
		w.interleave()
	}
	if w.chance(w.crashRate) {
		w.oracle.operationFailed(operation, id)
		panic(crash{})
	}
	if w.chance(w.faultRate) {
		w.oracle.operationFailed(operation, id)
		return alertingtest.ErrUnavailable
	}
	return nil
}

// interleave lets the other runners work in the middle of a store operation.
func (w *world) interleave() {
	active := w.active
	w.nested = true
	for _, r := range w.alive() {
		if r != active {
			w.work(r)
		}
	}
	w.nested, w.active = false, active
}

func (w *world) alive() []*simulatedRunner {
	w.runners = slices.DeleteFunc(w.runners, func(r *simulatedRunner) bool { return r.dead })
	return slices.Clone(w.runners)
}

// work lets a runner evaluate and send at random.
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
		if r.alerter.evaluator.Reread(ctx) == nil {
			w.oracle.notificationsRead(r)
		}
	}
	// Sending takes time: in the middle of an operation it would make a result old before its notification is stored.
	if !w.nested && w.chance(500) {
		w.send(ctx, r)
	}
}

// evaluate runs a round, and another one if an incident waits for its dependency, as it happens a second later.
func (w *world) evaluate(ctx context.Context, r *simulatedRunner) {
	for range 2 {
		r.evaluatedAt = time.Now()
		again, err := r.alerter.evaluator.Round(ctx)
		if r.upToDate = err == nil; !r.upToDate || !again {
			return
		}
	}
}

func (w *world) send(ctx context.Context, r *simulatedRunner) {
	due, err := r.alerter.outbox.Due(ctx)
	if err != nil {
		return
	}
	for _, n := range due {
		attempt, cancel := context.WithTimeout(ctx, 4500*time.Millisecond)
		err := r.alerter.outbox.Attempt(attempt, n)
		cancel()
		if err != nil && !errors.Is(err, monitor.ErrUnavailable) {
			w.t.Fatalf("attempt at %s: %v", n.ID, err)
		}
	}
}

// end lets all notifications arrive.
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
	w.oracle.checkAllArrived()
}

func notOK(p store.Point) bool { return p.Status != monitor.StatusOK }
