package alerting

import (
	"maps"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/store"
)

// openIncidents returns the stored open incidents of a monitor, or of all monitors if the id is empty.
func (o *oracle) openIncidents(monitorID string) []store.Incident {
	var open []store.Incident
	for _, id := range slices.Sorted(maps.Keys(o.w.store.StoredIncidents)) {
		i := o.w.store.StoredIncidents[id]
		if i.Resolved.IsZero() && (monitorID == "" || i.MonitorID == monitorID) {
			open = append(open, i)
		}
	}
	return open
}

// checkIncident checks an incident that was just stored: an incident opens before it ends, never opens again, and a
// monitor never has two open incidents.
func (o *oracle) checkIncident(i store.Incident) {
	notified := func(kind store.NotificationKind) bool {
		return o.known[store.NotificationID(i.MonitorID, i.Number, kind, 0)]
	}
	switch {
	case !notified(store.KindOpened):
		o.fail("incident %s is stored, but no notification opened it", i.ID)
	case i.Resolved.IsZero() && o.ended[i.ID]:
		o.fail("incident %s is open again", i.ID)
	case i.Resolved.IsZero():
	case !notified(store.KindResolved) && !notified(store.KindClosed):
		o.fail("incident %s has ended, but no notification ended it", i.ID)
	case i.Resolved.Before(i.FirstNotOK):
		o.fail("incident %s ended at %s, before its first result at %s", i.ID, i.Resolved, i.FirstNotOK)
	default:
		o.ended[i.ID] = true
	}
	if open := o.openIncidents(i.MonitorID); len(open) > 1 {
		o.fail("monitor %s has %d open incidents: %+v", i.MonitorID, len(open), open)
	}
}

// checkOpenIncident fails unless the stored open incident of m is that of the notifications.
func (o *oracle) checkOpenIncident(m *simulatedMonitor, rec *record) {
	if m.deleted && !o.w.ended {
		return // A new runner may find its incident later.
	}
	open := o.openIncidents(m.ID)
	switch {
	case rec.open && (len(open) != 1 || open[0].Number != rec.incident):
		o.fail("incident %d of %s is open, stored is %+v", rec.incident, m.ID, open)
	case !rec.open && len(open) > 0:
		o.fail("incident %d of %s has ended, stored is %+v", rec.incident, m.ID, open)
	}
}

// checkTold fails if an incident opened in a silence, and the newest result is a failure from after the silence, but
// nobody was notified.
func (o *oracle) checkTold(m *simulatedMonitor, rec *record) {
	if !rec.open || rec.told || m.deleted || !m.Enabled || o.isSilenced(m.ID) {
		return
	}
	results, open := rec.results[rec.from:], o.openIncidents(m.ID)
	if o.streak(results, true, true) == 0 || results[len(results)-1].Ignored != "" ||
		len(open) != 1 || open[0].Acknowledgement != nil {
		return
	}
	if newest := results[len(results)-1]; !newest.Date.Before(o.w.store.Silenced[m.ID].Until) {
		o.fail("nobody was notified of incident %d of %s, which was silenced until %s, after the result %+v",
			rec.incident, m.ID, o.w.store.Silenced[m.ID].Until, newest)
	}
}

func (o *oracle) isSilenced(monitorID string) bool {
	return o.w.store.Silenced[monitorID].Until.After(time.Now())
}

// untold reports whether people were not notified of the open incident of a notification.
func (o *oracle) untold(n store.Notification) bool {
	opened := o.w.store.Find(store.NotificationID(n.MonitorID, n.Incident, store.KindOpened, 0))
	return opened != nil && opened.Silenced
}

// checkSilence checks a notification that was just stored. In a silence nobody is notified of an incident, and later not
// of its end either.
func (o *oracle) checkSilence(n store.Notification, rec *record) {
	if n.Silenced {
		o.silenced++
	}
	if n.Silenced != n.Next.IsZero() {
		o.fail("%s is due at %s, silenced: %v", n.ID, n.Next, n.Silenced)
	}
	silenced := o.isSilenced(n.MonitorID)
	switch n.Kind {
	case store.KindOpened:
		if n.Silenced != silenced {
			o.fail("%s is silenced: %v, its monitor: %v", n.ID, n.Silenced, silenced)
		}
		rec.told = !silenced
	case store.KindEscalated, store.KindReminder:
		acknowledged := o.w.store.StoredIncidents[store.IncidentID(n.MonitorID, n.Incident)].Acknowledgement != nil
		if silenced || acknowledged || n.Silenced {
			o.fail("%s of an incident that is silenced (%v, %v) or acknowledged (%v)", n.ID, silenced, n.Silenced, acknowledged)
		}
		rec.told = true
	case store.KindResolved, store.KindClosed:
		if n.Silenced == rec.told && !rec.overlapping {
			o.fail("%s is silenced: %v, but people were notified of the incident: %v", n.ID, n.Silenced, rec.told)
		}
	}
}

// isDropped reports whether n is a reminder or an escalation that is not sent any more, because somebody has acknowledged
// its incident.
func (o *oracle) isDropped(n store.Notification) bool {
	later := n.Kind == store.KindReminder || n.Kind == store.KindEscalated
	acknowledged := o.w.store.StoredIncidents[store.IncidentID(n.MonitorID, n.Incident)].Acknowledgement != nil
	return later && acknowledged && n.Next.IsZero() && slices.ContainsFunc(n.Deliveries, func(d store.Delivery) bool {
		return strings.HasSuffix(d.Answer, "not sent: the incident was acknowledged")
	})
}
