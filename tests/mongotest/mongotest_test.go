package mongotest

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestServerEndsWithItsTest(t *testing.T) {
	t.Setenv("NANOMON_TEST_MONGO_URI", "")
	var uri string
	t.Run("use", func(t *testing.T) {
		uri = Start(t)
		err := with(t.Context(), uri, func(c *mongo.Client) error {
			_, err := c.Database(Database(t, uri)).Collection("c").InsertOne(t.Context(), bson.D{})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	address := options.Client().ApplyURI(uri).Hosts[0]
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Errorf("something still listens on %s", address)
	}
}

func TestServerOfTheEnvironmentGoesFirst(t *testing.T) {
	t.Setenv("NANOMON_TEST_MONGO_URI", "mongodb://somewhere")
	if uri := Start(t); uri != "mongodb://somewhere" {
		t.Errorf("URI %q, want that of the environment", uri)
	}
}

func TestNoServerSaysWhatToDo(t *testing.T) {
	t.Setenv("NANOMON_TEST_MONGO_URI", "")
	t.Setenv("PATH", "")
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	if _, _, err := Launch(); err == nil || !strings.Contains(err.Error(), "scripts/build-ferretdb.sh") {
		t.Errorf("error %v, want one that names scripts/build-ferretdb.sh", err)
	}
}
