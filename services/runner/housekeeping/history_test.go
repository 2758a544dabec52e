package housekeeping

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/common/store/mongo"
	"nanomon/services/runner/health"
	"nanomon/tests/support/mongotest"
)

// original is a database as the original NanoMon leaves it: its results have integer values, and there is nothing else.
type original struct {
	t        *testing.T
	store    *mongo.Store
	monitor  bson.ObjectID
	now      time.Time
	log      bytes.Buffer
	expected map[time.Time][3]int // by the start of the hour
}

// newOriginal fills a database with a result each day of the last 70 days, every tenth of which is failed.
func newOriginal(t *testing.T, uri string) *original {
	t.Helper()
	name := mongotest.Database(t, uri)
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	must(t, err)
	defer client.Disconnect(t.Context())
	o := &original{t: t, monitor: bson.NewObjectID(), now: time.Now().UTC(), expected: make(map[time.Time][3]int)}
	var docs []any
	for i := range 70 {
		date, status := o.now.Add(-time.Hour-time.Duration(i)*24*time.Hour).Truncate(time.Millisecond), 0
		if i%10 == 0 {
			status = 2
		}
		docs = append(docs, bson.D{
			{Key: "date", Value: date}, {Key: "status", Value: int32(status)}, {Key: "value", Value: int32(i)},
			{Key: "message", Value: ""}, {Key: "monitor_id", Value: o.monitor}, {Key: "monitor_name", Value: "shop"},
			{Key: "monitor_target", Value: "http://localhost"}, {Key: "outputs", Value: nil},
		})
		counts := o.expected[date.Truncate(time.Hour)]
		counts[status]++
		o.expected[date.Truncate(time.Hour)] = counts
	}
	_, err = client.Database(name).Collection("results").InsertMany(t.Context(), docs)
	must(t, err)
	o.store, err = mongo.Open(t.Context(), mongo.Config{URI: uri, Database: name, Timeout: 20 * time.Second})
	must(t, err)
	t.Cleanup(func() { o.store.Close(context.WithoutCancel(t.Context())) })
	return o
}

func (o *original) housekeeper(s Store) *Housekeeper {
	keep := store.Retention{Results: 30 * 24 * time.Hour, Rollups: 400 * 24 * time.Hour}
	log := slog.New(slog.NewTextHandler(&o.log, nil))
	return New(Config{Retention: keep, Now: time.Now, Health: health.New(log, nil)}, s, log)
}

// wantRollups checks that the rollups of the period contain all results.
func (o *original) wantRollups(p store.Period, want map[time.Time][3]int) {
	o.t.Helper()
	list, err := o.store.Rollups(o.t.Context(), o.monitor.Hex(), p, o.now.AddDate(-1, 0, 0), o.now.Add(time.Hour))
	must(o.t, err)
	if len(list) != len(want) {
		o.t.Errorf("%d rollups of the period %s, want %d", len(list), p, len(want))
	}
	for _, r := range list {
		summary, err := rollup.Decode(r.Summary)
		if err != nil || summary.Counts != want[r.Start] {
			o.t.Errorf("%s from %s: %+v, %v, want %v", p, r.Start, summary, err, want[r.Start])
		}
	}
}

func (o *original) results() int {
	o.t.Helper()
	list, err := o.store.Results(o.t.Context(), store.ResultFilter{MonitorID: o.monitor.Hex(), Limit: 1000})
	must(o.t, err)
	return len(list)
}

// interruptedStore is a store that fails after some writes, as for a runner that is killed.
type interruptedStore struct {
	Store
	writes int
}

func (s *interruptedStore) PutRollups(ctx context.Context, rs []store.Rollup) error {
	if s.writes--; s.writes < 0 {
		return monitor.ErrUnavailable
	}
	return s.Store.PutRollups(ctx, rs)
}

func TestHistoryOfTheOriginalIsRolledUpBeforeItExpires(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		o := newOriginal(t, uri)
		all := o.results()
		interrupted := o.housekeeper(&interruptedStore{Store: o.store, writes: 1})
		if err := interrupted.rollUpHistory(t.Context()); err == nil {
			t.Fatal("no error of an interrupted run")
		}
		must(t, interrupted.expire(t.Context(), time.Now()))
		if n := o.results(); n != all {
			t.Errorf("%d of %d results are left before the rollups are complete", n, all)
		}

		h := o.housekeeper(o.store)
		must(t, h.computeRollups(t.Context()))
		must(t, h.rollUpHistory(t.Context()))
		days := make(map[time.Time][3]int)
		for hour, counts := range o.expected {
			day := days[hour.Truncate(24*time.Hour)]
			for status, n := range counts {
				day[status] += n
			}
			days[hour.Truncate(24*time.Hour)] = day
		}
		o.wantRollups(store.Hour, o.expected)
		o.wantRollups(store.Day, days)

		must(t, h.expire(t.Context(), time.Now()))
		if n := o.results(); n != 30 {
			t.Errorf("%d results are left, want %d", n, 30)
		}
		must(t, o.housekeeper(o.store).rollUpHistory(t.Context())) // the next start changes nothing
		o.wantRollups(store.Hour, o.expected)
		o.wantRollups(store.Day, days)
		for text, times := range map[string]int{
			"found results without rollups": 2, "results older than RESULT_RETENTION": 2,
			"deleted expired results\" results=40": 1, "deleted expired results": 1,
		} {
			if n := strings.Count(o.log.String(), text); n != times {
				t.Errorf("the log contains %q %d times, want %d:\n%s", text, n, times, &o.log)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
