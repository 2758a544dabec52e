package mongo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// keyDoc is a document of the collection keys.
type keyDoc struct {
	ID      bson.ObjectID `bson:"_id"`
	Hash    []byte        `bson:"hash"`
	Name    string        `bson:"name"`
	Scope   string        `bson:"scope"`
	Created time.Time     `bson:"created"`
	// Used is the zero time if the key was never used.
	Used time.Time `bson:"used"`
}

func (d keyDoc) key() any { return d.ID }

// storeKey returns the key. A hash of the wrong length becomes the zero hash, which no key has: such a key is never
// accepted, but it can be listed and deleted, and does not affect the others.
func (d keyDoc) storeKey() store.Key {
	k := store.Key{
		ID: d.ID.Hex(), Name: d.Name, Scope: d.Scope, Created: d.Created.UTC(), LastUsed: d.Used.UTC(),
	}
	if len(d.Hash) == sha256.Size {
		k.Hash = [sha256.Size]byte(d.Hash)
	}
	return k
}

// Keys returns all API keys.
func (s *Store) Keys(ctx context.Context) (_ []store.Key, err error) {
	defer s.end(ctx, time.Now(), "list keys", &err)
	list, err := find(ctx, s.keys, bson.D{}, keyDoc.storeKey)
	slices.SortFunc(list, func(a, b store.Key) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// CreateKey stores a new API key.
func (s *Store) CreateKey(ctx context.Context, k store.Key) (err error) {
	defer s.end(ctx, time.Now(), "create key", &err)
	id, err := toID("key id", k.ID)
	if err != nil {
		return err
	}
	doc := keyDoc{ID: id, Hash: k.Hash[:], Name: k.Name, Scope: k.Scope, Created: k.Created, Used: k.LastUsed}
	err = insertOne(ctx, s.keys, doc)
	if driver.IsDuplicateKeyError(err) {
		return monitor.Invalidf("an API key with the id %s or the same hash already exists", k.ID)
	}
	return err
}

// DeleteKey deletes an API key.
func (s *Store) DeleteKey(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "delete key", &err)
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return monitor.ErrNotFound
	}
	deleted, err := s.keys.DeleteOne(ctx, byID(oid))
	if err == nil && deleted.DeletedCount == 0 {
		return monitor.ErrNotFound
	}
	return err
}

// TouchKey sets LastUsed to the given time unless it is later already.
func (s *Store) TouchKey(ctx context.Context, id string, at time.Time) (err error) {
	defer s.end(ctx, time.Now(), "touch key", &err)
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return nil
	}
	earlier := append(byID(oid), field("used", bson.D{field("$lt", at)}))
	_, err = s.keys.UpdateOne(ctx, earlier, bson.D{field("$set", bson.D{field("used", at)})})
	return err
}
