package alertingtest

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Monitors returns enabled monitors with the given ids.
func Monitors(ids ...string) []monitor.Monitor {
	list := make([]monitor.Monitor, len(ids))
	for i, id := range ids {
		list[i] = monitor.Monitor{
			ID: id, Name: "name of " + id, Type: "http", Target: "http://x.test", Group: "g", Enabled: true,
		}
	}
	return list
}

// Point returns the point for a letter: o is OK, w OK with a warning, e error, f failed; E and F are blocked error and failed; m and M are
// OK and failed in maintenance.
func Point(letter rune, date time.Time) store.Point {
	p := store.Point{Date: date, Warning: letter == 'w'}
	switch letter {
	case 'e', 'E':
		p.Status = monitor.StatusError
	case 'f', 'F', 'M':
		p.Status = monitor.StatusFailed
	}
	switch letter {
	case 'E', 'F':
		p.Ignored = monitor.IgnoredBlocked
	case 'm', 'M':
		p.Ignored = monitor.IgnoredMaintenance
	}
	return p
}

// Push returns the state of a monitor after one more result. s is nil before the first.
func Push(s *store.State, id string, p store.Point) *store.State {
	next := &store.State{MonitorID: id, Streak: 1, Since: p.Date}
	if s != nil {
		next.History = slices.Clone(s.History)
		if s.Latest.Status == p.Status {
			next.Streak, next.Since = s.Streak+1, s.Since
		}
		next.Sequence = store.NextSequence(s.Number(), p.Date)
		p.Sequence = next.Sequence
	}
	next.History = append(next.History, p)
	next.History = next.History[max(0, len(next.History)-store.HistoryLength):]
	next.Latest = monitor.Result{
		MonitorID: id, Date: p.Date, Status: p.Status, Message: "as of " + p.Date.String(), Ignored: p.Ignored,
	}
	return next
}

var day = time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)

// Notification returns a notification of the given kind.
func Notification(kind store.NotificationKind) store.Notification {
	n := store.Notification{Kind: kind, ID: store.RunnerNotificationID(kind, day), Runner: "shop-1", Opened: day}
	switch kind {
	case store.KindRunnerOffline:
		n.Status, n.Message, n.Date = monitor.StatusFailed, "9 of 10 monitors on 4 hosts failed.", day.Add(time.Minute)
		return n
	case store.KindRunnerOnline:
		n.Message, n.Date = "Still failed: 2 of 10 monitors.", day.Add(time.Hour)
		return n
	case store.KindRunnerProblem:
		n.ID += "-1"
		n.Status, n.Message, n.Date = monitor.StatusFailed, "Some monitors are not checked.", day
		return n
	}
	const id = "65f2c0ffee65f2c0ffee65f2"
	if kind == store.KindWarning {
		return store.Notification{
			ID: store.WarningNotificationID(id, day), MonitorID: id, MonitorName: "Payments API", MonitorType: "http",
			MonitorTarget: "https://pay.example.org/health", Group: "Shop", Kind: kind, Value: 512,
			Message: "Warning: respTime > 300", Opened: day, Date: day.Add(90 * time.Second),
		}
	}
	return store.Notification{
		ID: store.NotificationID(id, 3, kind, 2), MonitorID: id, MonitorName: "Payments API", MonitorType: "http",
		MonitorTarget: "https://pay.example.org/health", Group: "Shop", Incident: 3, Kind: kind,
		Status: monitor.StatusFailed, Message: "connection refused", Opened: day, Date: day.Add(90 * time.Second),
	}
}
