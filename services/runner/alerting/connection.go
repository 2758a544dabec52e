package alerting

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// watchConnection finds out whether the runner may be cut off, or is connected again, and stores the message that this owes. What was
// found once is told, even if the store doesn't answer until something else is found: it may have stored the message.
func (e *evaluator) checkConnection(ctx context.Context, now time.Time) error {
	for e.unstored != nil || e.evidenceChanged && e.detectConnectionChange(now) {
		notification := *e.unstored
		if _, err := call(ctx, shortTimeout, func(ctx context.Context) ([]string, error) {
			return e.store.AddNotifications(ctx, []store.Notification{notification})
		}); err != nil {
			return err
		}
		e.log.Warn("the runner's own connection", "kind", notification.Kind, "id", notification.ID, "found", notification.Message)
		e.offline, e.unstored = offlinePeriodOf(notification), nil
	}
	e.evidenceChanged = false
	return nil
}

// findCutOff sets the message that is owed, and reports whether there is one.
func (e *evaluator) detectConnectionChange(now time.Time) bool {
	all := e.connectionEvidence()
	n := store.Notification{Runner: e.runner, Opened: e.offline.since, Date: now, Next: now}
	if e.offline.ongoing() {
		remaining := remainingFailures(all, e.offline.since)
		if remaining.mostFailed() {
			return false
		}
		n.Kind, n.Message = store.KindRunnerOnline, fmt.Sprintf("Still failed: %d of %d monitors.", remaining.failed, remaining.total)
	} else {
		failures, offline := detectOffline(all, e.offline.until)
		if !offline {
			return false
		}
		n.Kind, n.Status, n.Opened = store.KindRunnerOffline, monitor.StatusFailed, failures.since
		n.Message = fmt.Sprintf("%d of %d monitors on %d hosts failed at about the same time. Other alerts are held until that is over.",
			failures.failed, failures.total, failures.hosts)
	}
	n.ID = store.RunnerNotificationID(n.Kind, n.Opened)
	e.unstored = &n
	return true
}

// outageOf is what a message says.
func offlinePeriodOf(n store.Notification) offlinePeriod {
	period := offlinePeriod{since: n.Opened}
	if n.Kind == store.KindRunnerOnline {
		period.until = n.Date
	}
	return period
}

// sightings are those of the monitors that have a result which says something.
func (e *evaluator) connectionEvidence() []evidence {
	list := make([]evidence, 0, len(e.tracked))
	for _, t := range e.tracked {
		if !t.inactive() && !t.evidence.ignored && !t.evidence.date.IsZero() {
			list = append(list, t.evidence)
		}
	}
	return list
}

// recall takes in what a runner of this host, which this one goes on for, has told last of its connection. The messages are those of
// no monitor, newest first.
func (e *evaluator) restoreOfflinePeriod(notifications []store.Notification) {
	for _, n := range notifications {
		if (n.Kind == store.KindRunnerOffline || n.Kind == store.KindRunnerOnline) && runnerHost(n.Runner) == runnerHost(e.runner) {
			e.offline = offlinePeriodOf(n)
			return
		}
	}
}

// hostPart is a runner's id without the part that each start makes anew.
func runnerHost(runner string) string {
	return runner[:max(0, strings.LastIndexByte(runner, '-'))]
}
