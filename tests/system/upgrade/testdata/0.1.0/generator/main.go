// Command generator makes the fixture of version 0.1.0; see make.sh beside it. It compiles with that version only:
//
//	generator sqlite|mongo OUTPUT PROGRAMS MONGO_URI
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/api/auth"
	"nanomon/services/api/server"
	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/mongo"
	"nanomon/services/common/store/sqlite"
)

// must ends the program after an error.
func must(err error) {
	if err != nil {
		log.Panic(err)
	}
}

// world is an HTTP proxy. It answers for all targets and for the receiver of webhooks.
type world struct {
	mu sync.Mutex
	// down says by host how it answers: 0 is OK, 503 the status 503, and -1 closes the connection.
	down map[string]int
	got  []string
	n    int
}

// set changes how a host answers.
func (w *world) set(host string, how int) { w.mu.Lock(); w.down[host] = how; w.mu.Unlock() }

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	how := w.down[r.Host]
	w.n++
	n := w.n
	w.mu.Unlock()
	if r.Host == "hooks.nanomon.test" {
		body, _ := io.ReadAll(r.Body)
		if how == 0 {
			var m struct{ ID string }
			must(json.Unmarshal(body, &m))
			w.mu.Lock()
			w.got = append(w.got, m.ID)
			w.mu.Unlock()
			log.Print("webhook ", m.ID)
			return
		}
	}
	switch how {
	case -1:
		panic(http.ErrAbortHandler)
	case 503:
		rw.WriteHeader(503)
		fmt.Fprintf(rw, "check %d: overloaded", n)
	default:
		fmt.Fprintf(rw, "check %d: load %d", n, 20+n%30)
	}
}

// gen makes the fixture of one store.
type gen struct {
	// kind is sqlite or mongo, out the folder of the fixture, and bin the folder of the programs.
	kind, out, bin string
	// key is the API key with the scope admin.
	key string
	// uri is the address of the MongoDB server, and dir the folder of the SQLite file.
	uri, dir string
}

// open opens the store.
func (g *gen) open() (store.Store, func()) {
	ctx := context.Background()
	if g.kind == "sqlite" {
		s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(g.dir, "nanomon.db")})
		must(err)
		return s, func() { must(s.Close()) }
	}
	s, err := mongo.Open(ctx, mongo.Config{URI: g.uri, Database: "nanomon", Timeout: 10 * time.Second})
	must(err)
	return s, func() { must(s.Close(ctx)) }
}

// fill creates a monitor with results from start to end.
func fill(m monitor.Monitor, s store.Store, start, end time.Time, outcome func(i int) (monitor.Status, string, monitor.Exclusion)) {
	ctx := context.Background()
	must(s.CreateMonitor(ctx, m))
	state := store.State{MonitorID: m.ID}
	var b store.Batch
	lastStatus, lastEx := "", "counted"
	i := 0
	for at := start; at.Before(end); at = at.Add(m.Every()) {
		status, message, ex := outcome(i)
		value := 0.0
		outputs := map[string]any{}
		if status != monitor.StatusFailed {
			value = float64(80+(i*37)%61) + float64(i%7)/8
			outputs = map[string]any{"respTime": value, "status": 200.0, "bodyLen": 512.0, "bodyTruncated": false, "finalUrl": m.Target}
			if status == monitor.StatusError {
				outputs["status"] = 503.0
			}
		}
		r := monitor.Result{ID: monitor.NewID(at), Date: monitor.Date(at), Status: status, Value: value, Message: message, MonitorID: m.ID,
			MonitorName: m.Name, MonitorTarget: m.Target, Outputs: outputs, Excluded: ex}
		counted := string(ex)
		if ex == "" {
			counted = store.Counted
		}
		if counted != lastEx {
			b.Transitions = append(b.Transitions, store.Transition{MonitorID: m.ID, Date: r.Date, Track: store.TrackExcluded, From: lastEx, To: counted})
			lastEx = counted
		}
		if status.String() != lastStatus {
			b.Transitions = append(b.Transitions, store.Transition{MonitorID: m.ID, Date: r.Date, Track: store.TrackStatus, From: lastStatus, To: status.String()})
			lastStatus, state.Streak, state.Since = status.String(), 0, r.Date
		}
		state.Latest = r
		state.Streak++
		state.History = append(state.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Excluded: r.Excluded})
		state.History = state.History[max(0, len(state.History)-store.HistoryLength):]
		b.Results = append(b.Results, r)
		i++
	}
	b.States = []store.State{state}
	must(s.AppendBatch(ctx, b))
}

