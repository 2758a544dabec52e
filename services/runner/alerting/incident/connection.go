package incident

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/plain"
	"nanomon/services/common/store"
)

// checkConnection detects whether the runner is offline or online again, and stores a notification. If storing fails,
// the next round stores the same notification even if the connection has changed again, because the store may contain
// it already.
func (e *Evaluator) checkConnection(ctx context.Context, now time.Time) error {
	for e.unstored != nil || e.evidenceChanged && e.detectConnectionChange(now) {
		n := *e.unstored
		if _, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]string, error) {
			return e.store.AddNotifications(ctx, []store.Notification{n})
		}); err != nil {
			return err
		}
		text, level := "runner offline", slog.LevelWarn
		if n.Kind == store.KindRunnerOnline {
			text, level = "runner online again", slog.LevelInfo
		}
		e.log.Log(ctx, level, text, "notification_id", n.ID, "runner", n.Runner, "details", n.Message)
		e.offline, e.unstored = offlinePeriodOf(n), nil
	}
	e.evidenceChanged = false
	return nil
}

// detectConnectionChange sets unstored to the notification of a change between offline and online, and reports whether
// there was one.
func (e *Evaluator) detectConnectionChange(now time.Time) bool {
	all := connectionEvidence(e.tracked)
	n := store.Notification{Runner: e.runner, Opened: e.offline.since, Date: now, Next: now}
	if e.offline.ongoing() {
		remaining := remainingFailures(all, e.offline.since)
		if remaining.mostFailed() {
			return false
		}
		n.Kind = store.KindRunnerOnline
		n.Message = fmt.Sprintf("Still failed: %d of %s.", remaining.failed, plain.Count(remaining.total, "monitor"))
	} else {
		failures, offline := detectOffline(all, e.offline.until)
		if !offline {
			return false
		}
		n.Kind, n.Status, n.Opened = store.KindRunnerOffline, monitor.StatusFailed, failures.since
		n.Message = fmt.Sprintf("%d of %s on %s failed at about the same time. "+
			"NanoMon opens no incidents until the runner is online again.", failures.failed,
			plain.Count(failures.total, "monitor"), plain.Count(failures.hosts, "host"))
	}
	n.ID = store.RunnerNotificationID(n.Kind, n.Opened)
	e.unstored = &n
	return true
}

// offlinePeriodOf returns the offline period that a notification about a runner reports.
func offlinePeriodOf(n store.Notification) offlinePeriod {
	period := offlinePeriod{since: n.Opened}
	if n.Kind == store.KindRunnerOnline {
		period.until = n.Date
	}
	return period
}

// connectionEvidence returns the evidence of all active monitors that have a result outside of maintenance. Inverted
// monitors are OK without a connection, so they are no evidence.
func connectionEvidence(tracked map[string]*trackedMonitor) []evidence {
	list := make([]evidence, 0, len(tracked))
	for _, t := range tracked {
		ignored := t.inactive() || t.monitor.IsInverted() || t.evidence.ignored || t.evidence.host == ""
		if !ignored && !t.evidence.date.IsZero() {
			list = append(list, t.evidence)
		}
	}
	return list
}

// lastOfflinePeriod returns the offline period of the previous runner on the same host, from its latest notification, so
// that this runner continues it. The period is zero if there is none. The notifications are those about runners, newest
// first.
func lastOfflinePeriod(notifications []store.Notification, runner string) offlinePeriod {
	for _, n := range notifications {
		aboutRunner := n.Kind == store.KindRunnerOffline || n.Kind == store.KindRunnerOnline
		if aboutRunner && runnerHost(n.Runner) == runnerHost(runner) {
			return offlinePeriodOf(n)
		}
	}
	return offlinePeriod{}
}

// runnerHost returns the host name in a runner's id.
func runnerHost(runner string) string {
	return runner[:max(0, strings.LastIndexByte(runner, '-'))]
}
