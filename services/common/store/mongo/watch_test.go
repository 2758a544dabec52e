package mongo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/mongotest"
)

// patience is how long a test waits for what must come; it is met only by a failure.
const patience = 20 * time.Second

// names lists the names of the monitors that are stored.
func names(t *testing.T, s *Store) []string {
	t.Helper()
	list, err := s.Monitors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.Name
	}
	return names
}

// waitForNames waits for changes and reads the monitors after each, until they have the names of want.
func waitForNames(t *testing.T, changes <-chan struct{}, s *Store, want ...string) {
	t.Helper()
	var last []string
	for deadline := time.After(patience); ; {
		select {
		case _, open := <-changes:
			if !open {
				t.Fatal("the channel closed")
			}
			if last = names(t, s); slices.Equal(last, want) {
				return
			}
		case <-deadline:
			t.Fatalf("the last change that was told led to %q, want %q", last, want)
		}
	}
}

// startWatch watches the monitors.
func startWatch(t *testing.T, s *Store) <-chan struct{} {
	t.Helper()
	changes, err := s.Watch(t.Context(), store.TopicMonitors)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func create(t *testing.T, s *Store, n int, name string) {
	t.Helper()
	if err := s.CreateMonitor(t.Context(), newMonitor(n, name)); err != nil {
		t.Fatal(err)
	}
}

// TestWatchSurvivesCuts cuts the watcher's connections while somebody else changes monitors over others.
func TestWatchSurvivesCuts(t *testing.T) {
	t.Parallel()
	uri := mongotest.StartWatchable(t)
	r, through := startRelay(t, uri)
	database := mongotest.Database(t, uri)
	direct := open(t, Config{URI: uri, Database: database})
	changes := startWatch(t, open(t, Config{URI: through, Database: database}))

	for round := range 20 {
		create(t, direct, round, "a"+strconv.Itoa(round))
		r.cut()
		if err := direct.ReplaceMonitor(t.Context(), newMonitor(round, "b"+strconv.Itoa(round))); err != nil {
			t.Fatal(err)
		}
		r.serve(t)
		if round%2 == 0 {
			waitForNames(t, changes, direct, "b"+strconv.Itoa(round))
		}
		if err := direct.DeleteMonitor(t.Context(), newMonitor(round, "").ID); err != nil {
			t.Fatal(err)
		}
	}
	create(t, direct, 99, "last")
	waitForNames(t, changes, direct, "last")
}

func TestWatchSurvivesADroppedCollection(t *testing.T) {
	t.Parallel()
	uri := mongotest.StartWatchable(t)
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
	changes := startWatch(t, s)
	for range 3 {
		create(t, s, 1, "a")
		waitForNames(t, changes, s, "a")
		if err := s.monitors.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		waitForNames(t, changes, s)
		create(t, s, 2, "b")
		waitForNames(t, changes, s, "b")
		create(t, s, 3, "c")
		waitForNames(t, changes, s, "b", "c")
		if err := s.DeleteMonitors(t.Context()); err != nil {
			t.Fatal(err)
		}
		waitForNames(t, changes, s)
	}
}

// TestWatchSurvivesALostHistory restarts a server that then knows nothing of the past.
func TestWatchSurvivesALostHistory(t *testing.T) {
	t.Parallel()
	server := mongotest.JavaServer(t)
	s := open(t, Config{URI: server.URI + "/?serverSelectionTimeoutMS=300", Database: "x"})
	changes := startWatch(t, s)
	create(t, s, 1, "a")
	waitForNames(t, changes, s, "a")

	server.Kill()
	if _, err := s.Watch(t.Context(), store.TopicMonitors); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("watching a server that is away: error %v, want one that wraps ErrUnavailable", err)
	}
	server.Restart()
	waitForNames(t, changes, s)
	create(t, s, 2, "b")
	waitForNames(t, changes, s, "b")
}

func TestAStreamIsOpenedWithoutATokenThatIsRefused(t *testing.T) {
	t.Parallel()
	uri := mongotest.StartWatchable(t)
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
	token, err := bson.Marshal(bson.D{field("_data", "no token")})
	if err != nil {
		t.Fatal(err)
	}
	stream := &stream{of: s.monitors, token: token}
	if err := stream.open(t.Context()); !refused(err) {
		t.Fatalf("the server says %v to a bad token", err)
	}
	if !stream.reopen(t.Context()) || stream.token != nil {
		t.Errorf("not opened, or with the token %s", stream.token)
	}
	stream.close()
}

func TestWatchRefused(t *testing.T) {
	t.Parallel()
	ferretDB := mongotest.FerretDB(t).URI
	for want, config := range map[string]Config{
		"USE_POLLING is set":                           {URI: server, Polling: true},
		"the server refuses a change stream: (NotImpl": {URI: ferretDB},
	} {
		config.Database = mongotest.Database(t, config.URI)
		s := open(t, config)
		for _, topic := range []store.Topic{store.TopicMonitors, store.TopicResults, store.TopicOnDemandChecks} {
			_, err := s.Watch(t.Context(), topic)
			if !errors.Is(err, store.ErrWatchUnsupported) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want ErrWatchUnsupported with %q", topic, err, want)
			}
		}
	}
}

func TestWatchEndsWithTheStore(t *testing.T) {
	t.Parallel()
	uri := mongotest.StartWatchable(t)
	s, err := Open(t.Context(), Config{URI: uri, Database: mongotest.Database(t, uri), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	changes := startWatch(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	for open := true; open; {
		select {
		case _, open = <-changes:
		case <-ctx.Done():
			t.Fatal("the channel is still open")
		}
	}
}

// TestWatchDoesNotHurry holds the watch to a bounded rate of questions where the server answers at once.
func TestWatchDoesNotHurry(t *testing.T) {
	t.Parallel()
	uri := mongotest.StartWatchable(t)
	asked := make(chan time.Time, 1000)
	watching := &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		if e.CommandName == "getMore" && e.Command.Lookup("collection").StringValue() == "monitors" {
			asked <- time.Now()
		}
	}}
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri), monitor: watching})
	startWatch(t, s)
	const questions = 10
	first := <-asked
	for range questions - 1 {
		<-asked
	}
	if took := time.Since(first); took < questions*nextPause/2 {
		t.Errorf("%d questions came in %s", questions, took)
	}
}
