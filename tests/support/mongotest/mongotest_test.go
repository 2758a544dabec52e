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

func TestServerStopsWhenTestEnds(t *testing.T) {
	t.Setenv("NANOMON_TEST_MONGO_URI", "")
	var uri string
	t.Run("use", func(t *testing.T) {
		uri = Start(t)
		err := withClient(t.Context(), uri, func(c *mongo.Client) error {
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

func TestServerOfEnvironmentIsPreferred(t *testing.T) {
	t.Setenv("NANOMON_TEST_MONGO_URI", "mongodb://somewhere")
	if uri := Start(t); uri != "mongodb://somewhere" {
		t.Errorf("URI %q, want the one in NANOMON_TEST_MONGO_URI", uri)
	}
}

func TestMissingStandInNamesBuildScript(t *testing.T) {
	t.Setenv("NANOMON_TEST_MONGO_URI", "")
	t.Setenv("PATH", "")
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "justfile"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	for script, standIn := range map[string]func(string) (newCommand, error){
		"scripts/build-ferretdb.sh":  ferretDB,
		"scripts/build-mongojava.sh": javaServer,
	} {
		if _, _, err := launch(standIn); err == nil || !strings.Contains(err.Error(), script) {
			t.Errorf("error %v does not name %s", err, script)
		}
	}
}

func TestServerRestartsOnSameAddress(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *Server{"FerretDB": FerretDB, "mongo-java-server": JavaServer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			address := s.Address()
			insert := func() {
				err := withClient(t.Context(), s.URI, func(c *mongo.Client) error {
					_, err := c.Database("d").Collection("c").InsertOne(t.Context(), bson.D{})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
			insert()
			s.Kill()
			s.Kill()
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
				t.Errorf("something still listens on %s", address)
			}
			s.Restart()
			if s.Address() != address {
				t.Errorf("it listens on %s, want %s", s.Address(), address)
			}
			insert()
			want := map[string]int64{"FerretDB": 2, "mongo-java-server": 1}[name]
			err := withClient(t.Context(), s.URI, func(c *mongo.Client) error {
				n, err := c.Database("d").Collection("c").CountDocuments(t.Context(), bson.D{})
				if n != want {
					t.Errorf("%d documents after the restart, want %d", n, want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
