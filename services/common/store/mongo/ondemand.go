package mongo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// onDemandCheckDoc is a document of the collection checks: a request. Definition is JSON.
type onDemandCheckDoc struct {
	ID         string    `bson:"_id"`
	Requested  time.Time `bson:"asked"`
	Expires    time.Time `bson:"expires"`
	Definition string    `bson:"definition,omitempty"`
	MonitorID  string    `bson:"monitor_id"`
}

// onDemandClaimDoc is a document of the collection check_claims. It assigns the request with its id to a runner.
type onDemandClaimDoc struct {
	ID      string    `bson:"_id"`
	Runner  string    `bson:"runner"`
	Expires time.Time `bson:"expires"`
}

// onDemandResultDoc is a document of the collection check_answers: the result of the request with its id, as JSON.
type onDemandResultDoc struct {
	ID      string    `bson:"_id"`
	Result  string    `bson:"result"`
	Expires time.Time `bson:"expires"`
}

func (d onDemandCheckDoc) key() any { return d.ID }

func (d onDemandClaimDoc) key() any { return d.ID }

func (d onDemandResultDoc) key() any { return d.ID }

// AddOnDemandChecks stores requests.
func (s *Store) AddOnDemandChecks(ctx context.Context, rs ...store.OnDemandCheck) (err error) {
	defer s.end(ctx, time.Now(), "add checks", &err)
	docs, err := convertAll(rs, toOnDemandCheckDoc)
	if err != nil {
		return err
	}
	_, err = insertNew(ctx, s.onDemandChecks, docs)
	return err
}

func toOnDemandCheckDoc(r store.OnDemandCheck) (onDemandCheckDoc, error) {
	doc := onDemandCheckDoc{ID: r.ID, Requested: r.Requested, Expires: r.Expires, MonitorID: r.MonitorID}
	if r.Definition == nil {
		return doc, nil
	}
	definition, err := json.Marshal(r.Definition)
	doc.Definition = string(definition)
	return doc, err
}

func (d onDemandCheckDoc) request() (store.OnDemandCheck, error) {
	r := store.OnDemandCheck{ID: d.ID, Requested: d.Requested.UTC(), Expires: d.Expires.UTC(), MonitorID: d.MonitorID}
	if d.Definition == "" {
		return r, nil
	}
	r.Definition = new(monitor.Monitor)
	return r, json.Unmarshal([]byte(d.Definition), r.Definition)
}

// PendingOnDemandChecks returns the unclaimed requests, oldest first.
func (s *Store) PendingOnDemandChecks(ctx context.Context, now time.Time) (_ []store.OnDemandCheck, err error) {
	defer s.end(ctx, time.Now(), "list pending checks", &err)
	unexpired := bson.D{field("expires", bson.D{field("$gt", now)})}
	docs, err := find(ctx, s.onDemandChecks, unexpired, func(d onDemandCheckDoc) onDemandCheckDoc { return d })
	if err != nil || len(docs) == 0 {
		return []store.OnDemandCheck{}, err
	}
	claimed, err := findIDs[string](ctx, s.onDemandClaims, bson.D{}, 0)
	if err != nil {
		return nil, err
	}
	docs = slices.DeleteFunc(docs, func(d onDemandCheckDoc) bool { return slices.Contains(claimed, d.ID) })
	slices.SortFunc(docs, func(a, b onDemandCheckDoc) int {
		return cmp.Or(a.Requested.Compare(b.Requested), cmp.Compare(a.ID, b.ID))
	})
	return convertAll(docs, onDemandCheckDoc.request)
}

// ClaimOnDemandCheck assigns a request to a runner. The first inserted claim wins.
func (s *Store) ClaimOnDemandCheck(ctx context.Context, id, runner string, now time.Time) (_ bool, err error) {
	defer s.end(ctx, time.Now(), "claim check", &err)
	var doc onDemandCheckDoc
	err = s.onDemandChecks.FindOne(ctx, byID(id)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return false, nil
	}
	if err != nil || !doc.Expires.After(now) {
		return false, err
	}
	err = insertOne(ctx, s.onDemandClaims, onDemandClaimDoc{ID: id, Runner: runner, Expires: doc.Expires})
	if driver.IsDuplicateKeyError(err) {
		return false, nil
	}
	return err == nil, err
}

// CompleteOnDemandCheck stores the result of a claimed request.
func (s *Store) CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) (err error) {
	defer s.end(ctx, time.Now(), "complete check", &err)
	var doc onDemandCheckDoc
	if err := s.onDemandChecks.FindOne(ctx, byID(id)).Decode(&doc); err != nil {
		return err
	}
	result, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := upsert(ctx, s.onDemandResults, onDemandResultDoc{ID: id, Result: string(result), Expires: doc.Expires}); err != nil {
		return err
	}
	doc.Definition = ""
	_, err = s.onDemandChecks.ReplaceOne(ctx, byID(id), doc)
	return err
}

// OnDemandResult returns the result of a request.
func (s *Store) OnDemandResult(ctx context.Context, id string) (r monitor.Result, found bool, err error) {
	defer s.end(ctx, time.Now(), "get check result", &err)
	var doc onDemandResultDoc
	err = s.onDemandResults.FindOne(ctx, byID(id)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	if err := json.Unmarshal([]byte(doc.Result), &r); err != nil {
		return r, false, err
	}
	if r.Outputs == nil {
		r.Outputs = map[string]any{}
	}
	return r, true, nil
}

// DeleteOnDemandCheck deletes a request, its claim and its result.
func (s *Store) DeleteOnDemandCheck(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "delete check", &err)
	for _, c := range []*driver.Collection{s.onDemandChecks, s.onDemandClaims, s.onDemandResults} {
		if _, err := c.DeleteOne(ctx, byID(id)); err != nil {
			return err
		}
	}
	return nil
}
