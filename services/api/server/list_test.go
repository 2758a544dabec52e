package server

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/api/auth"
	"nanomon/services/api/summary"
	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/mongo"
	"nanomon/services/common/web"
	"nanomon/tests/support/mongotest"
)

const listPath = "/api/monitors?include=brief,series,summary"

// replicas are the handlers of two servers that use the same database.
type replicas struct {
	t     *testing.T
	store store.Store
	// fresh encodes each list when it is requested.
	fresh    *monitorHandler
	handlers [2]http.Handler
}

// onBothStores runs a test with two replicas on SQLite, and with two on MongoDB.
func onBothStores(t *testing.T, test func(r *replicas)) {
	t.Run("sqlite", func(t *testing.T) {
		s := openStore(t)
		test(newReplicas(t, [2]store.Store{s, s}))
	})
	t.Run("mongo", func(t *testing.T) {
		uri := mongotest.Start(t)
		name, stores := mongotest.Database(t, uri), [2]store.Store{}
		for i := range stores {
			s, err := mongo.Open(t.Context(), mongo.Config{URI: uri, Database: name, Timeout: patience})
			must(t, err)
			t.Cleanup(func() { must(t, s.Close(context.WithoutCancel(t.Context()))) })
			stores[i] = s
		}
		test(newReplicas(t, stores))
	})
}

func newReplicas(t *testing.T, stores [2]store.Store) *replicas {
	handler := func(s store.Store) *monitorHandler {
		log := slog.New(slog.DiscardHandler)
		keeper := summary.NewKeeper(s, log, func(time.Time) {}, func() bool { return false })
		return newMonitorHandler(s, newListCache(), keeper, probe.All(probe.Guard{}), log)
	}
	r := &replicas{t: t, store: stores[0], fresh: handler(stores[0])}
	for i, s := range stores {
		router := chi.NewRouter()
		handler(s).mount(routes{reading: router, uncompressed: router, protected: router})
		r.handlers[i] = router
	}
	return r
}

// send sends a request to a replica.
func (r *replicas) send(replica int, scope auth.Scope, method, path, body, encoding string) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(auth.NewContext(r.t.Context(), auth.Identity{Scope: scope}), method, path, strings.NewReader(body))
	request.Header.Set("Accept-Encoding", encoding)
	return serve(r.handlers[replica], request)
}

// put changes or creates the n-th monitor on a replica.
func (r *replicas) put(replica, n int, name, group string) {
	r.t.Helper()
	m := secretMonitor
	m.ID, m.Name, m.Group, m.Enabled, m.Updated = monitorID(n), name, group, len(name)%2 == 0, base
	if r.send(replica, auth.ScopeAdmin, "PUT", "/api/monitors/"+m.ID, toJSON(r.t, m), "").Code != http.StatusOK {
		must(r.t, r.store.CreateMonitor(r.t.Context(), m))
	}
}

func monitorID(n int) string { return fmt.Sprintf("65a5%020x", n) }

// change makes a random change.
func (r *replicas) change(random *rand.Rand, step int) {
	r.t.Helper()
	ctx, n := r.t.Context(), random.IntN(6)
	switch random.IntN(8) {
	case 0, 1:
		r.put(random.IntN(2), n, fmt.Sprint("name ", step), []string{"", "a", "b"}[random.IntN(3)])
	case 2:
		r.send(random.IntN(2), auth.ScopeAdmin, "DELETE", "/api/monitors/"+monitorID(n), "", "")
	case 3, 4:
		result := secretResult(step)
		result.ID, result.MonitorID, result.Value = fmt.Sprintf("65b5%020x", step), monitorID(n), random.ExpFloat64()*100
		history := []store.Point{{Date: result.Date, Status: result.Status, Value: result.Value}}
		state := store.State{MonitorID: result.MonitorID, Latest: result, Streak: 1, Since: result.Date, History: history}
		must(r.t, r.store.AppendBatch(ctx, store.Batch{Results: []monitor.Result{result}, States: []store.State{state}}))
	case 5:
		window := maintenance.Window{
			ID: monitorID(0), Name: "w", Groups: []string{"a"}, Start: time.Now().Add(-time.Hour).UTC(), End: time.Now().Add(time.Hour).UTC(),
		}
		if r.store.CreateMaintenanceWindow(ctx, window) != nil {
			must(r.t, r.store.DeleteMaintenanceWindow(ctx, window.ID))
		}
	case 6:
		must(r.t, r.store.PutHeartbeat(ctx, store.Runner{
			ID: "r", LastSeen: time.Now(), NotChecked: []store.NotChecked{unchecked("ports", monitorID(n), base.Add(time.Hour))},
		}))
	case 7:
		if random.IntN(10) == 0 {
			must(r.t, r.store.DeleteResults(ctx, base))
		}
	}
}

// TestListsAreCurrent compares lists after random changes with lists that are encoded at once.
func TestListsAreCurrent(t *testing.T) {
	onBothStores(t, func(r *replicas) {
		random := rand.New(rand.NewPCG(7, 7))
		for step := range 40 {
			r.change(random, step)
			for range 3 {
				r.compare(random)
			}
		}
	})
}

