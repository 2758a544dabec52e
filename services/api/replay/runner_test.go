package replay_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/api/replay"
	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
)

// fixed is a probe whose outcome is set by the test.
type fixed struct{ run func() probe.Outcome }

func (f fixed) Run(context.Context) probe.Outcome { return f.run() }
func (f fixed) Close()                            {}

// newTypes returns a registry of one type.
func newTypes(run func() probe.Outcome) probe.Registry {
	return probe.Registry{"fixed": {
		Spec: probe.Spec{Type: "fixed", Outputs: []probe.Output{
			{Name: "size", Kind: probe.OutputNumber}, {Name: "flag", Kind: probe.OutputBool},
			{Name: "textN", Kind: probe.OutputString}, {Name: "body", Kind: probe.OutputString, RuleOnly: true},
			{Name: "found", Kind: probe.OutputNumberOrString, EmptyIfAbsent: true},
		}, Properties: []probe.Property{
			{Name: "search", Kind: probe.KindRegex}, {Name: probe.Capture, Kind: probe.KindStringMap},
		}},
		Searches: []secret.Search{{Property: "search", Output: "found"}},
		Names:    func(properties map[string]string) bool { return properties["search"] == "names" },
		New:      func(string, probe.Settings) (probe.Probe, error) { return fixed{run}, nil },
	}}
}

// results is a store of results, newest first.
type results []monitor.Result

func (s results) Results(_ context.Context, f store.ResultFilter) ([]monitor.Result, error) {
	var found []monitor.Result
	for _, r := range s {
		isBefore := f.Before == nil || r.Date.Before(f.Before.Date) || r.Date.Equal(f.Before.Date) && r.ID < f.Before.ID
		isIn := !r.Date.Before(f.From) && (f.To.IsZero() || r.Date.Before(f.To))
		if isBefore && isIn && len(found) < f.Limit {
			found = append(found, r)
		}
	}
	return found, nil
}

// runner checks a monitor as the engine does.
type runner struct {
	t     *testing.T
	rule  string
	check *check.Check
	state *store.State
	// results are in the order of the checks.
	results []monitor.Result
}

const monitorID = "65a50000000000000000000a"

func newRunner(t *testing.T, types probe.Registry, rule string) *runner {
	m := monitor.Monitor{ID: monitorID, Name: "name", Type: "fixed", Interval: "1s", Target: "t", Rule: rule}
	c, err := check.Compile(types, secret.Source{}, m)
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	return &runner{t: t, rule: rule, check: c}
}

func (r *runner) run(ignored monitor.IgnoreReason) {
	result, err := r.check.Run(r.t.Context(), r.state)
	if err != nil {
		r.t.Fatal(err)
	}
	r.add(result, ignored)
}

// add adds a result to the results and to the history.
func (r *runner) add(result monitor.Result, ignored monitor.IgnoreReason) {
	result.Ignored = ignored
	next := &store.State{MonitorID: result.MonitorID, Latest: result}
	if r.state != nil {
		next.History = r.state.History
	}
	next.History = store.AppendPoint(next.History,
		store.Point{Date: result.Date, Status: result.Status, Value: result.Value, Ignored: ignored})
	r.state, r.results = next, append(r.results, result)
}

var errRefused = errors.New("refused")

// answer returns the answer that the results of a runner give.
func (r *runner) answer(from, to time.Time, stored []monitor.Result) replay.Answer {
	a := replay.Answer{
		MonitorID: stored[0].MonitorID, From: from, To: to, Oldest: &stored[0].Date,
		Missing: []string{}, Periods: []replay.Period{},
	}
	var current *replay.Period
	for i, result := range r.results {
		switch {
		case result.Ignored != "":
			a.Ignored++
		case result.Message == errRefused.Error():
			a.Failed++
		case result.Status == monitor.StatusOK:
			a.Checked, current = a.Checked+1, nil
		default:
			a.Checked, a.Violated = a.Checked+1, a.Violated+1
			if current == nil {
				a.Violations++
				a.Periods = append(a.Periods, replay.Period{From: result.Date, Message: result.Message, Status: stored[i].Status})
				current = &a.Periods[len(a.Periods)-1]
			}
			current.To, current.Results = result.Date, current.Results+1
		}
	}
	slices.Reverse(a.Periods)
	a.Periods = a.Periods[:min(len(a.Periods), 10)]
	return a
}

// outcome returns a random outcome.
func outcome(random *rand.Rand) probe.Outcome {
	outputs := map[string]any{"size": float64(random.IntN(10)), "flag": random.IntN(2) == 0, "body": "not stored"}
	for i := range 1 + random.IntN(3) {
		outputs["text"+strconv.Itoa(i+1)] = string(rune('a' + random.IntN(3)))
	}
	switch random.IntN(4) {
	case 0:
		outputs["found"] = float64(random.IntN(2))
	case 1:
		outputs["found"] = "text"
	}
	o := probe.Outcome{Value: 10 * outputs["size"].(float64), Outputs: outputs}
	if random.IntN(8) == 0 {
		o.Err, o.Value = errRefused, 0
	}
	return o
}

// conditions are parts of rules. Some can't be evaluated for some outcomes.
var conditions = []string{
	"size < 7", "avg(5) < 50", "avg(30) > 44 || size > 3", "max(3) <= 80", "count('error', 3) < 2", "count('ok', 30) > 9",
	"count('failed', 4) == 0", "previous('size') != size", "previous('found') == found", "previous('text1') == text1",
	"found == ''", "found != 1", "size > 2 * found", "flag", "!flag", "size + previous('size') < 15", "'A' IN (lower(text1))",
	"size", "(flag ? size < 5 : size > 3)", "lower(text1) != 'c'", "contains(found, 't')", "size < max(30)",
	"text1 =~ 'a|b'", "'b' IN (text1, text2)", "text2 > 3 || flag", "len(text3) == 0", "text2 != 'a'",
}

func randomRule(random *rand.Rand) string {
	text := conditions[random.IntN(len(conditions))]
	for range random.IntN(3) {
		operator := []string{" && ", " || "}[random.IntN(2)]
		text = "(" + text + ")" + operator + "(" + conditions[random.IntN(len(conditions))] + ")"
	}
	return text
}

// TestReplayAgreesWithRunner checks the same random answers of a target by two rules, and replays the second one on the
// results of the first one.
func TestReplayAgreesWithRunner(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 24))
			var next probe.Outcome
			types := newTypes(func() probe.Outcome { return next })
			stored, wanted := newRunner(t, types, randomRule(random)), newRunner(t, types, randomRule(random))
			began := time.Now()
			for range 1 + random.IntN(1500) {
				next = outcome(random)
				ignored := monitor.IgnoreReason("")
				if random.IntN(10) == 0 {
					ignored = monitor.IgnoredMaintenance
				}
				stored.run(ignored)
				wanted.run(ignored)
				time.Sleep(time.Second)
			}
			list := slices.Clone(stored.results)
			slices.Reverse(list)
			question := replay.Question{
				Monitor: monitor.Monitor{ID: list[0].MonitorID, Type: "fixed"}, Rule: wanted.rule,
				From: began, To: time.Now(),
			}
			got, err := replay.Evaluate(t.Context(), results(list), types, question)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted.answer(question.From, question.To, stored.results), got); diff != "" {
				t.Errorf("seed %d, rule %s: %s", seed, question.Rule, diff)
			}
		})
	}
}
