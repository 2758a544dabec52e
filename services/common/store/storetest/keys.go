package storetest

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var keyContracts = []contract{
	{"CreateKey", createKey},
	{"KeysAreOrderedByNameThenID", keysAreOrdered},
	{"KeyNotFound", keyNotFound},
	{"KeyIDAndHashAreUnique", keysAreUnique},
	{"TouchKey", touchKey},
	{"DeleteKey", deleteKey},
}

// newKey returns a key whose id and hash depend on n.
func newKey(n int, name string) store.Key {
	return store.Key{ID: newID(n), Name: name, Scope: store.KeyScopeRead, Created: base, Hash: sha256.Sum256([]byte(newID(n)))}
}

func createKey(ctx context.Context, t *testing.T, s store.Store) {
	never := newKey(2, "'; DROP TABLE keys; -- \u202e🔥 <b> {\"$gt\": \"\"}")
	used := newKey(1, "used")
	used.Scope, used.Created, used.LastUsed = store.KeyScopeAdmin, base.Add(123*time.Millisecond), base.Add(time.Hour)
	for _, k := range []store.Key{never, used} {
		must(t, s.CreateKey(ctx, k))
	}
	list := got(s.Keys(ctx))(t)
	same(t, "list", list, []store.Key{never, used})
	for _, k := range list {
		wantUTC(t, "Created", k.Created)
		wantUTC(t, "LastUsed", k.LastUsed)
	}
}

func keysAreOrdered(ctx context.Context, t *testing.T, s store.Store) {
	list := got(s.Keys(ctx))(t)
	if list == nil || len(list) != 0 {
		t.Fatalf("keys of an empty store: %#v, want an empty slice", list)
	}
	want := []store.Key{newKey(0, "Zebra"), newKey(1, "apple"), newKey(2, "apple"), newKey(3, "apple 2"), newKey(4, "Äpfel")}
	for _, i := range []int{4, 2, 0, 3, 1} {
		must(t, s.CreateKey(ctx, want[i]))
	}
	same(t, "list", got(s.Keys(ctx))(t), want)
}

func keyNotFound(ctx context.Context, t *testing.T, s store.Store) {
	another := newKey(1, "another")
	must(t, s.CreateKey(ctx, another))
	for _, id := range append([]string{newID(2)}, invalidIDs...) {
		wantError(t, "DeleteKey "+id, s.DeleteKey(ctx, id), monitor.ErrNotFound)
		must(t, s.TouchKey(ctx, id, base))
	}
	same(t, "keys at the end", got(s.Keys(ctx))(t), []store.Key{another})
}

func keysAreUnique(ctx context.Context, t *testing.T, s store.Store) {
	first := newKey(1, "first")
	must(t, s.CreateKey(ctx, first))
	sameID, sameHash, invalidID := newKey(2, "same id"), newKey(3, "same hash"), newKey(4, "invalid id")
	sameID.ID, sameHash.Hash, invalidID.ID = first.ID, first.Hash, "no id"
	for _, k := range []store.Key{first, sameID, sameHash, invalidID} {
		wantInvalid(t, "CreateKey, "+k.Name, s.CreateKey(ctx, k))
	}
	same(t, "list", got(s.Keys(ctx))(t), []store.Key{first})
}

func touchKey(ctx context.Context, t *testing.T, s store.Store) {
	k, other := newKey(1, "k"), newKey(2, "other")
	must(t, s.CreateKey(ctx, k))
	must(t, s.CreateKey(ctx, other))
	for _, c := range []struct{ at, want time.Duration }{
		{time.Minute, time.Minute},
		{time.Minute, time.Minute},
		{time.Second, time.Minute}, // earlier than LastUsed
		{time.Hour + time.Millisecond, time.Hour + time.Millisecond},
	} {
		must(t, s.TouchKey(ctx, k.ID, base.Add(c.at)))
		k.LastUsed = base.Add(c.want)
		same(t, "list", got(s.Keys(ctx))(t), []store.Key{k, other})
	}
}

func deleteKey(ctx context.Context, t *testing.T, s store.Store) {
	k, other := newKey(1, "k"), newKey(2, "other")
	must(t, s.CreateKey(ctx, k))
	must(t, s.CreateKey(ctx, other))
	must(t, s.DeleteMonitors(ctx))
	must(t, s.DeleteKey(ctx, k.ID))
	must(t, s.TouchKey(ctx, k.ID, base))
	wantError(t, "deleting a second time", s.DeleteKey(ctx, k.ID), monitor.ErrNotFound)
	same(t, "list", got(s.Keys(ctx))(t), []store.Key{other})
	must(t, s.CreateKey(ctx, k))
}
