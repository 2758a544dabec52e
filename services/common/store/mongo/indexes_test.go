package mongo

import (
	"bytes"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/tests/support/mongotest"
)

// lines is a writer that passes the lines of a log to a function.
type lines func(line string)

func (f lines) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}

// TestIndexProgress opens a database whose server creates an index slowly, until the log shows the progress.
func TestIndexProgress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		progress bson.D
		want     string
	}{
		"with progress": {bson.D{field("ok", 1), field("cursor", bson.D{field("id", int64(0)), field("ns", "admin.$cmd"), field("firstBatch", bson.A{
			bson.D{field("progress", bson.D{field("done", 30), field("total", int64(120))})},
		})})}, "progress=25%"},
		"without": {bson.D{field("ok", 0), field("code", 13), field("errmsg", "not authorized")}, "progress=unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, through := startRelay(t, server)
			database := mongotest.Database(t, server)
			logged, text := make(chan struct{}), ""
			shown := sync.OnceFunc(func() { close(logged) })
			r.answers.set(func(name string, command bson.Raw) bson.D {
				switch name {
				case "createIndexes":
					if bytes.Contains(command, []byte("status")) {
						select {
						case <-logged:
						case <-time.After(patience):
						}
					}
				case "aggregate":
					return c.progress
				}
				return nil
			})
			log := slog.New(slog.NewTextHandler(lines(func(line string) { text = line; shown() }), nil))
			open(t, Config{URI: through, Database: database, Log: log})
			for _, want := range []string{`msg="creating an index"`, "collection=results", `index="status, date, _id"`, c.want} {
				if !strings.Contains(text, want) {
					t.Errorf("the log line %q does not contain %q", text, want)
				}
			}
		})
	}
}

// TestStartupProbesOutlastIndexes checks that Kubernetes does not restart a program that creates indexes, even if it has
// waited for the server before.
func TestStartupProbesOutlastIndexes(t *testing.T) {
	const serverWait = 5 * time.Minute // MONGO_TIMEOUT in the plain manifests
	probe := regexp.MustCompile(`(?s)startupProbe:.*?periodSeconds: (\d+).*?failureThreshold: (\d+)`)
	for _, name := range []string{
		"kubernetes/basic/5-api.yaml", "kubernetes/basic/6-runner.yaml",
		"helm/nanomon/templates/api.yaml", "helm/nanomon/templates/runner.yaml",
	} {
		text, err := os.ReadFile("../../../../deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		found := probe.FindSubmatch(text)
		if found == nil {
			t.Errorf("%s has no start-up probe", name)
			continue
		}
		period, _ := strconv.Atoi(string(found[1]))
		failures, _ := strconv.Atoi(string(found[2]))
		if allowed := time.Duration(period*failures) * time.Second; allowed < serverWait+indexTimeout {
			t.Errorf("%s allows %s for the start, want at least %s", name, allowed, serverWait+indexTimeout)
		}
	}
}
