package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	store "nanomon/services/common/store/mongo"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// resource contains the fields of a resource in a Bicep file that the tests check. Expressions are in the parser's
// representation.
type resource struct {
	Type   string
	Config struct {
		Name       string
		Properties struct {
			Configuration struct {
				Ingress struct {
					TargetPort    int
					CustomDomains any
				}
			}
			Template struct{ Containers []container }
			Resource struct {
				Indexes []struct {
					Key struct{ Keys []string }
				}
			}
		}
	}
}

type container struct {
	Name, Image string
	Probes      []struct {
		Type    string
		HTTPGet struct {
			Path string
			Port int
		}
	}
}

// parse reads main.bicep with the parser in .tools, which `just test-azure` installs.
func parse(t *testing.T) map[string]resource {
	t.Helper()
	const program = `import json, pycep, sys; json.dump(pycep.BicepParser().parse(text=sys.stdin.read()), sys.stdout, default=str)`
	command := exec.CommandContext(t.Context(), filepath.Join(servicetest.Root(), ".tools/azure/bin/python"), "-c", program)
	command.Stdin = strings.NewReader(read(t, "deploy", "azure", "main.bicep"))
	var stderr strings.Builder
	command.Stderr = &stderr
	parsed, err := command.Output()
	if err != nil {
		t.Fatalf("main.bicep: %v: %s", err, stderr.String())
	}
	var file struct{ Resources map[string]resource }
	if err := json.Unmarshal(parsed, &file); err != nil {
		t.Fatal(err)
	}
	return file.Resources
}

func TestProbesMatchServices(t *testing.T) {
	resources := parse(t)
	for service, want := range map[string]struct {
		port   int
		probes []string
	}{
		"api":      {8000, []string{"Startup /api/", "Liveness /api/", "Readiness /api/health"}},
		"frontend": {8001, []string{"Liveness /"}},
		"runner":   {0, nil},
	} {
		properties := resources[service].Config.Properties
		if len(properties.Template.Containers) != 1 {
			t.Fatalf("%s has the containers %+v", service, properties.Template.Containers)
		}
		c := properties.Template.Containers[0]
		if c.Name != service || !strings.Contains(c.Image, "/"+service+":") || properties.Configuration.Ingress.TargetPort != want.port {
			t.Errorf("%s: container %s with image %s and port %d", service, c.Name, c.Image, properties.Configuration.Ingress.TargetPort)
		}
		var probes []string
		for _, probe := range c.Probes {
			probes = append(probes, probe.Type+" "+probe.HTTPGet.Path)
			if probe.HTTPGet.Port != want.port {
				t.Errorf("%s: probe %s uses port %d", service, probe.Type, probe.HTTPGet.Port)
			}
		}
		if diff := cmp.Diff(want.probes, probes); diff != "" {
			t.Errorf("probes of %s:\n%s", service, diff)
		}
	}
}

// TestHostsOfStatusPagesLeadToAPI checks that only the API has the host names of status pages.
func TestHostsOfStatusPagesLeadToAPI(t *testing.T) {
	resources := parse(t)
	for service, want := range map[string]bool{"api": true, "frontend": false} {
		domains := fmt.Sprint(resources[service].Config.Properties.Configuration.Ingress.CustomDomains)
		if got := strings.Contains(domains, "statusPageHosts"); got != want {
			t.Errorf("%s has the host names of status pages: %t, want %t (%s)", service, got, want, domains)
		}
	}
}

// TestTemplateHasIndexesOfResults checks that the template defines the indexes that NanoMon creates, and Cosmos DB's
// index for expiry.
func TestTemplateHasIndexesOfResults(t *testing.T) {
	want := map[string]bool{"_ts": true}
	for _, keys := range indexesOfResults(t) {
		want[strings.Join(keys, " ")] = true
	}
	got := make(map[string]bool)
	for _, index := range parse(t)["results"].Config.Properties.Resource.Indexes {
		got[strings.Join(index.Key.Keys, " ")] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- NanoMon, + main.bicep:\n%s", diff)
	}
}

// indexesOfResults returns the fields of each index that NanoMon creates on results in a new database.
func indexesOfResults(t *testing.T) [][]string {
	t.Helper()
	uri := mongotest.Start(t)
	database := mongotest.Database(t, uri)
	opened, err := store.Open(t.Context(), store.Config{URI: uri, Database: database, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(opened.Close(context.Background()), client.Disconnect(context.Background())); err != nil {
			t.Error(err)
		}
	})
	specifications, err := client.Database(database).Collection("results").Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var indexes [][]string
	for _, specification := range specifications {
		elements, err := specification.KeysDocument.Elements()
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, element := range elements {
			keys = append(keys, element.Key())
		}
		indexes = append(indexes, keys)
	}
	return indexes
}