// seed stores the API key and the monitors that have a long history.
func (g *gen) seed() {
	s, done := g.open()
	defer done()
	ctx := context.Background()
	now := monitor.Date(time.Now())
	var key string
	k := store.Key{ID: monitor.NewID(now), Name: "terraform", Scope: store.KeyAdministers, Created: now}
	key, k.Hash = auth.NewKey()
	must(s.CreateKey(ctx, k))
	g.key = key
	day := now.Truncate(24 * time.Hour)
	archive := monitor.Monitor{ID: monitor.NewID(day.AddDate(0, 0, -17)), Name: "Archive", Type: "http", Interval: "6h", Target: "http://archive.nanomon.test/health",
		Rule: "status == 200", Enabled: true, Properties: map[string]string{"timeout": "4s"}, Group: "Back office", Updated: day.AddDate(0, 0, -17)}
	fill(archive, s, day.AddDate(0, 0, -17).Add(41*time.Minute), now, func(i int) (monitor.Status, string, monitor.Exclusion) {
		switch {
		case i == 13 || i == 14 || i == 40:
			return monitor.StatusFailed, "connection refused", ""
		case i == 21:
			return monitor.StatusError, "Rule violated: status == 200", monitor.ExcludedMaintenance
		case i == 30:
			return monitor.StatusError, "Rule violated: status == 200", ""
		}
		return monitor.StatusOK, "", ""
	})
	docs := monitor.Monitor{ID: monitor.NewID(day.AddDate(0, 0, -2)), Name: "Docs", Type: "http", Interval: "20m", Target: "http://docs.nanomon.test/",
		Enabled: true, Properties: map[string]string{"headers": `{"X-From": "nanomon"}`}, Group: "Shop", Updated: day.AddDate(0, 0, -2)}
	fill(docs, s, day.AddDate(0, 0, -2).Add(7*time.Minute), now, func(i int) (monitor.Status, string, monitor.Exclusion) {
		if i%50 == 49 || i == 30 || i == 31 {
			return monitor.StatusFailed, "no answer within 5s", ""
		}
		return monitor.StatusOK, "", ""
	})
}

