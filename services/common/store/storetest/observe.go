package storetest

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// operations records the observed operations.
type operations struct {
	mu   sync.Mutex
	seen map[string][]error
}

func (o *operations) observe(operation string, took time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil {
		o.seen = make(map[string][]error)
	}
	if took < 0 || took > patience {
		operation += " in " + took.String()
	}
	o.seen[operation] = append(o.seen[operation], err)
}

// ended reports whether an operation ended with an error, or with none.
func (o *operations) ended(operation string, with error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(o.seen[operation], func(err error) bool { return errors.Is(err, with) })
}

func (o *operations) names() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.seen))
}

// operationsAreObserved checks that the observer is called for every operation, with its error and a name without
// values.
func operationsAreObserved(t *testing.T, s store.Store, seen *operations) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	m := newMonitor("m")
	must(t, s.Ping(ctx))
	must(t, s.CreateMonitor(ctx, m))
	fill(ctx, t, s, m.ID)
	got(s.Monitors(ctx))(t)
	got(s.Monitor(ctx, m.ID))(t)
	got(s.Results(ctx, store.ResultFilter{Limit: 1}))(t)
	wantError(t, "replacing an unknown monitor", s.ReplaceMonitor(ctx, newMonitor("new")), monitor.ErrNotFound)
	must(t, s.DeleteMonitor(ctx, m.ID))
	for _, c := range []struct {
		operation string
		with      error
	}{
		{"ping", nil},
		{"create monitor", nil},
		{"append batch", nil},
		{"put rollups", nil},
		{"list monitors", nil},
		{"get monitor", nil},
		{"replace monitor", monitor.ErrNotFound},
		{"list results", nil},
		{"delete monitor", nil},
	} {
		if !seen.ended(c.operation, c.with) {
			t.Errorf("%s with the error %v was not observed", c.operation, c.with)
		}
	}
	cancelledCalls(ctx, t, s)
	plain := regexp.MustCompile(`^[a-z]+( [a-z]+)*$`)
	names := seen.names()
	for _, name := range names {
		if !plain.MatchString(name) {
			t.Errorf("the operation name %q is not plain words", name)
		}
	}
	if len(names) < 25 {
		t.Errorf("only the operations %q were observed", names)
	}
}
