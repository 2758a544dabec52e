package incident

import (
	"context"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// runnerProblem is a reason why this runner can't make checks.
type runnerProblem struct {
	text  string
	since time.Time
}

// storeProblems stores a notification of each new problem of this runner. If that fails, the next round stores them.
func (e *Evaluator) storeProblems(ctx context.Context, now time.Time) error {
	for _, p := range e.updates.takeProblems() {
		e.problemCount++
		e.problems = append(e.problems, store.Notification{
			ID:   fmt.Sprintf("%s-%d", store.RunnerNotificationID(store.KindRunnerProblem, p.since), e.problemCount),
			Kind: store.KindRunnerProblem, Status: monitor.StatusFailed, Message: p.text, Runner: e.runner,
			Opened: monitor.Date(p.since), Date: now, Next: now,
		})
	}
	if len(e.problems) == 0 {
		return nil
	}
	_, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]string, error) {
		return e.store.AddNotifications(ctx, e.problems)
	})
	if err == nil {
		e.problems = nil
	}
	return err
}
