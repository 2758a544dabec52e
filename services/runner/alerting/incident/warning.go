package incident

import (
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// advanceWarning returns w after the points. Only OK results that count matter: results that are not OK neither begin
// nor end a warning. It ends after as many results without it as resolve an incident, or when warnings
// are turned off.
func advanceWarning(w store.Warning, points []store.Point, r Rules, offline offlinePeriod) store.Warning {
	if !r.Warnings {
		return store.Warning{}
	}
	for _, p := range points {
		switch {
		case notOK(p) || p.Ignored != "" || offline.covers(p.Date):
		case p.Warning:
			w = countWarning(w, p, r)
		case !w.Notified:
			w = store.Warning{}
		default:
			if w.Without++; w.Without >= r.RecoveryCount {
				w = store.Warning{}
			}
		}
	}
	return w
}

// countWarning returns w after p, which has a warning.
func countWarning(w store.Warning, p store.Point, r Rules) store.Warning {
	if w.Since.IsZero() || w.Since.After(p.Date) { // The clock was set back.
		w.Since = p.Date
	}
	if w.Notified {
		w.Without = 0
	} else {
		w.Count = min(w.Count+1, r.FailCount)
	}
	return w
}

// mustNotify reports whether people must be notified of w with p, the newest result.
func mustNotify(w store.Warning, p store.Point, r Rules) bool {
	return r.Warnings && p.Warning && p.Status == monitor.StatusOK && p.Ignored == "" && !w.Notified && w.Count >= r.FailCount
}

// notifyOfWarning returns the state after the notification of the warning, and its event.
func notifyOfWarning(s store.IncidentState, p store.Point) (store.IncidentState, *event) {
	s.Warning.Notified = true
	return s, &event{kind: store.KindWarning, opened: s.Warning.Since, point: p}
}

// changesWarning reports whether the points change the stored warning of a monitor or cause a notification.
func changesWarning(w store.Warning, points []store.Point, r Rules) bool {
	if !r.Warnings {
		return len(points) > 0 && !w.Equal(store.Warning{})
	}
	matters := func(p store.Point) bool { return !notOK(p) && p.Ignored == "" && p.Warning != w.Notified }
	return !w.Since.IsZero() && (!w.Notified || w.Without > 0) || slices.ContainsFunc(points, matters)
}
