package mongo

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// TestReadsFromPrimary uses a secondary that is far behind, because a client prefers it: all its collections are empty.
func TestReadsFromPrimary(t *testing.T) {
	t.Parallel()
	uri := startWatchable(t)
	r := newRelay(t, uri, nil)
	var reads atomic.Int32
	r.answers.set(func(name string, command bson.Raw) bson.D {
		mode, _ := command.Lookup("$readPreference", "mode").StringValueOK()
		if name == "hello" || mode == "" || mode == "primary" {
			return loadBalancer(name, command)
		}
		reads.Add(1)
		cursor := bson.D{field("id", int64(0)), field("ns", "x.x"), field("firstBatch", bson.A{})}
		return bson.D{field("ok", 1), field("cursor", cursor)}
	})
	s := open(t, Config{URI: balancedURI(t, uri, r.address, "secondaryPreferred"), Database: mongotest.Database(t, uri)})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	defer func() {
		if n := reads.Load(); n > 0 {
			t.Errorf("%d reads came to the secondary", n)
		}
	}()
	changes := startWatch(t, s)
	for n := range 2 {
		if err := s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{newResult(n)}}); err != nil {
			t.Errorf("append: %v", err)
		}
	}
	create(t, s, 1, "a")
	waitForNames(t, changes, s, "a")
}
