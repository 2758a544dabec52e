package server

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// incidentResponse is an incident as the API shows it.
type incidentResponse struct {
	ID              string                 `json:"id"`
	Number          int                    `json:"number,omitempty"`
	MonitorID       string                 `json:"monitor_id"`
	MonitorName     string                 `json:"monitor_name"`
	Group           string                 `json:"group,omitempty"`
	FirstNotOK      time.Time              `json:"firstNotOK"`
	Opened          time.Time              `json:"opened"`
	Resolved        time.Time              `json:"resolved,omitzero"`
	Closed          bool                   `json:"closed,omitempty"`
	Severity        monitor.Status         `json:"severity"`
	FirstMessage    string                 `json:"firstMessage"`
	Message         string                 `json:"message"`
	Dependents      []string               `json:"dependents"`
	Acknowledgement *store.Acknowledgement `json:"acknowledgement,omitempty"`
	Reconstructed   bool                   `json:"reconstructed,omitempty"`
	// DeliverySummary is nil unless the request includes it.
	*DeliverySummary
}

func toIncidentResponse(i store.Incident) incidentResponse {
	return incidentResponse{
		ID: i.ID, Number: i.Number, MonitorID: i.MonitorID, MonitorName: i.MonitorName, Group: i.Group,
		FirstNotOK: i.FirstNotOK, Opened: i.Opened, Resolved: i.Resolved, Closed: i.Closed, Severity: i.Severity,
		FirstMessage: i.FirstMessage, Message: i.Message, Dependents: notNil(i.Dependents),
		Acknowledgement: i.Acknowledgement, Reconstructed: i.Reconstructed,
	}
}

// incidentDetails is an incident with its first not-OK result and its notifications.
type incidentDetails struct {
	incidentResponse
	// FirstResult is empty if the result has expired or was deleted.
	FirstResult   string                 `json:"firstResult,omitempty"`
	Notifications []notificationResponse `json:"notifications"`
}
