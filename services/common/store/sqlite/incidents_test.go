package sqlite

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestIncidentQueriesUseIndexes(t *testing.T) {
	s := openNew(t)
	yes, group := true, "shop"
	of := func(f store.IncidentFilter) string {
		f.Limit = 100
		query, _ := incidentQuery(f)
		return query
	}
	for _, query := range []struct{ text, index string }{
		{of(store.IncidentFilter{}), "incidents_by_date"},
		{of(store.IncidentFilter{From: time.Now(), To: time.Now(), Before: &store.Cursor{}}), "incidents_by_date (opened"},
		{of(store.IncidentFilter{MonitorID: "x", Group: &group}), "incidents_by_monitor (monitor=?"},
		{of(store.IncidentFilter{Group: &group, Severity: monitor.StatusFailed, From: time.Now()}), "incidents_by_group (heading=? AND opened>?"},
		{of(store.IncidentFilter{Severity: monitor.StatusFailed}), "incidents_failed"},
		{of(store.IncidentFilter{Severity: monitor.StatusError}), "incidents_error"},
		{of(store.IncidentFilter{Open: &yes, MonitorID: "x"}), "incidents_open (monitor=?"},
		{selectOpenIncidents + " AND monitor IN (SELECT value FROM json_each(?))", "incidents_open (monitor=?"},
		{selectNotifications + notificationsByID, "PRIMARY KEY (id=?"},
		{countOpenIncidents, "incidents_open (monitor>?"},
		{selectNotifications + notificationsOfIncidents, "PRIMARY KEY (id>? AND id<?"},
		{deleteOldIncidents, "incidents_by_date (opened<?"},
	} {
		wantPlan(t, s, query.text, query.index)
	}
}
