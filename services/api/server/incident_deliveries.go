package server

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// summarizedIncidents is the number of incidents whose notifications are read at once.
	summarizedIncidents = 100
	// maxSummarized is the maximum number of notifications in one read.
	maxSummarized = 2000
)

// channelDeliveries counts the deliveries of an incident's notifications on one channel.
type channelDeliveries struct {
	Channel string `json:"channel"`
	Sent    int    `json:"sent"`
	Failed  int    `json:"failed"`
	Pending int    `json:"pending"`
	// Answer is the newest answer to a delivery that has not been sent; empty if there is none.
	Answer string `json:"answer,omitempty"`
	// Answered is the time of Answer.
	Answered time.Time `json:"-"`
}

// DeliverySummary contains the members that ?include=deliveries adds to an incident.
type DeliverySummary struct {
	// Deliveries has one entry for each channel, by name.
	Deliveries []channelDeliveries `json:"deliveries"`
	// Silenced reports that nobody was notified of the opening, because the monitor was silenced.
	Silenced bool `json:"silenced,omitempty"`
}

// includeDeliveries reports whether ?include= selects deliveries.
func includeDeliveries(query url.Values) (bool, error) {
	if query.Has("include") && (query.Get("include") != "deliveries" || len(query["include"]) > 1) {
		return false, monitor.Invalidf("include must be deliveries")
	}
	return query.Has("include"), nil
}

// summarizeDeliveries returns a summary for each incident, by id.
func (h *incidentHandler) summarizeDeliveries(ctx context.Context, incidents []store.Incident) (map[string]*DeliverySummary, error) {
	ids := make([]string, len(incidents))
	summaries := make(map[string]*DeliverySummary, len(incidents))
	for n, i := range incidents {
		ids[n], summaries[i.ID] = i.ID, &DeliverySummary{Deliveries: []channelDeliveries{}}
	}
	for part := range slices.Chunk(ids, summarizedIncidents) {
		if err := h.addDeliveries(ctx, part, summaries); err != nil {
			return nil, err
		}
	}
	return summaries, nil
}

// addDeliveries adds the notifications of the given incidents to their summaries. Incidents with very many reminders
// need more than one read.
func (h *incidentHandler) addDeliveries(ctx context.Context, ids []string, summaries map[string]*DeliverySummary) error {
	list, err := h.store.NotificationsOf(ctx, ids, maxSummarized)
	if err != nil {
		return err
	}
	if half := len(ids) / 2; len(list) == maxSummarized && half > 0 {
		if err := h.addDeliveries(ctx, ids[:half], summaries); err != nil {
			return err
		}
		return h.addDeliveries(ctx, ids[half:], summaries)
	}
	for _, n := range list {
		if s := summaries[store.IncidentID(n.MonitorID, n.Incident)]; s != nil {
			s.add(n)
		}
	}
	return nil
}

// add adds the deliveries of a notification.
func (s *DeliverySummary) add(n store.Notification) {
	s.Silenced = s.Silenced || n.Silenced && n.Kind == store.KindOpened
	for _, d := range n.Deliveries {
		i, found := slices.BinarySearchFunc(s.Deliveries, d.Channel, func(c channelDeliveries, name string) int {
			return strings.Compare(c.Channel, name)
		})
		if !found {
			s.Deliveries = slices.Insert(s.Deliveries, i, channelDeliveries{Channel: d.Channel})
		}
		s.Deliveries[i].add(d)
	}
}

func (c *channelDeliveries) add(d store.Delivery) {
	switch d.Status {
	case store.DeliverySent:
		c.Sent++
		return
	case store.DeliveryFailed:
		c.Failed++
	default:
		c.Pending++
	}
	if d.Answer != "" && !d.Tried.Before(c.Answered) {
		c.Answer, c.Answered = d.Answer, d.Tried
	}
}
