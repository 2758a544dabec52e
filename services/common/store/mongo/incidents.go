package mongo

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// incidentDoc is a document of the collection incidents.
type incidentDoc struct {
	ID          string    `bson:"_id"`
	MonitorID   string    `bson:"monitor_id"`
	MonitorName string    `bson:"monitor_name"`
	Group       string    `bson:"group"`
	Number      int       `bson:"number"`
	FirstNotOK  time.Time `bson:"first_not_ok"`
	// Date is the date of the opening.
	Date time.Time `bson:"date"`
	// Open is false once Resolved is set.
	Open            bool                `bson:"open"`
	Resolved        time.Time           `bson:"resolved,omitempty"`
	Closed          bool                `bson:"closed"`
	Severity        monitor.Status      `bson:"severity"`
	FirstMessage    string              `bson:"first_message"`
	Message         string              `bson:"message"`
	Dependents      []string            `bson:"dependents,omitempty"`
	Acknowledgement *acknowledgementDoc `bson:"acknowledged,omitempty"`
	Reconstructed   bool                `bson:"reconstructed,omitempty"`
}

type acknowledgementDoc struct {
	By   string    `bson:"by"`
	Note string    `bson:"note"`
	Date time.Time `bson:"date"`
}

func (d incidentDoc) incident() store.Incident {
	i := store.Incident{
		ID: d.ID, MonitorID: d.MonitorID, MonitorName: d.MonitorName, Group: d.Group, Number: d.Number,
		FirstNotOK: d.FirstNotOK.UTC(), Opened: d.Date.UTC(), Resolved: d.Resolved.UTC(), Closed: d.Closed,
		Severity: d.Severity, FirstMessage: d.FirstMessage, Message: d.Message, Dependents: d.Dependents,
		Reconstructed: d.Reconstructed,
	}
	if a := d.Acknowledgement; a != nil {
		i.Acknowledgement = &store.Acknowledgement{By: a.By, Note: a.Note, Date: a.Date.UTC()}
	}
	return i
}

// incidentMerge is an update that merges an incident with its document.
type incidentMerge struct {
	id     string
	update bson.D
}

func (m incidentMerge) key() any { return m.id }

// newIncidentMerge returns the update that stores an incident or merges it. Updates can be applied again and in any order:
// the result is the same.
func newIncidentMerge(i store.Incident) (incidentMerge, error) {
	if _, err := toID("monitor id of an incident", i.MonitorID); err != nil {
		return incidentMerge{}, err
	}
	first := bson.D{
		field("monitor_id", strings.ToLower(i.MonitorID)), field("monitor_name", i.MonitorName), field("group", i.Group),
		field("number", i.Number), field("first_not_ok", i.FirstNotOK), field("date", i.Opened),
		field("first_message", i.FirstMessage),
	}
	if len(i.Dependents) > 0 {
		first = append(first, field("dependents", i.Dependents))
	}
	if a := i.Acknowledgement; a != nil {
		first = append(first, field("acknowledged", acknowledgementDoc(*a)))
	}
	if i.Reconstructed {
		first = append(first, field("reconstructed", true))
	}
	set := bson.D{}
	setOrFirst := func(changes bool, name string, value any) {
		if changes {
			set = append(set, field(name, value))
		} else {
			first = append(first, field(name, value))
		}
	}
	ended := !i.Resolved.IsZero()
	setOrFirst(ended, "open", !ended)
	setOrFirst(i.Closed, "closed", i.Closed)
	setOrFirst(i.Message != "", "message", i.Message)
	update := bson.D{field("$setOnInsert", first), field("$max", bson.D{field("severity", int(i.Severity))})}
	if len(set) > 0 {
		update = append(update, field("$set", set))
	}
	if ended {
		update = append(update, field("$min", bson.D{field("resolved", i.Resolved)}))
	}
	return incidentMerge{i.ID, update}, nil
}

// MergeIncidents stores incidents or merges them with the stored ones.
func (s *Store) MergeIncidents(ctx context.Context, incidents []store.Incident) (err error) {
	defer s.end(ctx, time.Now(), "merge incidents", &err)
	merges, err := convertAll(incidents, newIncidentMerge)
	if err != nil || len(merges) == 0 {
		return err
	}
	models := make([]driver.WriteModel, len(merges))
	for n, m := range inKeyOrder(merges) {
		models[n] = driver.NewUpdateOneModel().SetFilter(byID(m.id)).SetUpdate(m.update).SetUpsert(true)
	}
	return bulkUpsert(ctx, s.incidents, models)
}

// AcknowledgeIncident stores the acknowledgement of an open incident that has none, and returns the incident.
func (s *Store) AcknowledgeIncident(ctx context.Context, id string, a store.Acknowledgement) (_ store.Incident, err error) {
	defer s.end(ctx, time.Now(), "acknowledge incident", &err)
	open := append(byID(id), field("open", true), field("acknowledged", nil))
	set := bson.D{field("$set", bson.D{field("acknowledged", acknowledgementDoc(a))})}
	if _, err := s.incidents.UpdateOne(ctx, open, set); err != nil {
		return store.Incident{}, err
	}
	return s.incident(ctx, id)
}

