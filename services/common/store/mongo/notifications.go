package mongo

import (
	"context"
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

// notificationClaimDoc is a document of the collection alert_claims. It assigns one attempt to send a notification to a
// runner. Its key is notification/attempt.
type notificationClaimDoc struct {
	Key     string    `bson:"_id"`
	Runner  string    `bson:"runner"`
	Claimed time.Time `bson:"claimed"`
}

func (d notificationClaimDoc) key() any { return d.Key }

// IncidentStates returns the stored incident states of the given monitors.
func (s *Store) IncidentStates(ctx context.Context, monitorIDs []string) (_ []store.IncidentState, err error) {
	defer s.end(ctx, time.Now(), "list incident states", &err)
	docs, err := find(ctx, s.incidentStates, byID(among(validIDs(monitorIDs))), func(d incidentStateDoc) incidentStateDoc { return d })
	if err != nil {
		return nil, err
	}
	return convertAll(docs, incidentStateDoc.incidentState)
}

// PutIncidentStates stores each state that is newer than the stored one.
func (s *Store) PutIncidentStates(ctx context.Context, states []store.IncidentState) (err error) {
	defer s.end(ctx, time.Now(), "put incident states", &err)
	docs, err := convertAll(states, toIncidentStateDoc)
	if err != nil {
		return err
	}
	return putNewer(ctx, s, s.incidentStates, docs, func(d incidentStateDoc) bson.D {
		return bson.D{field("_id", d.ID), field("seen", bson.D{field("$lt", d.Number)})}
	})
}

// AddNotifications stores new notifications. It returns the ids that exist already.
func (s *Store) AddNotifications(ctx context.Context, ns []store.Notification) (existing []string, err error) {
	defer s.end(ctx, time.Now(), "add notifications", &err)
	docs, err := convertAll(ns, toNotificationDoc)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	docs = inKeyOrder(docs)
	_, err = s.notifications.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	if !onlyDuplicates(err) {
		return nil, err
	}
	var bulk driver.BulkWriteException
	if errors.As(err, &bulk) {
		for _, duplicate := range bulk.WriteErrors {
			existing = append(existing, docs[duplicate.Index].ID)
		}
	}
	return existing, nil
}

func (s *Store) listNotifications(ctx context.Context, filter, index bson.D, opts *options.FindOptionsBuilder) ([]store.Notification, error) {
	docs, err := findBy(ctx, s.notifications, index, filter, func(d notificationDoc) notificationDoc { return d }, opts)
	if err != nil {
		return nil, err
	}
	return convertAll(docs, notificationDoc.notification)
}

// DueNotifications returns the notifications that are due, ordered by Next.
func (s *Store) DueNotifications(ctx context.Context, now time.Time, limit int) (_ []store.Notification, err error) {
	defer s.end(ctx, time.Now(), "list due notifications", &err)
	index := bson.D{field("next", 1), field("_id", 1)}
	opts := options.Find().SetSort(index).SetLimit(int64(limit))
	due := bson.A{
		bson.D{field("next", bson.D{field("$lte", now)})},
		bson.D{field("next", bson.D{field("$gt", now.Add(store.MaxNotificationDelay))})},
	}
	return s.listNotifications(ctx, bson.D{field("$or", due)}, index, opts)
}

// Notification returns one notification.
func (s *Store) Notification(ctx context.Context, id string) (_ store.Notification, err error) {
	defer s.end(ctx, time.Now(), "get notification", &err)
	var doc notificationDoc
	if err := s.notifications.FindOne(ctx, byID(id)).Decode(&doc); err != nil {
		return store.Notification{}, err
	}
	return doc.notification()
}

// Notifications returns the notifications that f selects, newest first.
func (s *Store) Notifications(ctx context.Context, f store.NotificationFilter) (_ []store.Notification, err error) {
	defer s.end(ctx, time.Now(), "list notifications", &err)
	if f.Limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	filter, index := bson.D{}, newestFirst()
	if f.MonitorID != "" {
		index = newestFirst("monitor_id")
		filter = append(filter, field("monitor_id", strings.ToLower(f.MonitorID)))
	}
	if f.Before != nil {
		filter = append(filter, field("$or", bson.A{
			bson.D{field("date", bson.D{field("$lt", f.Before.Date)})},
			bson.D{field("date", f.Before.Date), field("_id", bson.D{field("$lt", f.Before.ID)})},
		}))
	}
	opts := options.Find().SetSort(newestFirst()).SetLimit(int64(f.Limit))
	return s.listNotifications(ctx, filter, index, opts)
}

// NotificationsByID returns the notifications with the given ids.
func (s *Store) NotificationsByID(ctx context.Context, ids []string) (_ []store.Notification, err error) {
	defer s.end(ctx, time.Now(), "list notifications", &err)
	if len(ids) == 0 {
		return []store.Notification{}, nil
	}
	return s.findNotifications(ctx, byID(among(ids)), options.Find())
}

// NotificationsOf returns notifications of the given incidents. The character after the hyphen in ASCII is the dot.
func (s *Store) NotificationsOf(ctx context.Context, incidentIDs []string, limit int) (_ []store.Notification, err error) {
	defer s.end(ctx, time.Now(), "list notifications", &err)
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	ranges := bson.A{}
	for _, id := range incidentIDs {
		ranges = append(ranges, keysBetween(id+"-", id+"."))
	}
	if len(ranges) == 0 {
		return []store.Notification{}, nil
	}
	opts := options.Find().SetLimit(int64(limit))
	return s.findNotifications(ctx, bson.D{field("$or", ranges)}, opts)
}

// findNotifications returns the notifications that filter selects by their ids.
func (s *Store) findNotifications(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]store.Notification, error) {
	docs, err := find(ctx, s.notifications, filter, func(d notificationDoc) notificationDoc { return d }, opts)
	if err != nil {
		return nil, err
	}
	return convertAll(docs, notificationDoc.notification)
}

// ClaimNotification claims one attempt to send a notification. The first inserted claim wins.
func (s *Store) ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error) {
	defer s.end(ctx, time.Now(), "claim notification", &err)
	key := fmt.Sprintf("%s/%d", id, attempt)
	err = insertOne(ctx, s.notificationClaims, notificationClaimDoc{Key: key, Runner: runner, Claimed: now})
	if !driver.IsDuplicateKeyError(err) {
		return err == nil, monitor.Date(now), err
	}
	var first notificationClaimDoc
	err = s.notificationClaims.FindOne(ctx, byID(key)).Decode(&first)
	return false, first.Claimed.UTC(), err
}

// PutDeliveries stores the fields Next, Attempts and Deliveries of a notification.
func (s *Store) PutDeliveries(ctx context.Context, n store.Notification) (err error) {
	defer s.end(ctx, time.Now(), "store deliveries", &err)
	deliveries, err := store.EncodeDeliveries(n.Deliveries)
	if err != nil {
		return err
	}
	set := bson.D{
		field("attempts", n.Attempts), field("deliveries", deliveries), field("recipients", toDeliveryDocs(n.Deliveries)),
	}
	var change bson.D
	if n.Next.IsZero() {
		change = bson.D{field("$set", set), field("$unset", bson.D{field("next", "")})}
	} else {
		change = bson.D{field("$set", append(set, field("next", n.Next)))}
	}
	updated, err := s.notifications.UpdateOne(ctx, byID(n.ID), change)
	if err == nil && updated.MatchedCount == 0 {
		err = monitor.ErrNotFound
	}
	return err
}
