package upgrade

import (
	"slices"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// incidentsOf returns the incidents that the API lists, by id.
func incidentsOf(t *testing.T, c client, query string) map[string]map[string]any {
	t.Helper()
	listed := make(map[string]map[string]any)
	for _, i := range objects(c.get(t, "/api/incidents?max=1000&"+query)) {
		listed[i["id"].(string)] = i
	}
	return listed
}

// wantOpenIncidents waits until the incidents with these ids, and no other, are open.
func wantOpenIncidents(t *testing.T, c client, ids ...string) {
	t.Helper()
	servicetest.EventuallyWithin(t, time.Minute, "the open incidents", func() bool {
		open := incidentsOf(t, c, "open=true")
		return len(open) == len(ids) && !slices.ContainsFunc(ids, func(id string) bool { return open[id] == nil })
	})
}

// wantPastIncidents waits until the incidents with these ids have ended. The last one ended in the old version, and is
// reconstructed a minute after the start. Each has its notifications.
func wantPastIncidents(t *testing.T, c client, ids ...string) {
	t.Helper()
	var past map[string]map[string]any
	servicetest.EventuallyWithin(t, 3*time.Minute, "the past incidents", func() bool {
		past = incidentsOf(t, c, "open=false")
		return !slices.ContainsFunc(ids, func(id string) bool { return past[id] == nil })
	})
	for at, id := range ids {
		if reconstructed := past[id]["reconstructed"] == true; reconstructed != (at == len(ids)-1) {
			t.Errorf("incident %s is %v", id, past[id])
		}
		details, _ := c.get(t, "/api/incidents/"+id).(map[string]any)
		if n := len(objects(details["notifications"])); n < 2 {
			t.Errorf("incident %s has %d notifications, want its opening and its end: %v", id, n, details)
		}
	}
}
