// Package storetest contains the contract of the storage adapters as a test suite. Every adapter runs it, so that all
// behave the same.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// patience is the maximum time to wait for an expected event. Only a failing test waits that long.
const patience = 20 * time.Second

// base is the date of the first result in most tests.
var base = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// Run tests an adapter against the whole contract. open must return an empty store that calls observe, if that is not
// nil, and that is closed when its test ends.
func Run(t *testing.T, open func(t *testing.T, observe store.Observe) store.Store) {
	runGroups(t, open, monitorContracts, conditionalContracts, importContracts, bulkContracts, stateContracts, rollupContracts, onDemandContracts, runnerContracts,
		notificationContracts, incidentContracts, maintenanceContracts, keyContracts, watchContracts, generalContracts,
		reportContracts, pushContracts, pingURLContracts, statusPageContracts, statusMessageContracts, deletedContracts)
	RunResults(t, open)
	t.Run("OperationsAreObserved", func(t *testing.T) {
		var seen operations
		operationsAreObserved(t, open(t, seen.observe), &seen)
	})
}

// RunResults tests an adapter against the part of the contract that is about results.
func RunResults(t *testing.T, open func(t *testing.T, observe store.Observe) store.Store) {
	runGroups(t, open, resultContracts, listingContracts, sinceContracts, sealedContracts, numberContracts, expireContracts)
}

// RunAtomic tests an adapter against the part of the contract that needs atomic updates of a document. A server on which
// two updates of the same document can lose one of them can't fulfill it.
func RunAtomic(t *testing.T, open func(t *testing.T, observe store.Observe) store.Store) {
	runGroups(t, open, []contract{{"MergeIncidentsConcurrently", mergeIncidentsConcurrently}})
}

func runGroups(t *testing.T, open func(t *testing.T, observe store.Observe) store.Store, groups ...[]contract) {
	for _, c := range slices.Concat(groups...) {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
			defer cancel()
			c.check(ctx, t, open(t, nil))
		})
	}
}

// contract is one rule that every adapter must follow.
type contract struct {
	name  string
	check func(ctx context.Context, t *testing.T, s store.Store)
}

func newMonitor(name string) monitor.Monitor {
	return monitor.Monitor{
		ID: monitor.NewID(base), Name: name, Type: "http", Interval: "1m30s", Target: "http://localhost/" + name,
		Enabled: true, Properties: map[string]string{}, Updated: base,
	}
}

// newID returns an id. A greater n results in a greater id.
func newID(n int) string { return fmt.Sprintf("65a500000000%012x", n) }

func newResult(monitorID string, n int, date time.Time) monitor.Result {
	return monitor.Result{
		ID: newID(n), Date: date, Status: monitor.Status(n % 3), Value: float64(n) + 0.25,
		MonitorID: monitorID, MonitorName: "name", MonitorTarget: "target",
		Outputs: map[string]any{"respTime": float64(n), "ipAddress": "::1"},
	}
}

// newResults returns n results, one second apart, with consecutive ids from first.
func newResults(monitorID string, first, n int, from time.Time) []monitor.Result {
	results := make([]monitor.Result, n)
	for i := range results {
		results[i] = newResult(monitorID, first+i, from.Add(time.Duration(i)*time.Second))
	}
	return results
}

func newState(latest monitor.Result, streak int) store.State {
	return store.State{
		MonitorID: latest.MonitorID, Latest: latest, Streak: streak, Since: latest.Date,
		History: []store.Point{{Date: latest.Date, Status: latest.Status, Value: latest.Value}},
	}
}

// newestFirst returns a copy of results in the order of listings.
func newestFirst(results []monitor.Result) []monitor.Result {
	sorted := slices.Clone(results)
	slices.SortFunc(sorted, func(a, b monitor.Result) int {
		if c := b.Date.Compare(a.Date); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	return sorted
}

func ids(results []monitor.Result) []string {
	list := make([]string, len(results))
	for i, r := range results {
		list[i] = r.ID
	}
	return list
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// got returns a function that returns value, or ends the test if err is not nil.
func got[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return value
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s differs (-want +got):\n%s", what, diff)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want one that wraps %q", what, err, want)
	}
}

func wantInvalid(t *testing.T, what string, err error) {
	t.Helper()
	var invalid *monitor.InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("%s: error %v, want a monitor.InvalidError", what, err)
	}
}

func listAll(ctx context.Context, t *testing.T, s store.Store, monitorID string) []monitor.Result {
	t.Helper()
	return got(s.Results(ctx, store.ResultFilter{MonitorID: monitorID, Limit: 10000}))(t)
}

func wantUTC(t *testing.T, what string, date time.Time) {
	t.Helper()
	if date.Location() != time.UTC {
		t.Errorf("%s is in %s, want UTC", what, date.Location())
	}
}