// Incident returns one incident.
func (s *Store) Incident(ctx context.Context, id string) (_ store.Incident, err error) {
	defer s.end(ctx, time.Now(), "get incident", &err)
	return s.incident(ctx, id)
}

func (s *Store) incident(ctx context.Context, id string) (store.Incident, error) {
	var doc incidentDoc
	err := s.incidents.FindOne(ctx, byID(id)).Decode(&doc)
	if err != nil {
		return store.Incident{}, err
	}
	return doc.incident(), nil
}

// IncidentsByID returns the incidents with the given ids.
func (s *Store) IncidentsByID(ctx context.Context, ids []string) (_ []store.Incident, err error) {
	defer s.end(ctx, time.Now(), "list incidents", &err)
	if len(ids) == 0 {
		return []store.Incident{}, nil
	}
	return find(ctx, s.incidents, byID(among(ids)), incidentDoc.incident)
}

// OpenIncidents returns the open incidents of the given monitors, or of all monitors.
func (s *Store) OpenIncidents(ctx context.Context, monitorIDs []string) (_ []store.Incident, err error) {
	defer s.end(ctx, time.Now(), "list incidents", &err)
	filter, index := bson.D{field("open", true)}, newestFirst("open")
	if monitorIDs != nil {
		if len(monitorIDs) == 0 {
			return []store.Incident{}, nil
		}
		filter = append(filter, field("monitor_id", among(monitorIDs)))
	}
	return findBy(ctx, s.incidents, index, filter, incidentDoc.incident, options.Find())
}

// CountOpenIncidents returns the number of open incidents. The index contains all that it reads.
func (s *Store) CountOpenIncidents(ctx context.Context) (_ int, err error) {
	defer s.end(ctx, time.Now(), "count incidents", &err)
	opts := options.Find().SetProjection(bson.D{field("_id", 1)})
	ids, err := findBy(ctx, s.incidents, newestFirst("open"), bson.D{field("open", true)}, idDoc[string].id, opts)
	return len(ids), err
}

// Incidents returns the incidents that f selects, newest first.
func (s *Store) Incidents(ctx context.Context, f store.IncidentFilter) (_ []store.Incident, err error) {
	defer s.end(ctx, time.Now(), "list incidents", &err)
	if f.Limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	filter, index := incidentFilter(f)
	opts := options.Find().SetSort(newestFirst()).SetLimit(int64(f.Limit))
	return findBy(ctx, s.incidents, index, filter, incidentDoc.incident, opts)
}

// incidentFilter returns the filter for the incidents that f selects, and the index for it.
func incidentFilter(f store.IncidentFilter) (filter, index bson.D) {
	filter, index = bson.D{}, newestFirst()
	if f.Severity != monitor.StatusOK {
		filter, index = append(filter, field("severity", int(f.Severity))), newestFirst("severity")
	}
	if f.Group != nil {
		filter, index = append(filter, field("group", *f.Group)), newestFirst("group")
	}
	if f.MonitorID != "" {
		filter, index = append(filter, field("monitor_id", strings.ToLower(f.MonitorID))), newestFirst("monitor_id")
	}
	if f.Open != nil {
		filter = append(filter, field("open", *f.Open))
		if *f.Open {
			index = newestFirst("open") // There are few: each monitor has at most one.
		}
	}
	if !f.From.IsZero() {
		filter = append(filter, field("date", bson.D{field("$gte", monitor.CeilDate(f.From))}))
	}
	var older bson.A
	if !f.To.IsZero() {
		older = append(older, bson.D{field("date", bson.D{field("$lt", monitor.CeilDate(f.To))})})
	}
	if f.Before != nil {
		older = append(older, bson.D{field("$or", bson.A{
			bson.D{field("date", bson.D{field("$lt", f.Before.Date)})},
			bson.D{field("date", f.Before.Date), field("_id", bson.D{field("$lt", f.Before.ID)})},
		})})
	}
	if len(older) > 0 {
		filter = append(filter, field("$and", older))
	}
	return filter, index
}

// incidentHistoryKey is the key of the document in meta with the position of the reconstruction of past incidents.
const incidentHistoryKey = "incidents"

type incidentHistoryDoc struct {
	Key      string `bson:"_id"`
	Position string `bson:"position"`
}

func (d incidentHistoryDoc) key() any { return d.Key }

// IncidentHistory returns the position of the reconstruction of past incidents.
func (s *Store) IncidentHistory(ctx context.Context) (_ string, err error) {
	defer s.end(ctx, time.Now(), "get position of incident history", &err)
	var doc incidentHistoryDoc
	err = s.meta.FindOne(ctx, byID(incidentHistoryKey)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return "", nil
	}
	return doc.Position, err
}

// PutIncidentHistory stores the position of the reconstruction of past incidents.
func (s *Store) PutIncidentHistory(ctx context.Context, position string) (err error) {
	defer s.end(ctx, time.Now(), "put position of incident history", &err)
	return upsert(ctx, s.meta, incidentHistoryDoc{incidentHistoryKey, position})
}
