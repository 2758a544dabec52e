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
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// patience is the maximum time to wait for an expected event. Only a failing test waits that long.
const patience = 20 * time.Second

// startWatchable returns the URI of a server with change streams. It skips the test if the server of all tests has none.
func startWatchable(t *testing.T) string {
	t.Helper()
	uri := mongotest.StartWatchable(t)
	needChangeStreams(t, uri)
	return uri
}

// needChangeStreams skips the test if the server has no change streams.
func needChangeStreams(t *testing.T, uri string) {
	t.Helper()
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
	streams, err := openStreams(t.Context(), []*driver.Collection{s.monitors})
	if isRejection(err) {
		t.Skipf("%s needs change streams: %v", t.Name(), err)
	}
	if err != nil {
		t.Fatal(err)
	}
	streams[0].close()
}

// TestServerWithoutChangeStreams checks that a test is skipped, by its name, on a server without change streams.
func TestServerWithoutChangeStreams(t *testing.T) {
	t.Parallel()
	uri := mongotest.FerretDB(t).URI
	t.Run("skipped", func(t *testing.T) {
		needChangeStreams(t, uri)
		t.Error("the test is not skipped")
	})
}

// names returns the names of the stored monitors.
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

// waitForNames reads the monitors after each change until they have the wanted names.
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
			t.Fatalf("after the last reported change the monitors are %q, want %q", last, want)
		}
	}
}

// startWatch starts to watch the monitors.
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

// TestWatchReconnects closes the connections of the watcher several times while monitors are changed over another
// connection.
func TestWatchReconnects(t *testing.T) {
	t.Parallel()
	uri := startWatchable(t)
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
		r.resume()
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

func TestWatchDroppedCollection(t *testing.T) {
	t.Parallel()
	uri := startWatchable(t)
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

// TestWatchAfterLostHistory restarts a server that loses its data and its history of changes.
func TestWatchAfterLostHistory(t *testing.T) {
	t.Parallel()
	server := mongotest.JavaServer(t)
	s := open(t, Config{URI: server.URI + "/?serverSelectionTimeoutMS=300", Database: "x"})
	changes := startWatch(t, s)
	create(t, s, 1, "a")
	waitForNames(t, changes, s, "a")

	server.Kill()
	if _, err := s.Watch(t.Context(), store.TopicMonitors); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("watch while the server is unavailable: error %v, want one that wraps ErrUnavailable", err)
	}
	server.Restart()
	waitForNames(t, changes, s)
	create(t, s, 2, "b")
	waitForNames(t, changes, s, "b")
}

func TestReopenStreamWithoutRejectedToken(t *testing.T) {
	t.Parallel()
	uri := startWatchable(t)
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
	token, err := bson.Marshal(bson.D{field("_data", "no token")})
	if err != nil {
		t.Fatal(err)
	}
	stream := &changeStream{collection: s.monitors, token: token}
	if err := stream.open(t.Context()); !isRejection(err) {
		t.Fatalf("open with an invalid token: error %v, want a rejection", err)
	}
	if !stream.reopen(t.Context()) || stream.token != nil {
		t.Errorf("the stream was not opened, or with the token %s", stream.token)
	}
	stream.close()
}

func TestWatchUnsupported(t *testing.T) {
	t.Parallel()
	ferretDB := mongotest.FerretDB(t).URI
	for want, config := range map[string]Config{
		"USE_POLLING is set":                          {URI: server, Polling: true},
		"the server rejects change streams: (NotImpl": {URI: ferretDB},
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

func TestWatchEndsWhenStoreCloses(t *testing.T) {
	t.Parallel()
	uri := startWatchable(t)
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

// TestWatchLimitsRequests checks that the rate of requests is limited if the server answers each of them at once.
func TestWatchLimitsRequests(t *testing.T) {
	t.Parallel()
	uri := startWatchable(t)
	requested := make(chan time.Time, 1000)
	watching := &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		if e.CommandName == "getMore" && e.Command.Lookup("collection").StringValue() == "monitors" {
			requested <- time.Now()
		}
	}}
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri), monitor: watching})
	startWatch(t, s)
	const requests = 10
	first := <-requested
	for range requests - 1 {
		<-requested
	}
	if took := time.Since(first); took < requests*minPollInterval/2 {
		t.Errorf("%d requests came in %s", requests, took)
	}
}

// TestWatchWhileEngineIsUnavailable answers the requests of change streams with an unknown error for a while.
func TestWatchWhileEngineIsUnavailable(t *testing.T) {
	t.Parallel()
	uri := startWatchable(t)
	s, r := openThrough(t, uri, mongotest.Database(t, uri))
	r.answers.set(failWith(1, "aggregate"))
	if _, err := s.Watch(t.Context(), store.TopicMonitors); !errors.Is(err, store.ErrWatchUnsupported) {
		t.Errorf("error %v, want ErrWatchUnsupported", err)
	}
	r.answers.set(nil)
	changes := startWatch(t, s)

	// While requests for events fail, the stream is opened again at growing intervals.
	failed := make(chan time.Time, 100)
	r.answers.set(func(name string, command bson.Raw) bson.D {
		if name == "getMore" && command.Lookup("collection").StringValue() == "monitors" {
			failed <- time.Now()
		}
		return failWith(1, "getMore")(name, command)
	})
	const failures = 6
	first := <-failed
	for range failures - 1 {
		<-failed
	}
	if took, least := time.Since(first), 16*minRetryPause; took < least {
		t.Errorf("the stream failed %d times in %s, want at least %s", failures, took, least)
	}
	r.answers.set(nil)
	create(t, s, 1, "a")
	waitForNames(t, changes, s, "a")
}
