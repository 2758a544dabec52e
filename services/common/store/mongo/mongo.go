// Package mongo stores NanoMon's data in MongoDB or a compatible server. It relies only on atomic writes of one
// document, on unique _ids, and on unique indexes for the hashes of API keys, for ping URLs, and for the slugs and hosts of
// status pages.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/store"
)

const (
	// selectionTimeout is the maximum time that an operation waits for a server that can't be reached.
	selectionTimeout = 3 * time.Second
	// operationTimeout limits an operation on a server that is connected but does not answer. A deadline of the caller
	// replaces it.
	operationTimeout = 10 * time.Second
)

// Config configures a [Store].
type Config struct {
	// URI is a MongoDB connection string. It may contain a password.
	URI string
	// Database is the name of the database.
	Database string
	// Timeout is the maximum time that [Open] waits for the server.
	Timeout time.Duration
	// Polling makes Watch return [store.ErrWatchUnsupported].
	Polling bool
	// Log receives lines if [Open] has to wait for the server or for an index, and if waiting pings are deleted; it may be
	// nil.
	Log *slog.Logger
	// Observe is called after every operation; it may be nil.
	Observe store.Observe

	// monitor receives the commands that the driver sends; only tests set it.
	monitor *event.CommandMonitor
}

// Store is a [store.Store] in a MongoDB database.
type Store struct {
	client *driver.Client

	monitors, results, states, statusChanges, rollups, dirtyHours *driver.Collection
	appends, imports, importChunks, bulkPlans                     *driver.Collection
	onDemandChecks, onDemandClaims, onDemandResults               *driver.Collection
	incidentStates, notifications, notificationClaims             *driver.Collection
	incidents, silences                                           *driver.Collection
	pings, pushStates, pingURLs, receivingPeriods                 *driver.Collection
	maintenance, keys, runners, meta, deletedMonitors             *driver.Collection
	statusPages, statusMessages                                   *driver.Collection

	// writeLock serializes writes of states, of the append log, and of single monitors, maintenance windows and status
	// pages in this process. That avoids retries, and conflicts on servers whose compare-and-set is not atomic.
	writeLock chan struct{}
	polling   bool
	observe   store.Observe
	surplus   store.SurplusLog
	damage    store.DamageLog
}

var _ store.Store = (*Store)(nil)

// Open connects to the database, creates missing indexes and finishes an interrupted import or bulk change. If the server does not
// answer within c.Timeout, the error wraps [monitor.ErrUnavailable] and names the hosts. No error contains a password.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	waiting, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	opts, err := c.waitForOptions(waiting)
	if err != nil {
		return nil, err
	}
	client, err := driver.Connect(opts.SetMonitor(countCommands(c.monitor)))
	if err != nil {
		return nil, fmt.Errorf("create a MongoDB client: %w", err)
	}
	s := newStore(client, client.Database(c.Database))
	s.polling, s.observe, s.surplus.Log, s.damage.Log = c.Polling, c.Observe, c.Log, c.Log
	err = c.waitFor(waiting, strings.Join(opts.Hosts, ", "), s.read)
	if err == nil {
		err = s.prepare(ctx, c.Log)
	}
	if err != nil {
		client.Disconnect(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

func newStore(client *driver.Client, db *driver.Database) *Store {
	return &Store{
		client:             client,
		monitors:           db.Collection("monitors"),
		results:            db.Collection("results"),
		states:             db.Collection("states"),
		statusChanges:      db.Collection("transitions"),
		rollups:            db.Collection("rollups"),
		dirtyHours:         db.Collection("dirty_hours"),
		maintenance:        db.Collection("maintenance"),
		statusPages:        db.Collection("status_pages"),
		statusMessages:     db.Collection("status_messages"),
		keys:               db.Collection("keys"),
		appends:            db.Collection("appends"),
		imports:            db.Collection("imports"),
		importChunks:       db.Collection("import_chunks"),
		bulkPlans:          db.Collection("bulk_plans"),
		onDemandChecks:     db.Collection("checks"),
		onDemandClaims:     db.Collection("check_claims"),
		onDemandResults:    db.Collection("check_answers"),
		runners:            db.Collection("runners"),
		meta:               db.Collection("meta"),
		deletedMonitors:    db.Collection("deleted_monitors"),
		incidentStates:     db.Collection("alert_states"),
		notifications:      db.Collection("alerts"),
		notificationClaims: db.Collection("alert_claims"),
		incidents:          db.Collection("incidents"),
		silences:           db.Collection("silences"),
		pings:              db.Collection("pings"),
		pushStates:         db.Collection("push_states"),
		pingURLs:           db.Collection("ping_urls"),
		receivingPeriods:   db.Collection("receiving_periods"),
		writeLock:          make(chan struct{}, 1),
	}
}

// prepare creates missing indexes and finishes an interrupted import or bulk change.
func (s *Store) prepare(ctx context.Context, log *slog.Logger) error {
	if err := s.createIndexes(ctx, log); err != nil {
		return err
	}
	return s.finishPlans(ctx)
}

// Close waits for running operations and closes the connections. It interrupts operations that still run when ctx ends.
func (s *Store) Close(ctx context.Context) (err error) {
	defer explain(ctx, "close the connection to MongoDB", &err)
	return s.client.Disconnect(ctx)
}

// Ping returns an error if the server can't read. It reads a document, because some servers answer the command ping
// while their database engine is unavailable.
func (s *Store) Ping(ctx context.Context) (err error) {
	defer s.end(ctx, time.Now(), "ping", &err)
	return s.read(ctx)
}

// read reads the id of one monitor, if there is any.
func (s *Store) read(ctx context.Context) error {
	_, err := findIDs[any](ctx, s.monitors, bson.D{}, 1)
	return err
}

// commandNotFound is the server's code for a command that it does not know.
const commandNotFound = 59

// Now returns the time of the server that answers, zero if it does not report its time.
func (s *Store) Now(ctx context.Context) (_ time.Time, err error) {
	defer s.end(ctx, time.Now(), "get the time", &err)
	var answer struct {
		LocalTime time.Time `bson:"localTime"`
	}
	err = s.client.Database("admin").RunCommand(ctx, bson.D{field("hello", 1)}).Decode(&answer)
	if command := (driver.CommandError{}); errors.As(err, &command) && command.Code == commandNotFound {
		return time.Time{}, nil
	}
	return answer.LocalTime.UTC(), err
}
