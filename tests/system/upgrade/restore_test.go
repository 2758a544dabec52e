package upgrade

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/tests/support/mongotest"
)

// dumped is a collection in a dump. Its indexes and documents are extended JSON.
type dumped struct{ Indexes, Documents []json.RawMessage }

// restore creates a database from a dump. The database is dropped when the test ends.
func restore(t *testing.T, uri, path string) *mongo.Database {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var collections map[string]dumped
	if err := json.Unmarshal(text, &collections); err != nil {
		t.Fatal(err)
	}
	name := mongotest.Database(t, uri)
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	database := client.Database(name)
	for name, collection := range collections {
		fill(t, database.Collection(name), collection)
	}
	return database
}

// fill creates the indexes and documents of a collection.
func fill(t *testing.T, c *mongo.Collection, d dumped) {
	t.Helper()
	for _, text := range d.Indexes {
		var index struct {
			Key    bson.D
			Unique bool
		}
		if err := bson.UnmarshalExtJSON(text, true, &index); err != nil {
			t.Fatal(err)
		}
		model := mongo.IndexModel{Keys: index.Key}
		if index.Unique {
			model.Options = options.Index().SetUnique(true)
		}
		if _, err := c.Indexes().CreateOne(t.Context(), model); err != nil {
			t.Fatalf("create an index of %s: %v", c.Name(), err)
		}
	}
	documents := make([]bson.D, len(d.Documents))
	for i, text := range d.Documents {
		if err := bson.UnmarshalExtJSON(text, true, &documents[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(documents) == 0 {
		return
	}
	if _, err := c.InsertMany(t.Context(), documents); err != nil {
		t.Fatalf("insert the documents of %s: %v", c.Name(), err)
	}
}