// compare requests a random form of the list from a random replica, in a random role.
func (r *replicas) compare(random *rand.Rand) {
	r.t.Helper()
	f := listForm{masked: random.IntN(2) == 0}
	query := []string{"", "?include=latest", "?include=history", "?include=brief,history", "?include=series,summary"}[random.IntN(5)]
	f.include = includeOptions{
		latest: strings.Contains(query, "latest") || strings.Contains(query, "brief"), brief: strings.Contains(query, "brief"),
		history: strings.Contains(query, "history"), series: strings.Contains(query, "series"), summary: strings.Contains(query, "summary"),
	}
	if random.IntN(4) == 0 {
		f.oneGroup, f.group = true, "a"
		query = strings.Replace("?"+strings.TrimPrefix(query, "?")+"&group=a", "?&", "?", 1)
	}
	encoding := []string{"identity", "gzip", "br, gzip"}[random.IntN(3)]
	scope := map[bool]auth.Scope{true: auth.ScopeRead, false: auth.ScopeAdmin}[f.masked]
	got := r.send(random.IntN(2), scope, "GET", "/api/monitors"+query, "", encoding)
	now, err := r.fresh.situation(r.t.Context(), f.include)
	must(r.t, err)
	listed, err := r.fresh.listed(r.t.Context(), f, now)
	must(r.t, err)
	want, err := web.Encode(listed)
	must(r.t, err)
	body, err := decompress(got.Header(), got.Body.Bytes())
	must(r.t, err)
	if string(body) != string(want) {
		r.t.Fatalf("%+v, %s:\n got %s\nwant %s", f, encoding, body, want)
	}
	if f.masked && strings.Contains(string(body), "hush") {
		r.t.Fatalf("%+v: secrets are visible", f)
	}
}

// TestWritersReadTheirOwnWrites lets clients of both replicas rename monitors and read the list at the same time.
func TestWritersReadTheirOwnWrites(t *testing.T) {
	onBothStores(t, func(r *replicas) {
		var clients sync.WaitGroup
		for n := range 6 {
			clients.Go(func() {
				for round := range 12 {
					name := fmt.Sprintf("monitor %d round %d", n, round)
					r.put(n%2, n, name, "")
					for replica := range 2 {
						got := r.send(replica, auth.ScopeAdmin, "GET", listPath, "", "gzip")
						body, err := decompress(got.Header(), got.Body.Bytes())
						if err != nil || !strings.Contains(string(body), `"`+name+`"`) {
							t.Errorf("replica %d does not know that a monitor is now called %s: %v", replica, name, err)
						}
					}
				}
			})
		}
		clients.Wait()
	})
}

// countingStore counts the reads of all monitors.
type countingStore struct {
	Store
	reads atomic.Int64
}

func (s *countingStore) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	s.reads.Add(1)
	return s.Store.Monitors(ctx)
}

func TestListIsEncodedOncePerChange(t *testing.T) {
	db := openStore(t)
	s := &countingStore{Store: db}
	a := startAPI(t, s)
	a.store = db
	a.seed(1)
	for change := range 3 {
		a.do("PUT", "/api/monitors/"+idB, fmt.Sprintf(`{"name":"n%d","type":"tcp","interval":"5s","target":"localhost:1"}`, change))
		s.reads.Store(0)
		for range 20 {
			a.do("GET", listPath, "")
		}
		// The store may commit something else in the background, which changes its revision too. The keeper of the status
		// pages reads the monitors after a change, too.
		if n := s.reads.Load(); n < 1 || n > 6 {
			t.Errorf("20 requests after a change read the monitors %d times", n)
		}
	}
}

func TestListIsNotSentAgain(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(1)
	get := func(method, encoding, tag string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, a.url+listPath, nil)
		must(t, err)
		r.Header.Set("Accept-Encoding", encoding)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		must(t, res.Body.Close())
		return res
	}
	tags := make(map[string]bool)
	for encoding, want := range map[string]string{"identity": "", "gzip": "gzip", "br;q=0, gzip": "gzip", "gzip, br": "br", "*": ""} {
		first := get("GET", encoding, "")
		tag := first.Header.Get("ETag")
		tags[tag] = true
		same(t, encoding+": Content-Encoding", first.Header.Get("Content-Encoding"), want)
		same(t, encoding+": Cache-Control", first.Header.Get("Cache-Control"), "no-store")
		if vary := first.Header.Values("Vary"); !strings.Contains(strings.Join(vary, ","), "Accept-Encoding") {
			t.Errorf("%s: Vary is %q", encoding, vary)
		}
		head := get("HEAD", encoding, "")
		for _, name := range []string{"ETag", "Content-Encoding", "Content-Length"} {
			same(t, encoding+": "+name+" of HEAD", head.Header.Get(name), first.Header.Get(name))
		}
		for known, status := range map[string]int{tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200} {
			res := get("GET", encoding, known)
			if res.StatusCode != status || res.Header.Get("ETag") != tag {
				t.Errorf("%s, If-None-Match %s: %d with %s", encoding, known, res.StatusCode, res.Header.Get("ETag"))
			}
		}
	}
	same(t, "number of entity tags", len(tags), 3)
	before := get("GET", "gzip", "").Header.Get("ETag")
	must(t, a.store.DeleteMonitor(t.Context(), idB))
	same(t, "status after a change", get("GET", "gzip", before).StatusCode, 200)
}