// call sends a request to the API and returns the answer.
func (g *gen) call(api, method, path string, body any) []byte {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		must(err)
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequest(method, api+path, content)
	must(err)
	r.Header.Set("Authorization", "Bearer "+g.key)
	answer, err := http.DefaultClient.Do(r)
	must(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	must(err)
	if answer.StatusCode >= 300 {
		log.Panicf("%s %s: %d %s", method, path, answer.StatusCode, data)
	}
	return data
}

// buffer is the log of a program.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// start starts a program.
func (g *gen) start(name string, env map[string]string) (*exec.Cmd, *buffer) {
	c := exec.Command(filepath.Join(g.bin, name))
	c.Dir, _ = os.MkdirTemp("", "gen")
	for k, v := range env {
		c.Env = append(c.Env, k+"="+v)
	}
	b := &buffer{}
	c.Stdout, c.Stderr = b, b
	must(c.Start())
	return c, b
}

// await waits until a log matches the expression and returns the first group.
func await(b *buffer, expression string) string {
	re := regexp.MustCompile(expression)
	for range 3000 {
		if m := re.FindStringSubmatch(b.String()); m != nil {
			return m[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	log.Panicf("no %s in %s", expression, b.String())
	return ""
}

// stop stops a program and waits for its end.
func stop(c *exec.Cmd, b *buffer) {
	must(c.Process.Signal(syscall.SIGTERM))
	if err := c.Wait(); err != nil {
		log.Panicf("%v: %s", err, b)
	}
}

// live runs the programs, which check everything. It returns when they were started.
func (g *gen) live() (from time.Time) {
	w := &world{down: map[string]int{}}
	proxy := httptest.NewServer(w)
	defer proxy.Close()
	env := map[string]string{"HTTP_PROXY": proxy.URL, "ALERT_WEBHOOK_URL": "http://hooks.nanomon.test/ops", "AUTH_CLIENT_ID": "nanomon",
		"AUTH_ISSUER": "http://127.0.0.1:1", "ALERT_LINK_BASEURL": "http://nanomon.test"}
	var api string
	var end func()
	if g.kind == "sqlite" {
		maps.Copy(env, map[string]string{"API_PORT": "0", "FRONTEND_PORT": "0", "DATA_DIR": g.dir})
		c, b := g.start("standalone", env)
		api = await(b, `msg=ready page=\S+ api=(\S+)/api`)
		end = func() { stop(c, b) }
	} else {
		maps.Copy(env, map[string]string{"PORT": "0", "MONGO_URI": g.uri, "MONGO_DB": "nanomon", "POLLING_INTERVAL": "1s"})
		a, ab := g.start("api", env)
		api = "http://localhost:" + await(ab, `msg=listening address=\S*:(\d+)`)
		r, rb := g.start("runner", env)
		end = func() { stop(r, rb); stop(a, ab) }
	}
	begin := time.Now()
	from = begin
	at := func(seconds int) { time.Sleep(time.Until(begin.Add(time.Duration(seconds) * time.Second))) }
	create := func(m map[string]any) string {
		var made struct{ ID string }
		must(json.Unmarshal(g.call(api, "POST", "/api/monitors", m), &made))
		return made.ID
	}
	shop := create(map[string]any{"name": "Shop", "type": "http", "interval": "2s", "target": "http://shop.nanomon.test/", "group": "Shop",
		"properties": map[string]string{"bodyRegex": `load (\d+)`}})
	create(map[string]any{"name": "Cart", "type": "http", "interval": "2s", "target": "http://cart.nanomon.test/", "group": "Shop",
		"properties": map[string]string{"dependsOn": shop}})
	create(map[string]any{"name": "Payments", "type": "http", "interval": "2s", "target": "http://payments.nanomon.test/pay", "rule": "status == 200 && respTime < 4000",
		"group": "Shop", "properties": map[string]string{"alertTo": "payments@example.org"}})
	quiet := create(map[string]any{"name": "Intranet", "type": "http", "interval": "5s", "target": "http://intranet.nanomon.test/", "properties": map[string]string{"keepAlive": "true"}})
	legacy := map[string]any{"name": "Legacy", "type": "tcp", "interval": "2s", "target": "127.0.0.1:1", "properties": map[string]string{"alertMute": "true"}}
	legacyID := create(legacy)
	g.call(api, "POST", "/api/maintenance", map[string]any{"name": "Move of the intranet", "monitors": []string{quiet}, "groups": []string{},
		"start": time.Now().Add(12 * time.Second).UTC(), "end": time.Now().Add(42 * time.Second).UTC()})
	g.call(api, "POST", "/api/maintenance", map[string]any{"name": "Weekly backup", "monitors": []string{}, "groups": []string{"Back office"},
		"weekly": map[string]any{"days": []string{"sunday"}, "at": "02:30", "duration": "1h", "zone": "Europe/Amsterdam"}})
	g.call(api, "POST", "/api/keys", map[string]any{"name": "grafana", "scope": "read"})
	at(10)
	w.set("payments.nanomon.test", 503)
	at(18)
	w.set("intranet.nanomon.test", -1)
	at(20)
	legacy["enabled"] = false
	g.call(api, "PUT", "/api/monitors/"+legacyID, legacy)
	at(24)
	w.set("payments.nanomon.test", 0)
	at(30)
	w.set("intranet.nanomon.test", 0)
	at(36)
	w.set("shop.nanomon.test", -1)
	at(37)
	w.set("cart.nanomon.test", -1)
	at(52)
	w.set("hooks.nanomon.test", 503)
	w.set("payments.nanomon.test", 503)
	at(136)
	end()
	log.Print("webhooks: ", w.got)
	return from
}

// recorded is an answer of the API.
type recorded struct {
	Path   string          `json:"path"`
	Answer json.RawMessage `json:"answer"`
}

// drop removes members that change later.
func drop(v any, names ...string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			drop(e, names...)
		}
	case map[string]any:
		for _, n := range names {
			delete(v, n)
		}
	}
}

// record writes answers.json.
func (g *gen) record(from time.Time) {
	s, done := g.open()
	defer done()
	h := server.New(server.Config{Auth: config.Auth{AuthClientID: "nanomon", AuthTenant: "common", AuthIssuer: "http://127.0.0.1:1"}}, s,
		probe.All(probe.Guard{}), slog.New(slog.DiscardHandler)).Handler()
	get := func(path string) any {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+g.key)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != 200 {
			log.Panicf("%s: %d %s", path, rec.Code, rec.Body)
		}
		var v any
		d := json.NewDecoder(rec.Body)
		d.UseNumber()
		must(d.Decode(&v))
		return v
	}
	type file struct {
		AdminKey string     `json:"adminKey"`
		Pending  string     `json:"pending"`
		Answers  []recorded `json:"answers"`
		// Current are answers that change as soon as a runner starts.
		Current []recorded `json:"current"`
	}
	f := file{AdminKey: g.key}
	keep := func(into *[]recorded, path string, v any) {
		data, err := json.Marshal(v)
		must(err)
		*into = append(*into, recorded{path, data})
	}
	monitors := get("/api/monitors").([]any)
	keep(&f.Answers, "/api/monitors", monitors)
	windows := get("/api/maintenance")
	drop(windows, "active", "next")
	keep(&f.Answers, "/api/maintenance", windows)
	keys := get("/api/keys")
	drop(keys, "lastUsed")
	keep(&f.Answers, "/api/keys", keys)
	alerts := get("/api/alerts?max=1000").([]any)
	for _, a := range alerts {
		a := a.(map[string]any)
		if a["next"] != nil {
			if f.Pending != "" {
				log.Panic("two pending")
			}
			f.Pending = a["id"].(string)
			keep(&f.Current, "/api/alerts?max=1000", []any{maps.Clone(a)})
			drop(a, "next", "attempts", "deliveries")
		}
	}
	if f.Pending == "" {
		log.Panic("none pending")
	}
	keep(&f.Answers, "/api/alerts?max=1000", alerts)
	end := time.Now().UTC().Truncate(time.Second)
	hour := end.Truncate(time.Hour)
	day := end.Truncate(24 * time.Hour)
	stamp := func(t time.Time) string { return url.QueryEscape(t.UTC().Format(time.RFC3339)) }
	for _, m := range monitors {
		m := m.(map[string]any)
		id := m["id"].(string)
		path := "/api/monitors/" + id
		spans := [][2]time.Time{{from.Truncate(time.Minute).Add(time.Minute), from.Truncate(time.Minute).Add(2 * time.Minute)}}
		switch m["name"] {
		case "Archive":
			spans = [][2]time.Time{{day.AddDate(0, 0, -16), day}, {day.AddDate(0, 0, -9), day.AddDate(0, 0, -1)}}
		case "Docs":
			spans = [][2]time.Time{{hour.Add(-30 * time.Hour), hour}, {hour.Add(-3 * time.Hour), hour}}
		}
		for _, s := range spans {
			p := path + "/stats?from=" + stamp(s[0]) + "&to=" + stamp(s[1])
			keep(&f.Answers, p, get(p))
		}
		p := path + "/results?max=1000&to=" + stamp(end)
		keep(&f.Answers, p, get(p))
		p = path + "?include=latest,history"
		if m["enabled"] == false {
			keep(&f.Answers, p, get(p))
		} else {
			keep(&f.Current, p, get(p))
		}
	}
	var text bytes.Buffer
	// One answer a line.
	enc := func(v any) string { b, err := json.Marshal(v); must(err); return string(b) }
	fmt.Fprintf(&text, "{\n\"adminKey\": %s,\n\"pending\": %s,\n", enc(f.AdminKey), enc(f.Pending))
	list := func(name string, rs []recorded, after string) {
		fmt.Fprintf(&text, "%q: [\n", name)
		for i, r := range rs {
			comma := ","
			if i == len(rs)-1 {
				comma = ""
			}
			fmt.Fprintf(&text, "{\"path\": %q, \"answer\": %s}%s\n", r.Path, r.Answer, comma)
		}
		fmt.Fprintf(&text, "]%s\n", after)
	}
	list("answers", f.Answers, ",")
	list("current", f.Current, "")
	text.WriteString("}\n")
	must(os.WriteFile(filepath.Join(g.out, "answers.json"), text.Bytes(), 0o644))
}

// intend stores an import that is not carried out.
func (g *gen) intend() {
	ctx := context.Background()
	s, done := g.open()
	defer done()
	ms, err := s.Monitors(ctx)
	must(err)
	now := monitor.Date(time.Now())
	var set []monitor.Monitor
	for _, m := range ms {
		switch m.Name {
		case "Intranet":
			continue // removed by the import
		case "Docs":
			m.Interval, m.Updated = "30m", now
		}
		set = append(set, m)
	}
	set = append(set, monitor.Monitor{ID: monitor.NewID(now), Name: "Imported", Type: "http", Interval: "1m", Target: "http://imported.nanomon.test/",
		Enabled: true, Properties: map[string]string{}, Updated: now})
	must(s.(*mongo.Store).StoreIntent(ctx, set))
}

// dump writes database.json.
func (g *gen) dump() {
	ctx := context.Background()
	c, err := driver.Connect(options.Client().ApplyURI(g.uri))
	must(err)
	defer c.Disconnect(ctx)
	db := c.Database("nanomon")
	names, err := db.ListCollectionNames(ctx, bson.D{})
	must(err)
	var text bytes.Buffer
	text.WriteString("{\n")
	first := true
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, "system.") {
			continue
		}
		if !first {
			text.WriteString(",\n")
		}
		first = false
		fmt.Fprintf(&text, "%q: {\n\"indexes\": [", name)
		specs, err := db.Collection(name).Indexes().List(ctx)
		must(err)
		var all []bson.Raw
		must(specs.All(ctx, &all))
		n := 0
		for _, spec := range all {
			if spec.Lookup("name").StringValue() == "_id_" {
				continue
			}
			var d bson.D
			must(bson.Unmarshal(spec, &d))
			var kept bson.D
			for _, e := range d {
				if e.Key == "key" || e.Key == "name" || e.Key == "unique" {
					kept = append(kept, e)
				}
			}
			j, err := bson.MarshalExtJSON(kept, true, false)
			must(err)
			if n > 0 {
				text.WriteString(", ")
			}
			n++
			text.Write(j)
		}
		text.WriteString("],\n\"documents\": [")
		cursor, err := db.Collection(name).Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
		must(err)
		var docs []bson.Raw
		must(cursor.All(ctx, &docs))
		for i, d := range docs {
			j, err := bson.MarshalExtJSON(d, true, false)
			must(err)
			if i > 0 {
				text.WriteString(",")
			}
			text.WriteString("\n")
			text.Write(j)
		}
		text.WriteString("\n]}")
		log.Print(name, " ", len(docs))
	}
	text.WriteString("\n}\n")
	must(os.WriteFile(filepath.Join(g.out, "database.json"), text.Bytes(), 0o644))
}

func main() {
	g := &gen{kind: os.Args[1], out: os.Args[2], bin: os.Args[3], uri: os.Args[4]}
	must(os.MkdirAll(g.out, 0o755))
	g.dir, _ = os.MkdirTemp("", "gen")
	log.Print("the clock shows ", time.Now().UTC())
	g.seed()
	from := g.live()
	if g.kind == "sqlite" {
		data, err := os.ReadFile(filepath.Join(g.dir, "nanomon.db"))
		must(err)
		entries, _ := os.ReadDir(g.dir)
		for _, e := range entries {
			i, _ := e.Info()
			log.Print(e.Name(), " ", i.Size())
		}
		must(os.WriteFile(filepath.Join(g.out, "nanomon.db"), data, 0o644))
	} else {
		g.intend()
		g.dump()
	}
	g.record(from)
}
