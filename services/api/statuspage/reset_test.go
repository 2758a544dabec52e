package statuspage

import (
	"context"
	"errors"
	"testing"
	"time"

	"nanomon/services/common/monitor"
)

// failing is a store whose next reads of the revision fail.
type failing struct {
	Store
	failures int
}

func (f *failing) Revision(ctx context.Context, states bool) (string, error) {
	if f.failures > 0 {
		f.failures--
		return "", errors.New("no revision")
	}
	return f.Store.Revision(ctx, states)
}

// TestResetAfterAnError: when the store fails right after the results were deleted or the clock was set back, the pages
// are current again as soon as the store is.
func TestResetAfterAnError(t *testing.T) {
	for name, reset := range map[string]func(*scene){
		"results deleted": func(s *scene) {
			must(s.T, s.store.DeleteResults(s.Context(), s.now))
			for _, m := range s.monitors {
				m.state = nil
			}
		},
		"clock set back": func(s *scene) { s.now = s.now.Add(-2 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			f := &failing{Store: s.store}
			s.Keeper = newTestKeeper(t, f, &s.now)
			s.refresh(topics{})
			reset(s)
			f.failures = 1
			if _, err := s.Refresh(t.Context()); err == nil {
				t.Fatal("the store does not fail")
			}
			s.refresh(topics{})
			s.monitors[0].status = monitor.StatusFailed
			s.check(3)
			s.refresh(topics{})
			v, _ := s.view()
			same(t, "text", v.Overall.Text, "Major outage")
		})
	}
}
