package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// maxIncidentNotifications is the maximum number of notifications in the response for one incident.
const maxIncidentNotifications = 1000

// incidentID is the form of the id of an incident: the id of its monitor and its number, or the start of a
// reconstructed incident that has no number.
var incidentID = regexp.MustCompile(`^[0-9a-f]{24}-[0-9a-z]{1,20}$`)

// incidentStore is the part of the store for incidents.
type incidentStore interface {
	monitorLister
	monitorGetter
	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
	Incident(ctx context.Context, id string) (store.Incident, error)
	Incidents(ctx context.Context, f store.IncidentFilter) ([]store.Incident, error)
	AcknowledgeIncident(ctx context.Context, id string, a store.Acknowledgement) (store.Incident, error)
	NotificationsOf(ctx context.Context, incidentIDs []string, limit int) ([]store.Notification, error)
	AddNotifications(ctx context.Context, ns []store.Notification) (existing []string, err error)
}

// incidentHandler serves incidents.
type incidentHandler struct {
	store   incidentStore
	secrets secret.Properties
}

func newIncidentHandler(s incidentStore, secrets secret.Properties) *incidentHandler {
	return &incidentHandler{store: s, secrets: secrets}
}

func (h *incidentHandler) mount(to routes) {
	to.reading.Get("/api/incidents", handle(h.list))
	to.reading.Get("/api/incidents/{id}", handle(h.get))
	to.protected.Post("/api/incidents/{id}/acknowledge", handle(h.acknowledge))
}

func (h *incidentHandler) list(w http.ResponseWriter, r *http.Request) error {
	filter, err := incidentFilter(r.URL.Query())
	if err != nil {
		return err
	}
	included, err := includeDeliveries(r.URL.Query())
	if err != nil {
		return err
	}
	size := filter.Limit
	filter.Limit++ // one more, to see if there is a next page
	incidents, err := h.store.Incidents(r.Context(), filter)
	if err != nil {
		return err
	}
	incidents = cutPage(w, r, incidents, size, func(i store.Incident) store.Cursor { return store.Cursor{Date: i.Opened, ID: i.ID} })
	if err := h.mask(r.Context(), incidents); err != nil {
		return err
	}
	var summaries map[string]*DeliverySummary
	if included {
		if summaries, err = h.summarizeDeliveries(r.Context(), incidents); err != nil {
			return err
		}
	}
	response := make([]incidentResponse, len(incidents))
	for n, i := range incidents {
		response[n] = toIncidentResponse(i)
		response[n].DeliverySummary = summaries[i.ID]
	}
	return web.JSON(w, http.StatusOK, response)
}

// incidentFilter parses the parameters of a list of incidents. The error names the invalid parameter.
func incidentFilter(query url.Values) (store.IncidentFilter, error) {
	var f store.IncidentFilter
	var err error
	if f.Limit, err = pageSize(query); err != nil {
		return f, err
	}
	if f.From, f.To, err = periodParameters(query); err != nil {
		return f, err
	}
	if f.Open, err = flagParameter(query, "open"); err != nil {
		return f, err
	}
	if query.Has("monitor") {
		if f.MonitorID = query.Get("monitor"); !monitor.ValidID(f.MonitorID) {
			return f, errMonitorParameter
		}
	}
	if query.Has("group") {
		group := query.Get("group")
		f.Group = &group
	}
	switch severity := query.Get("severity"); {
	case severity == "1":
		f.Severity = monitor.StatusError
	case severity == "2":
		f.Severity = monitor.StatusFailed
	case query.Has("severity"):
		return f, monitor.Invalidf("severity must be 1 (error) or 2 (failed)")
	}
	if query.Has("cursor") {
		f.Before, err = parseCursor(query.Get("cursor"), incidentID.MatchString)
	}
	return f, err
}

// flagParameter parses a parameter that is true or false; nil if it is absent.
func flagParameter(query url.Values, name string) (*bool, error) {
	value := query.Get(name)
	if !query.Has(name) {
		return nil, nil
	}
	if value != "true" && value != "false" {
		return nil, monitor.Invalidf("%s must be true or false", name)
	}
	flag := value == "true"
	return &flag, nil
}

func (h *incidentHandler) get(w http.ResponseWriter, r *http.Request) error {
	id, err := incidentPathID(r)
	if err != nil {
		return err
	}
	i, err := h.store.Incident(r.Context(), id)
	if err != nil {
		return unknownIncident(id, err)
	}
	return h.sendDetails(w, r, i)
}

// sendDetails sends an incident with its first not-OK result and its notifications, oldest first.
func (h *incidentHandler) sendDetails(w http.ResponseWriter, r *http.Request, i store.Incident) error {
	first, err := h.store.Results(r.Context(), store.ResultFilter{
		MonitorID: i.MonitorID, From: i.FirstNotOK, To: i.FirstNotOK.Add(time.Millisecond), Limit: 1,
	})
	if err != nil {
		return err
	}
	notifications, err := h.store.NotificationsOf(r.Context(), []string{i.ID}, maxIncidentNotifications)
	if err != nil {
		return err
	}
	slices.SortFunc(notifications, func(a, b store.Notification) int {
		return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.ID, b.ID))
	})
	if mustMask(r.Context()) {
		if err := maskNotifications(r.Context(), h.store, h.secrets, notifications); err != nil {
			return err
		}
	}
	incidents := []store.Incident{i}
	if err := h.mask(r.Context(), incidents); err != nil {
		return err
	}
	details := incidentDetails{incidentResponse: toIncidentResponse(incidents[0]), Notifications: []notificationResponse{}}
	if len(first) > 0 {
		details.FirstResult = first[0].ID
	}
	for _, n := range notifications {
		details.Notifications = append(details.Notifications, toNotificationResponse(n))
	}
	return web.JSON(w, http.StatusOK, details)
}

// mask masks secrets in the messages and notes of incidents if the sender of the request must not see them.
func (h *incidentHandler) mask(ctx context.Context, incidents []store.Incident) error {
	if !mustMask(ctx) {
		return nil
	}
	var results []monitor.Result
	var texts []*string
	add := func(monitorID string, text *string) {
		results, texts = append(results, monitor.Result{MonitorID: monitorID, Message: *text}), append(texts, text)
	}
	for n := range incidents {
		i := &incidents[n]
		add(i.MonitorID, &i.FirstMessage)
		add(i.MonitorID, &i.Message)
		if i.Acknowledgement != nil {
			add(i.MonitorID, &i.Acknowledgement.Note)
		}
	}
	masked, err := maskResults(ctx, h.store, h.secrets, results)
	for n, r := range masked {
		*texts[n] = r.Message
	}
	return err
}

// incidentPathID returns the id in the path, in lower case.
func incidentPathID(r *http.Request) (string, error) {
	id := strings.ToLower(chi.URLParam(r, "id"))
	if !incidentID.MatchString(id) {
		return "", monitor.Invalidf("invalid id %.50q: the id of an incident is that of its monitor, a hyphen and its number", id)
	}
	return id, nil
}

// unknownIncident converts a not-found error to a problem that names the incident.
func unknownIncident(id string, err error) error {
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no incident with the id %s", id)
	}
	return err
}
