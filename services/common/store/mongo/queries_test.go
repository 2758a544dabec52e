package mongo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// query is a command that selects results.
type query struct {
	command      string
	filter, sort bson.D
	// hint is the index that the command names.
	hint bson.D
}

// queriesOf returns the queries of a command on a collection. An insert has none.
func queriesOf(command bson.Raw, collection string) ([]query, error) {
	var c struct {
		Find    string `bson:"find"`
		Insert  string `bson:"insert"`
		Delete  string `bson:"delete"`
		Filter  bson.D `bson:"filter"`
		Sort    bson.D `bson:"sort"`
		Hint    bson.D `bson:"hint"`
		Deletes []struct {
			Q bson.D `bson:"q"`
		} `bson:"deletes"`
	}
	if err := bson.Unmarshal(command, &c); err != nil {
		return nil, err
	}
	switch {
	case c.Find == collection:
		return []query{{"find", c.Filter, c.Sort, c.Hint}}, nil
	case c.Delete == collection:
		queries := make([]query, len(c.Deletes))
		for i, d := range c.Deletes {
			queries[i] = query{command: "delete", filter: d.Q}
		}
		return queries, nil
	case c.Insert == collection:
		return nil, nil
	}
	return nil, fmt.Errorf("this test does not support the command %s", command)
}

// served reports whether an index can select and sort the documents of q. The index need not cover conditions that only
// filter the documents it has selected.
func (q query) served(index bson.D) bool {
	if len(q.filter) == 1 && q.filter[0].Key == "$or" && len(q.sort) == 0 { // Each of the filters uses an index.
		return !slices.ContainsFunc(q.filter[0].Value.(bson.A), func(filter any) bool { return !query{filter: filter.(bson.D)}.served(index) })
	}
	conditions := make(map[string]any)
	for _, e := range q.filter {
		conditions[e.Key] = e.Value
	}
	rest := index
	for len(rest) > 0 && isValue(conditions[rest[0].Key], len(q.sort) == 0) {
		rest = rest[1:]
	}
	if len(q.sort) > 0 {
		return len(q.sort) <= len(rest) && (slices.Equal(q.sort, rest[:len(q.sort)]) || slices.Equal(q.sort, reversed(rest[:len(q.sort)])))
	}
	_, bounded := conditions[index[0].Key]
	return bounded || len(q.filter) == 0
}

// hintProblem returns what is wrong with the index that a sorted query names. A query of some statuses must not read the
// results of other statuses, except those of one monitor.
func (q query) hintProblem(indexes []bson.D) string {
	named := func(name string) func(bson.E) bool { return func(e bson.E) bool { return e.Key == name } }
	ofStatus, ofMonitor := slices.ContainsFunc(q.filter, named("status")), slices.ContainsFunc(q.filter, named("monitor_id"))
	switch {
	case len(q.sort) == 0:
	case !slices.ContainsFunc(indexes, func(index bson.D) bool { return slices.Equal(index, q.hint) }):
		return "it does not exist"
	case !q.served(q.hint):
		return "it does not serve the query"
	case ofStatus && !ofMonitor && q.hint[0].Key != "status":
		return "it does not select the status"
	}
	return ""
}

// isValue reports whether a condition is equality with one value or, if several is true, with one of several.
func isValue(condition any, several bool) bool {
	operators, isDocument := condition.(bson.D)
	if !isDocument {
		return condition != nil
	}
	return several && len(operators) == 1 && operators[0].Key == "$in"
}

func reversed(keys bson.D) bson.D {
	other := make(bson.D, len(keys))
	for i, e := range keys {
		other[i] = field(e.Key, -e.Value.(int32))
	}
	return other
}

func TestServed(t *testing.T) {
	index := bson.D{field("monitor_id", int32(1)), field("date", int32(-1)), field("_id", int32(-1))}
	newest, oldest := index[1:], bson.D{field("date", int32(1))}
	one, several, since := field("monitor_id", 1), field("monitor_id", among([]int{1, 2})), field("date", bson.D{field("$gte", 1)})
	for name, test := range map[string]struct {
		q    query
		want bool
	}{
		"newest of one":       {query{filter: bson.D{one}, sort: newest}, true},
		"oldest of one":       {query{filter: bson.D{since, one}, sort: oldest}, true},
		"newest of several":   {query{filter: bson.D{several}, sort: newest}, false},
		"several":             {query{filter: bson.D{several}}, true},
		"newest of all":       {query{sort: newest}, false},
		"since":               {query{filter: bson.D{since}}, false},
		"by another field":    {query{filter: bson.D{field("status", 1)}}, false},
		"in an order by name": {query{filter: bson.D{one}, sort: bson.D{field("name", int32(1))}}, false},
		"any":                 {query{}, true},
		"any of several":      {query{filter: bson.D{field("$or", bson.A{bson.D{one}, bson.D{one, since}})}}, true},
		"any of all":          {query{filter: bson.D{field("$or", bson.A{bson.D{one}, bson.D{since}})}}, false},
	} {
		if test.q.served(index) != test.want {
			t.Errorf("%s: served %t, want %t", name, !test.want, test.want)
		}
	}
}

