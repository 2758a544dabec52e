// Package mongo keeps the store in MongoDB, or in a server that is compatible with it. It relies on
// nothing but the atomic write of one document and the uniqueness of _id; that of an API key's hash is an index's.
package mongo

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/store"
)

const (
	// selectionTimeout is how long an operation waits for a server that is away.
	selectionTimeout = 3 * time.Second
	// operationTimeout bounds an operation on a server that took it and is silent; a caller's
	// deadline goes before it.
	operationTimeout = 10 * time.Second
	// indexTimeout bounds the making of the indexes, which a large database takes long for.
	indexTimeout = 10 * time.Minute
	// retryPause is the time between two attempts to reach the server at the start.
	retryPause = 200 * time.Millisecond
)

// Config says where the store is.
type Config struct {
	// URI is a MongoDB connection string; it may hold a password.
	URI string
	// Database is the name of the database.
	Database string
	// Timeout is how long [Open] waits for the server.
	Timeout time.Duration
	// Polling makes Watch refuse, as if the server could not tell of changes.
	Polling bool
	// Log is told if the server doesn't answer at once; it may be nil.
	Log *slog.Logger
	// Observe is told of every operation; it may be nil.
	Observe store.Observe

	// monitor is told of the commands that are sent; tests use it.
	monitor *event.CommandMonitor
}

// Store is a [store.Store] in a MongoDB database.
type Store struct {
	client *driver.Client

	monitors, results, states, transitions, rollups, dirtyHours *driver.Collection
	appends, imports, importChunks                              *driver.Collection
	checks, checkClaims, checkAnswers, runners, meta            *driver.Collection
	alertStates, alerts, alertClaims, maintenance, keys         *driver.Collection

	// writing is held by whoever writes states or to the log of appends: it spares retries, and
	// within one process makes up for servers whose compare-and-set isn't atomic.
	writing chan struct{}
	polling bool
	observe store.Observe
}

var _ store.Store = (*Store)(nil)

// Open connects to the database, makes the indexes that it lacks and finishes an import that was
// interrupted. It tries for c.Timeout; the error then wraps [monitor.ErrUnavailable] and names the
// hosts. No error shows a password.
func Open(ctx context.Context, c Config) (*Store, error) {
	opts, err := clientOptions(c.URI)
	if err != nil {
		return nil, err
	}
	client, err := driver.Connect(opts.SetMonitor(c.monitor))
	if err != nil {
		return nil, fmt.Errorf("mongodb: %w", err)
	}
	s := newStore(client, client.Database(c.Database))
	s.polling, s.observe = c.Polling, c.Observe
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := s.start(ctx, c.Timeout, opts.Hosts, log); err != nil {
		client.Disconnect(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

func newStore(client *driver.Client, db *driver.Database) *Store {
	return &Store{
		client:       client,
		monitors:     db.Collection("monitors"),
		results:      db.Collection("results"),
		states:       db.Collection("states"),
		transitions:  db.Collection("transitions"),
		rollups:      db.Collection("rollups"),
		dirtyHours:   db.Collection("dirty_hours"),
		maintenance:  db.Collection("maintenance"),
		keys:         db.Collection("keys"),
		appends:      db.Collection("appends"),
		imports:      db.Collection("imports"),
		importChunks: db.Collection("import_chunks"),
		checks:       db.Collection("checks"),
		checkClaims:  db.Collection("check_claims"),
		checkAnswers: db.Collection("check_answers"),
		runners:      db.Collection("runners"),
		meta:         db.Collection("meta"),
		alertStates:  db.Collection("alert_states"),
		alerts:       db.Collection("alerts"),
		alertClaims:  db.Collection("alert_claims"),
		writing:      make(chan struct{}, 1),
	}
}

// start waits for the server and makes the database ready.
func (s *Store) start(ctx context.Context, timeout time.Duration, hosts []string, log *slog.Logger) error {
	if err := s.await(ctx, timeout, log.With("at", strings.Join(hosts, ", "))); err != nil {
		return unreachable(hosts, timeout, err)
	}
	indexing, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	if err := s.makeIndexes(indexing); err != nil {
		return err
	}
	return s.finishImport(ctx)
}

// await pings until the server answers, or refuses for a reason that waiting can't mend.
func (s *Store) await(ctx context.Context, timeout time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for told := false; ; told = true {
		err := s.client.Ping(ctx, nil)
		if err == nil || !isUnavailable(err) {
			return err
		}
		if !told {
			log.Warn("MongoDB does not answer yet: trying again", "for", timeout, "error", lastError(err))
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(retryPause):
		}
	}
}

// makeIndexes makes what is missing. Ordered listings, ranges and expiry run along these; all else
// is found by _id, which holds the natural key.
func (s *Store) makeIndexes(ctx context.Context) (err error) {
	defer explain(ctx, "make the indexes", &err)
	for _, index := range []struct {
		of     *driver.Collection
		keys   bson.D
		unique bool
	}{
		{of: s.results, keys: bson.D{field("monitor_id", 1), field("date", -1), field("_id", -1)}},
		{of: s.results, keys: bson.D{field("date", -1), field("_id", -1)}},
		{of: s.transitions, keys: bson.D{field("date", 1)}},
		{of: s.rollups, keys: bson.D{field("start", 1)}},
		{of: s.dirtyHours, keys: bson.D{field("hour", 1)}},
		{of: s.appends, keys: bson.D{field("date", 1)}},
		{of: s.alerts, keys: bson.D{field("monitor_id", 1), field("date", -1), field("_id", -1)}},
		{of: s.alerts, keys: bson.D{field("date", -1), field("_id", -1)}},
		{of: s.alerts, keys: bson.D{field("next", 1), field("_id", 1)}},
		{of: s.alertClaims, keys: bson.D{field("claimed", 1)}},
		{of: s.keys, keys: bson.D{field("hash", 1)}, unique: true},
	} {
		model := driver.IndexModel{Keys: index.keys}
		if index.unique {
			model.Options = options.Index().SetUnique(true)
		}
		if _, err := index.of.Indexes().CreateOne(ctx, model); err != nil {
			return fmt.Errorf("of %s: %w", index.of.Name(), err)
		}
	}
	return nil
}

// Close ends the connections; running operations are cut off when ctx ends.
func (s *Store) Close(ctx context.Context) (err error) {
	defer explain(ctx, "close the connection to mongodb", &err)
	return s.client.Disconnect(ctx)
}

// Ping reports whether the store answers.
func (s *Store) Ping(ctx context.Context) (err error) {
	defer s.end(ctx, time.Now(), "ping", &err)
	return s.client.Ping(ctx, nil)
}
