package replay

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// manyResults is a store with a number of results, one per second, the newest at newest. A page takes delay.
type manyResults struct {
	count  int
	newest time.Time
	delay  time.Duration
	texts  bool
}

func (s manyResults) Results(_ context.Context, f store.ResultFilter) ([]monitor.Result, error) {
	time.Sleep(s.delay)
	first := 0
	if f.Before != nil {
		first = int(s.newest.Sub(f.Before.Date)/time.Second) + 1
	}
	var page []monitor.Result
	for i := first; i < s.count && len(page) < f.Limit; i++ {
		r := monitor.Result{ID: fmt.Sprintf("%024x", s.count-i), Date: s.newest.Add(-time.Duration(i) * time.Second)}
		r.Outputs = map[string]any{"respTime": float64(i), "status": 200.0}
		if s.texts {
			r.Outputs["finalUrl"] = fmt.Sprintf("%01000d", i)
		}
		if r.Date.Before(f.From) {
			break
		}
		page = append(page, r)
	}
	return page, nil
}

func ask(ctx context.Context, s manyResults, rule string, limit time.Duration) (Answer, error) {
	q := Question{Monitor: monitor.Monitor{Type: "http"}, Rule: rule, From: s.newest.Add(-30 * 24 * time.Hour), To: s.newest.Add(1)}
	return q.answer(ctx, s, probe.All(probe.Guard{}), limit)
}

func TestAnswerHasTheNewestResults(t *testing.T) {
	for name, c := range map[string]struct {
		store   manyResults
		rule    string
		checked int
	}{
		"as many as allowed": {manyResults{count: maxResults}, "respTime >= 0", maxResults},
		"too many":           {manyResults{count: maxResults + 1}, "respTime >= 0", maxResults},
		"too slow":           {manyResults{count: maxResults, delay: readTime / 2}, "respTime >= 0", 2 * pageSize},
		"too much text":      {manyResults{count: maxResults, texts: true}, "finalUrl != ''", 17 * pageSize},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.store.newest = time.Now()
			got, err := ask(t.Context(), c.store, c.rule, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			oldest := c.store.newest.Add(-time.Duration(c.checked-1) * time.Second)
			if got.Checked != c.checked || !got.Oldest.Equal(oldest) || got.Cut != (c.checked < c.store.count) {
				t.Errorf("%s: %d results from %s on, want %d from %s on; cut is %t", name, got.Checked, got.Oldest, c.checked, oldest, got.Cut)
			}
		})
	}
}

func TestEvaluationsThatTakeTooLong(t *testing.T) {
	s := manyResults{count: 10, newest: time.Now()}
	if _, err := ask(t.Context(), s, "status == 200", -1); err != ErrTooSlow {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ask(gone, s, "status == 200", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("the client is gone: %v", err)
	}
}
