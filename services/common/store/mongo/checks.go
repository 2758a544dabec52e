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

// checkDoc is a request. The definition is JSON.
type checkDoc struct {
	ID         string    `bson:"_id"`
	Requested  time.Time `bson:"asked"`
	Expires    time.Time `bson:"expires"`
	Definition string    `bson:"definition,omitempty"`
	MonitorID  string    `bson:"monitor_id"`
}

// claimDoc gives the request of its id to a runner.
type claimDoc struct {
	ID      string    `bson:"_id"`
	Runner  string    `bson:"runner"`
	Expires time.Time `bson:"expires"`
}

// answerDoc answers the request of its id. The result is JSON.
type answerDoc struct {
	ID      string    `bson:"_id"`
	Result  string    `bson:"result"`
	Expires time.Time `bson:"expires"`
}

// AddOnDemandCheck stores a request.
func (s *Store) AddOnDemandCheck(ctx context.Context, r store.OnDemandCheck) (err error) {
	defer s.end(ctx, time.Now(), "ask for a check", &err)
	doc := checkDoc{ID: r.ID, Requested: r.Requested, Expires: r.Expires, MonitorID: r.MonitorID}
	if r.Definition != nil {
		definition, err := json.Marshal(r.Definition)
		if err != nil {
			return err
		}
		doc.Definition = string(definition)
	}
	_, err = s.checks.InsertOne(ctx, doc)
	return err
}

func (d checkDoc) request() (store.OnDemandCheck, error) {
	r := store.OnDemandCheck{ID: d.ID, Requested: d.Requested.UTC(), Expires: d.Expires.UTC(), MonitorID: d.MonitorID}
	if d.Definition == "" {
		return r, nil
	}
	r.Definition = new(monitor.Monitor)
	return r, json.Unmarshal([]byte(d.Definition), r.Definition)
}

// PendingOnDemandChecks lists the requests that are neither claimed nor expired at now, oldest first.
func (s *Store) PendingOnDemandChecks(ctx context.Context, now time.Time) (_ []store.OnDemandCheck, err error) {
	defer s.end(ctx, time.Now(), "list pending checks", &err)
	live := bson.D{field("expires", bson.D{field("$gt", now)})}
	docs, err := find(ctx, s.checks, live, func(d checkDoc) checkDoc { return d })
	if err != nil || len(docs) == 0 {
		return []store.OnDemandCheck{}, err
	}
	claimed, err := findIDs[string](ctx, s.checkClaims, bson.D{}, 0)
	if err != nil {
		return nil, err
	}
	docs = slices.DeleteFunc(docs, func(d checkDoc) bool { return slices.Contains(claimed, d.ID) })
	slices.SortFunc(docs, func(a, b checkDoc) int { return cmp.Or(a.Requested.Compare(b.Requested), cmp.Compare(a.ID, b.ID)) })
	return convertAll(docs, checkDoc.request)
}

// ClaimOnDemandCheck gives a request to a runner. Whose claim is inserted has it.
func (s *Store) ClaimOnDemandCheck(ctx context.Context, id, runner string) (_ bool, err error) {
	defer s.end(ctx, time.Now(), "claim check", &err)
	var doc checkDoc
	err = s.checks.FindOne(ctx, byID(id)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return false, nil
	}
	if err != nil || !doc.Expires.After(time.Now()) {
		return false, err
	}
	_, err = s.checkClaims.InsertOne(ctx, claimDoc{ID: id, Runner: runner, Expires: doc.Expires})
	if driver.IsDuplicateKeyError(err) {
		return false, nil
	}
	return err == nil, err
}

// CompleteOnDemandCheck stores the result of a claimed request and removes the request's definition.
func (s *Store) CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) (err error) {
	defer s.end(ctx, time.Now(), "answer check", &err)
	var doc checkDoc
	if err := s.checks.FindOne(ctx, byID(id)).Decode(&doc); err != nil {
		return err
	}
	result, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := upsertOne(ctx, s.checkAnswers, id, answerDoc{ID: id, Result: string(result), Expires: doc.Expires}); err != nil {
		return err
	}
	doc.Definition = ""
	_, err = s.checks.ReplaceOne(ctx, byID(id), doc)
	return err
}

// OnDemandResult is the result of a request; false while there is none.
func (s *Store) OnDemandResult(ctx context.Context, id string) (r monitor.Result, there bool, err error) {
	defer s.end(ctx, time.Now(), "get the answer to a check", &err)
	var doc answerDoc
	err = s.checkAnswers.FindOne(ctx, byID(id)).Decode(&doc)
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

// DeleteOnDemandCheck removes a request and all that belongs to it.
func (s *Store) DeleteOnDemandCheck(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "drop check", &err)
	for _, c := range []*driver.Collection{s.checks, s.checkClaims, s.checkAnswers} {
		if _, err := c.DeleteOne(ctx, byID(id)); err != nil {
			return err
		}
	}
	return nil
}
