package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// alertStateDoc is a document of the collection alert_states; its _id is the monitor's. The state is JSON.
type alertStateDoc struct {
	ID    bson.ObjectID `bson:"_id"`
	Seen  time.Time     `bson:"seen"`
	State string        `bson:"state"`
}

// alertDoc is a document of the collection alerts. What never changes of it is JSON.
type alertDoc struct {
	ID string `bson:"_id"`
	// MonitorID is empty for a test.
	MonitorID  string     `bson:"monitor_id"`
	Date       time.Time  `bson:"date"`
	Owed       string     `bson:"owed"`
	Next       *time.Time `bson:"next,omitempty"`
	Attempts   int        `bson:"attempts"`
	Deliveries string     `bson:"deliveries"`
}

// alertClaimDoc gives an attempt at sending a message to a runner.
type alertClaimDoc struct {
	Key     string    `bson:"_id"`
	Runner  string    `bson:"runner"`
	Claimed time.Time `bson:"claimed"`
}

// AlertStates lists those of the given monitors that were ever written.
func (s *Store) AlertStates(ctx context.Context, monitorIDs []string) (_ []store.AlertState, err error) {
	defer s.end(ctx, time.Now(), "list alert states", &err)
	docs, err := find(ctx, s.alertStates, byID(among(validIDs(monitorIDs))), func(d alertStateDoc) alertStateDoc { return d })
	if err != nil {
		return nil, err
	}
	return convertAll(docs, func(d alertStateDoc) (state store.AlertState, err error) {
		return state, json.Unmarshal([]byte(d.State), &state)
	})
}

// PutAlertStates stores each state that is newer than what is there.
func (s *Store) PutAlertStates(ctx context.Context, states []store.AlertState) (err error) {
	defer s.end(ctx, time.Now(), "put alert states", &err)
	docs, err := convertAll(states, func(state store.AlertState) (alertStateDoc, error) {
		id, err := toID("monitor id of an alert state", state.MonitorID)
		if err != nil {
			return alertStateDoc{}, err
		}
		text, err := json.Marshal(state)
		return alertStateDoc{ID: id, Seen: state.Seen, State: string(text)}, err
	})
	if err != nil {
		return err
	}
	return putNewer(ctx, s, s.alertStates, docs, func(d alertStateDoc) bson.D {
		return bson.D{field("_id", d.ID), field("seen", bson.D{field("$lt", d.Seen)})}
	})
}

// AddAlerts stores messages. Those whose id is there already are left as they are, and returned.
func (s *Store) AddAlerts(ctx context.Context, as []store.Alert) (known []string, err error) {
	defer s.end(ctx, time.Now(), "add alerts", &err)
	docs, err := convertAll(as, toAlertDoc)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	_, err = s.alerts.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	if !onlyDuplicates(err) {
		return nil, err
	}
	var bulk driver.BulkWriteException
	if errors.As(err, &bulk) {
		for _, refused := range bulk.WriteErrors {
			known = append(known, as[refused.Index].ID)
		}
	}
	return known, nil
}

func toAlertDoc(a store.Alert) (alertDoc, error) {
	doc, err := fateOf(a)
	if err != nil {
		return doc, err
	}
	doc.ID, doc.MonitorID, doc.Date = a.ID, a.MonitorID, a.Date
	a.Next, a.Attempts, a.Deliveries = time.Time{}, 0, nil
	owed, err := json.Marshal(a)
	doc.Owed = string(owed)
	return doc, err
}

// fateOf is what changes of a message.
func fateOf(a store.Alert) (alertDoc, error) {
	doc := alertDoc{Attempts: a.Attempts}
	if !a.Next.IsZero() {
		doc.Next = &a.Next
	}
	deliveries, err := json.Marshal(a.Deliveries)
	doc.Deliveries = string(deliveries)
	return doc, err
}

