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
func (j *judging) watchConnection(ctx context.Context, now time.Time) error {
	for j.untold != nil || j.turned && j.findCutOff(now) {
		message := *j.untold
		if _, err := call(ctx, smallCall, func(ctx context.Context) ([]string, error) {
			return j.store.AddNotifications(ctx, []store.Notification{message})
		}); err != nil {
			return err
		}
		j.log.Warn("the runner's own connection", "kind", message.Kind, "id", message.ID, "found", message.Message)
		j.outage, j.untold = outageOf(message), nil
	}
	j.turned = false
	return nil
}

// findCutOff sets the message that is owed, and reports whether there is one.
func (j *judging) findCutOff(now time.Time) bool {
	all := j.sightings()
	message := store.Notification{Runner: j.runner, Opened: j.outage.since, Date: now, Next: now}
	if j.outage.on() {
		left := still(all, j.outage.since)
		if left.most() {
			return false
		}
		message.Kind, message.Message = store.KindRunnerOnline, fmt.Sprintf("Still failed: %d of %d monitors.", left.failed, left.of)
	} else {
		found, cut := cutOff(all, j.outage.until)
		if !cut {
			return false
		}
		message.Kind, message.Status, message.Opened = store.KindRunnerOffline, monitor.StatusFailed, found.since
		message.Message = fmt.Sprintf("%d of %d monitors on %d hosts failed at about the same time. Other alerts are held until that is over.",
			found.failed, found.of, found.hosts)
	}
	message.ID = store.RunnerNotificationID(message.Kind, message.Opened)
	j.untold = &message
	return true
}

// outageOf is what a message says.
func outageOf(a store.Notification) outage {
	o := outage{since: a.Opened}
	if a.Kind == store.KindRunnerOnline {
		o.until = a.Date
	}
	return o
}

// sightings are those of the monitors that have a result which says something.
func (j *judging) sightings() []sighting {
	list := make([]sighting, 0, len(j.entries))
	for _, e := range j.entries {
		if !e.shutting() && !e.found.aside && !e.found.date.IsZero() {
			list = append(list, e.found)
		}
	}
	return list
}

// recall takes in what a runner of this host, which this one goes on for, has told last of its connection. The messages are those of
// no monitor, newest first.
func (j *judging) recall(told []store.Notification) {
	for _, a := range told {
		if (a.Kind == store.KindRunnerOffline || a.Kind == store.KindRunnerOnline) && hostPart(a.Runner) == hostPart(j.runner) {
			j.outage = outageOf(a)
			return
		}
	}
}

// hostPart is a runner's id without the part that each start makes anew.
func hostPart(runner string) string {
	return runner[:max(0, strings.LastIndexByte(runner, '-'))]
}
