package server

import (
	"bytes"
	"context"
	"maps"
	"reflect"
	"slices"

	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// openIncidentLister is the part of the store that returns open incidents.
type openIncidentLister interface {
	OpenIncidents(ctx context.Context, monitorIDs []string) ([]store.Incident, error)
}

// incidentEvent is the data of an incident event. Clients read the incident itself from its own route.
type incidentEvent struct {
	ID        string `json:"id"`
	MonitorID string `json:"monitor_id"`
	// Change is "opened", "changed" or "resolved".
	Change string `json:"change"`
	// Open is the number of open incidents after the change.
	Open int `json:"open"`
}

// openIncidentsEvent is the data of the event at the beginning of a stream.
type openIncidentsEvent struct {
	// Open is the number of open incidents.
	Open int64 `json:"open"`
}

// openIncidents returns the open incidents by id. There is at most one for each monitor.
func openIncidents(ctx context.Context, s openIncidentLister) (map[string]store.Incident, error) {
	list, err := s.OpenIncidents(ctx, nil)
	open := make(map[string]store.Incident, len(list))
	for _, i := range list {
		open[i.ID] = i
	}
	return open, err
}

// sendIncidents sends an event for each incident that has opened, changed or ended.
func (f *eventFeed) sendIncidents(ctx context.Context) error {
	current, err := openIncidents(ctx, f.store)
	if err != nil {
		return err
	}
	f.to.setOpenIncidents(len(current))
	var changes bytes.Buffer
	for _, e := range diffIncidents(f.incidents, current) {
		writeEvent(&changes, f.log, "incident", e)
	}
	f.incidents = current
	f.flush(eventFrame{changes.Bytes(), changes.Bytes()})
	wake.Signal(f.situationChanged) // Silences have the same topic.
	return nil
}

// diffIncidents returns the changes between two sets of open incidents, ended ones first.
func diffIncidents(before, after map[string]store.Incident) []incidentEvent {
	var ended, events []incidentEvent
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if _, open := after[id]; !open {
			ended = append(ended, incidentEvent{id, before[id].MonitorID, "resolved", len(after)})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		previous, known := before[id]
		switch {
		case !known:
			events = append(events, incidentEvent{id, after[id].MonitorID, "opened", len(after)})
		case !reflect.DeepEqual(previous, after[id]):
			events = append(events, incidentEvent{id, after[id].MonitorID, "changed", len(after)})
		}
	}
	return append(ended, events...)
}