// indexesOf returns the keys of the indexes of a collection, which are that of _id and others.
func indexesOf(t *testing.T, c *driver.Collection, others int) []bson.D {
	t.Helper()
	specifications, err := c.Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	indexes := make([]bson.D, len(specifications))
	for i, specification := range specifications {
		if err := bson.Unmarshal(specification.KeysDocument, &indexes[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(indexes) != 1+others {
		t.Fatalf("the indexes of %s are %v, want %d and that of _id", c.Name(), indexes, others)
	}
	return indexes
}

// TestResultQueriesUseIndexes runs every method that reads or deletes results and checks the commands.
func TestResultQueriesUseIndexes(t *testing.T) {
	database := mongotest.Database(t, server)
	indexes := indexesOf(t, openStore(t, database).results, 3)
	var mutex sync.Mutex
	seen := make(map[string]int)
	watching := &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		if name, ok := e.Command.Lookup(e.CommandName).StringValueOK(); !ok || name != "results" || e.CommandName == "createIndexes" {
			return
		}
		queries, err := queriesOf(e.Command, "results")
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil {
			t.Error(err)
		}
		for _, q := range queries {
			seen[q.command]++
			if !slices.ContainsFunc(indexes, q.served) {
				t.Errorf("no index serves %s %v sorted by %v", q.command, q.filter, q.sort)
			}
			if problem := q.hintProblem(indexes); problem != "" {
				t.Errorf("%s %v sorted by %v names the index %v: %s", q.command, q.filter, q.sort, q.hint, problem)
			}
		}
	}}
	s := open(t, Config{URI: server, Database: database, monitor: watching})
	useResults(t, s)
	if len(seen) != 2 || seen["find"] < 40 || seen["delete"] < 4 {
		t.Errorf("only %v were seen", seen)
	}
}

// useResults calls every method that reads or deletes results, with all combinations of conditions.
func useResults(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	m := newMonitor(1, "a")
	refill := func() {
		t.Helper()
		if err := s.CreateMonitor(ctx, m); err != nil {
			t.Fatal(err)
		}
		r := monitor.Result{ID: monitor.NewID(now), MonitorID: m.ID, Date: now}
		other := monitor.Result{ID: monitor.NewID(now), MonitorID: m.ID, Date: now}
		if err := s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{r, other}}); err != nil {
			t.Fatal(err)
		}
	}
	refill()
	for set := range 1 << 5 {
		f := store.ResultFilter{Limit: 10}
		for bit, add := range []func(){
			func() { f.MonitorID = m.ID },
			func() { f.From = now },
			func() { f.To = now },
			func() { f.Statuses = []monitor.Status{monitor.StatusError, monitor.StatusFailed} },
			func() { f.Before = &store.Cursor{Date: now, ID: m.ID} },
		} {
			if set&(1<<bit) != 0 {
				add()
			}
		}
		if _, err := s.Results(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 2} { // a sample, and all
		f := store.NumberFilter{MonitorID: m.ID, From: now.Add(-time.Hour), To: now.Add(time.Hour), Limit: limit, Section: time.Minute}
		if _, err := s.EachNumber(ctx, f, func(time.Time, []float64) {}); err != nil {
			t.Fatal(err)
		}
	}
	for name, call := range map[string]func() error{
		"since":      func() error { _, _, err := s.ResultsSince(ctx, "1.0", 10); return err },
		"delete":     func() error { return s.DeleteMonitor(ctx, m.ID) },
		"delete all": func() error { return s.DeleteMonitors(ctx) },
		"clear":      func() error { return s.DeleteResults(ctx, now) },
		"expire": func() error {
			_, err := s.Expire(ctx, now.Add(time.Hour), store.Retention{Results: time.Minute, Rollups: time.Minute})
			return err
		},
	} {
		if err := call(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.DeleteMonitors(ctx); err != nil {
			t.Fatal(err)
		}
		refill()
	}
}

// TestRejectedIndex checks that a query without its index is slow and does not fail.
func TestRejectedIndex(t *testing.T) {
	t.Parallel()
	s, r := openThrough(t, server, mongotest.Database(t, server))
	want := newResult(1)
	if err := s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{want}}); err != nil {
		t.Fatal(err)
	}
	r.answers.set(func(name string, command bson.Raw) bson.D {
		if command.Lookup("hint").IsZero() {
			return nil
		}
		return bson.D{field("ok", 0), field("code", 2), field("errmsg", "planner returned error :: caused by :: hint provided does not correspond to an existing index")}
	})
	list, err := s.Results(t.Context(), store.ResultFilter{Limit: 10})
	if err != nil || len(list) != 1 || list[0].ID != want.ID {
		t.Errorf("results %v, error %v; want one", list, err)
	}
}
