package mongo

import (
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// loadBalancer answers hello as a server behind a load balancer that accepts repeated writes. Such a server executes
// them again.
func loadBalancer(name string, _ bson.Raw) bson.D {
	if name != "hello" {
		return nil
	}
	return bson.D{
		field("ok", 1), field("isWritablePrimary", true), field("msg", "isdbgrid"), field("serviceId", bson.NewObjectID()),
		field("minWireVersion", 0), field("maxWireVersion", 17), field("logicalSessionTimeoutMinutes", 30),
		field("maxBsonObjectSize", 16<<20), field("maxMessageSizeBytes", 48_000_000), field("maxWriteBatchSize", 100_000),
	}
}

// TestLostAnswers loses the answer to each insert. The driver sends the insert again, which fails because the document
// exists. It is our own.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	r := newRelay(t, server, nil)
	r.answers.set(loadBalancer)
	s := open(t, Config{URI: balancedURI(t, server, r.address, "primary"), Database: mongotest.Database(t, server)})
	ctx, now := t.Context(), monitor.Date(time.Now())
	m, key := newMonitor(1, "a"), store.Key{ID: newMonitor(2, "").ID, Name: "a", Hash: sha256.Sum256([]byte("a")), Created: now}
	m.Properties = map[string]string{"timeout": "1s", "network": "ip4", "a": "b"}
	request := store.OnDemandCheck{ID: newMonitor(3, "").ID, Requested: now, Expires: now.Add(time.Hour), Definition: &m}
	window := maintenance.Window{ID: newMonitor(4, "").ID, Name: "a"}
	won := func(won bool, err error) error {
		if err == nil && !won {
			t.Error("the claim was lost")
		}
		return err
	}
	for _, step := range []struct {
		collection string
		insert     func() error
	}{
		{"monitors", func() error { return s.CreateMonitor(ctx, m) }},
		{"keys", func() error { return s.CreateKey(ctx, key) }},
		{"maintenance", func() error { return s.CreateMaintenanceWindow(ctx, window) }},
		{"checks", func() error { return s.AddOnDemandChecks(ctx, request) }},
		{"check_claims", func() error { return won(s.ClaimOnDemandCheck(ctx, request.ID, "runner", time.Now())) }},
		{"alert_claims", func() error {
			first, _, err := s.ClaimNotification(ctx, "n", 1, "runner", now)
			return won(first, err)
		}},
		{"import_chunks", func() error { _, err := s.putChunks(ctx, bson.NewObjectID(), []monitorDoc{{}}); return err }},
		{"appends", func() error { return s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{newResult(1)}}) }},
	} {
		var once sync.Once
		lost := false
		r.answers.set(func(name string, command bson.Raw) bson.D {
			if name == "insert" && command.Lookup(name).StringValue() == step.collection {
				once.Do(func() { lost = true; r.answers.lost.Store(1) })
			}
			return loadBalancer(name, command)
		})
		if err := step.insert(); err != nil || !lost {
			t.Errorf("%s: error %v, an answer was lost: %t", step.collection, err, lost)
		}
	}
	if entries, err := findIDs[int64](ctx, s.appends, bson.D{}, 0); err != nil || len(entries) != 1 {
		t.Errorf("entries %v of the append log, error %v; want one", entries, err)
	}
}