func (d alertDoc) alert() (a store.Alert, err error) {
	if err := json.Unmarshal([]byte(d.Owed), &a); err != nil {
		return a, err
	}
	a.Attempts = d.Attempts
	if d.Next != nil {
		a.Next = d.Next.UTC()
	}
	return a, json.Unmarshal([]byte(d.Deliveries), &a.Deliveries)
}

func (s *Store) listAlerts(ctx context.Context, filter bson.D, opts ...options.Lister[options.FindOptions]) ([]store.Alert, error) {
	docs, err := find(ctx, s.alerts, filter, func(d alertDoc) alertDoc { return d }, opts...)
	if err != nil {
		return nil, err
	}
	return convertAll(docs, alertDoc.alert)
}

// DueAlerts lists messages whose Next has come at now, the longest overdue first.
func (s *Store) DueAlerts(ctx context.Context, now time.Time, limit int) (_ []store.Alert, err error) {
	defer s.end(ctx, time.Now(), "list due alerts", &err)
	opts := options.Find().SetSort(bson.D{field("next", 1), field("_id", 1)}).SetLimit(int64(limit))
	return s.listAlerts(ctx, bson.D{field("next", bson.D{field("$lte", now)})}, opts)
}

// Alert is the message with the id.
func (s *Store) Alert(ctx context.Context, id string) (_ store.Alert, err error) {
	defer s.end(ctx, time.Now(), "get alert", &err)
	var doc alertDoc
	if err := s.alerts.FindOne(ctx, byID(id)).Decode(&doc); err != nil {
		return store.Alert{}, err
	}
	return doc.alert()
}

// Alerts lists what f selects, newest first.
func (s *Store) Alerts(ctx context.Context, f store.AlertFilter) (_ []store.Alert, err error) {
	defer s.end(ctx, time.Now(), "list alerts", &err)
	if f.Limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	filter := bson.D{}
	if f.MonitorID != "" {
		filter = append(filter, field("monitor_id", strings.ToLower(f.MonitorID)))
	}
	if f.Before != nil {
		filter = append(filter, field("$or", bson.A{
			bson.D{field("date", bson.D{field("$lt", f.Before.Date)})},
			bson.D{field("date", f.Before.Date), field("_id", bson.D{field("$lt", f.Before.ID)})},
		}))
	}
	opts := options.Find().SetSort(bson.D{field("date", -1), field("_id", -1)}).SetLimit(int64(f.Limit))
	return s.listAlerts(ctx, filter, opts)
}

// ClaimAlert gives one attempt at sending a message to a runner. Whose claim is inserted has it.
func (s *Store) ClaimAlert(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error) {
	defer s.end(ctx, time.Now(), "claim alert", &err)
	key := fmt.Sprintf("%s/%d", id, attempt)
	_, err = s.alertClaims.InsertOne(ctx, alertClaimDoc{Key: key, Runner: runner, Claimed: now})
	if !driver.IsDuplicateKeyError(err) {
		return err == nil, monitor.Date(now), err
	}
	var first alertClaimDoc
	err = s.alertClaims.FindOne(ctx, byID(key)).Decode(&first)
	return false, first.Claimed.UTC(), err
}

// PutFate stores Next, Attempts and Deliveries of a message.
func (s *Store) PutFate(ctx context.Context, a store.Alert) (err error) {
	defer s.end(ctx, time.Now(), "put the fate of alert", &err)
	fate, err := fateOf(a)
	if err != nil {
		return err
	}
	change := bson.D{field("$set", bson.D{field("attempts", fate.Attempts), field("deliveries", fate.Deliveries)})}
	if fate.Next == nil {
		change = append(change, field("$unset", bson.D{field("next", "")}))
	} else {
		change[0].Value = append(change[0].Value.(bson.D), field("next", *fate.Next))
	}
	updated, err := s.alerts.UpdateOne(ctx, byID(a.ID), change)
	if err == nil && updated.MatchedCount == 0 {
		err = monitor.ErrNotFound
	}
	return err
}
