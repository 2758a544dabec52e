package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

const (
	jsonA = `{"id":"` + idA + `","name":"alpha","type":"http","interval":"30s","target":"http://localhost/a","rule":"status == 200",
		"enabled":true,"properties":{"timeout":"2s"},"group":"web","labels":{"team":"payments"},"updated":"2026-01-15T10:00:00Z"`
	jsonB = `{"id":"` + idB + `","name":"beta","type":"tcp","interval":"1m","target":"localhost:5432",
		"enabled":false,"properties":{},"updated":"2026-01-15T10:00:00Z"`
	json0 = `{"id":"65a5000000000000000003e8","date":"2026-01-15T10:00:00Z","status":0,"value":0,"message":"","monitor_id":"` + idA + `",
		"monitor_name":"alpha","monitor_target":"http://localhost/a","outputs":{"status":200}}`
	latest0       = `,"latest":` + json0 + `,"since":"2026-01-15T09:59:00Z"`
	brief0        = `,"latest":{"date":"2026-01-15T10:00:00Z","status":0,"value":0,"message":"","outputs":{}},"since":"2026-01-15T09:59:00Z"`
	invalidStatus = "status must be 0, 1 or 2, or a list such as 1,2"
	history0      = `,"history":[{"date":"2026-01-15T10:00:00Z","status":0,"value":0}]`
	series0       = `,"series":{"start":"2026-01-15T10:00:00Z","steps":[],"statuses":[0],"values":[0]}`
)

// TestReads reads a store with two monitors and one result.
func TestReads(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(1)
	for path, c := range map[string]struct {
		status int
		want   string // JSON, or the detail of a problem
	}{
		"/api":          {200, `{"service":"nanomon-api"}`},
		"/api/":         {200, `{"service":"nanomon-api"}`},
		"/api/health":   {200, `{"healthy":true}`},
		"/api/monitors": {200, "[" + jsonA + "}," + jsonB + "}]"},

		"/api/monitors?include=latest":         {200, "[" + jsonA + latest0 + "}," + jsonB + `,"latest":null,"since":null}]`},
		"/api/monitors?include=latest,history": {200, "[" + jsonA + latest0 + history0 + "}," + jsonB + `,"latest":null,"since":null,"history":[]}]`},

		"/api/monitors?include=history&include=latest&group=": {200, "[" + jsonB + `,"latest":null,"since":null,"history":[]}]`},
		"/api/monitors?group=web":                             {200, "[" + jsonA + "}]"},
		"/api/monitors?group=unknown":                         {200, "[]"},
		"/api/monitors?include=latest,everything":             {400, `include must be latest, brief, history, series or summary, not "everything"`},
		"/api/monitors?include=":                              {400, `include must be latest, brief, history, series or summary, not ""`},

		"/api/monitors/" + idA:                                     {200, jsonA + "}"},
		"/api/monitors/" + strings.ToUpper(idA):                    {200, jsonA + "}"},
		"/api/monitors/" + idA + "?include=latest":                 {200, jsonA + latest0 + "}"},
		"/api/monitors/" + idA + "?include=history":                {200, jsonA + history0 + "}"},
		"/api/monitors?include=series":                             {200, "[" + jsonA + series0 + "}," + jsonB + `,"series":null}]`},
		"/api/monitors/" + idA + "?include=brief,series":           {200, jsonA + brief0 + series0 + "}"},
		"/api/monitors?include=brief":                              {200, "[" + jsonA + brief0 + "}," + jsonB + `,"latest":null,"since":null}]`},
		"/api/monitors/" + idA + "?include=brief,latest":           {200, jsonA + brief0 + "}"},
		"/api/monitors/" + idA + "?include=latest&include=history": {200, jsonA + latest0 + history0 + "}"},
		"/api/monitors/" + idB + "?include=latest,history":         {200, jsonB + `,"latest":null,"since":null,"history":[]}`},
		"/api/monitors/" + idA + "?include=stats":                  {400, `include must be latest, brief, history, series or summary, not "stats"`},
		"/api/monitors/" + idOther + "?include=latest":             {404, "there is no monitor with the id " + idOther},
		"/api/monitors/" + idOther:                                 {404, "there is no monitor with the id " + idOther},
		"/api/monitors/xyz":                                        {400, `invalid id "xyz": an id has 24 hexadecimal digits`},

		"/api/monitors/" + idA + "/results":             {200, "[" + json0 + "]"},
		"/api/monitors/" + idOther + "/results":         {200, "[]"},
		"/api/monitors/xyz/results":                     {400, `invalid id "xyz": an id has 24 hexadecimal digits`},
		"/api/results":                                  {200, "[" + json0 + "]"},
		"/api/results?status=0":                         {200, "[" + json0 + "]"},
		"/api/results?status=2":                         {200, "[]"},
		"/api/results?from=2026-01-15T10:00:00Z":        {200, "[" + json0 + "]"},
		"/api/results?to=2026-01-15T10:00:00Z":          {200, "[]"},
		"/api/results?from=2026-01-15T12:00:00%2B02:00": {200, "[" + json0 + "]"},
		"/api/results?max=0":                            {400, "max must be between 1 and 1000"},
		"/api/results?max=1001":                         {400, "max must be between 1 and 1000"},
		"/api/results?max=":                             {400, "max must be between 1 and 1000"},
		"/api/results?max=ten":                          {400, "max must be between 1 and 1000"},
		"/api/monitors/" + idA + "/results?max=-1":      {400, "max must be between 1 and 1000"},
		"/api/results?from=yesterday":                   {400, "from must be a date in RFC 3339, for example 2026-01-31T08:30:00Z"},
		"/api/results?to=2026-01-31":                    {400, "to must be a date in RFC 3339, for example 2026-01-31T08:30:00Z"},

		"/api/results?from=2026-01-31T00:00:00Z&to=2026-01-30T00:00:00Z": {400, "from must be before to"},

		"/api/results?status=1,0,0":      {200, "[" + json0 + "]"},
		"/api/results?status=1,2":        {200, "[]"},
		"/api/results?status=3":          {400, invalidStatus},
		"/api/results?status=failed":     {400, invalidStatus},
		"/api/results?status=":           {400, invalidStatus},
		"/api/results?status=1,":         {400, invalidStatus},
		"/api/results?status=0&status=x": {400, invalidStatus},
		"/api/results?cursor=%21":        {400, "cursor is invalid; use the address in the header Link of the previous page"},
		"/api/results?cursor=Zm9vIGJhcg": {400, "cursor is invalid; use the address in the header Link of the previous page"},
		"/api/results?cursor=":           {400, "cursor is invalid; use the address in the header Link of the previous page"},
		"/api/results?cursor=%%%":        {400, `the query of the URL is malformed: invalid URL escape "%%%"`},

		"/api/monitors/" + idOther + "/stats":          {404, "there is no monitor with the id " + idOther},
		"/api/monitors/xyz/stats":                      {400, `invalid id "xyz": an id has 24 hexadecimal digits`},
		"/api/monitors/" + idA + "/stats?window=1":     {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idA + "/stats?window=401d":  {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idA + "/stats?window=-5d":   {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idA + "/stats?window=59s":   {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idA + "/stats?window=9601h": {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idA + "/stats?window=":      {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idOther + "/outputs":        {404, "there is no monitor with the id " + idOther},
		"/api/monitors/xyz/outputs":                    {400, `invalid id "xyz": an id has 24 hexadecimal digits`},
		"/api/monitors/" + idA + "/outputs?window=1":   {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idA + "/outputs?window=":    {400, "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"},
		"/api/monitors/" + idA + "/outputs?from=%%%":   {400, `the query of the URL is malformed: invalid URL escape "%%%"`},
		"/api/nothing": {404, "no resource at /api/nothing"},
		"/other":       {404, "no resource at /other"},
	} {
		t.Run(path, func(t *testing.T) {
			got := a.do("GET", path, "")
			if c.status == 200 {
				got.wantJSON(t, 200, c.want)
			} else {
				got.wantProblem(t, c.status, c.want)
			}
		})
	}
}

func TestMethodNotAllowed(t *testing.T) {
	a := startAPI(t, nil)
	for _, c := range []struct{ method, path, allow string }{
		{"PUT", "/api/monitors", "GET, POST, PATCH, DELETE"},
		{"POST", "/api/monitors/" + idA, "GET, PUT, DELETE"},
		{"DELETE", "/api/health", "GET"},
		{"GET", "/api/monitors/" + idA + "/run", "POST"},
		{"PUT", "/api/results", "GET, DELETE"},
		{"PUT", "/api/maintenance", "GET, POST"},
		{"POST", "/api/maintenance/" + idA, "GET, PUT, DELETE"},
		{"PUT", "/api/status-pages", "GET, POST"},
		{"GET", "/api/status-pages/import", "POST"},
		{"PUT", "/api/status-pages/preview", "POST"},
		{"POST", "/api/status-pages/" + idA, "GET, PUT, DELETE"},
		{"DELETE", "/api/status-pages/" + idA + "/messages", "GET, POST"},
		{"GET", "/api/status-pages/" + idA + "/messages/" + idA + "/updates", "POST"},
		{"OPTIONS", "/api/monitors", "GET, POST, PATCH, DELETE"},
		{"GET", "/api/monitors/check", "POST"},
		{"DELETE", "/api/monitors/import", "POST"},
		{"TRACE", "/api/monitors/" + idA, "GET, PUT, DELETE"},
		{"QUERY", "/api/rules/check", "POST"},
		{"GET", "/api/rules/evaluate", "POST"},
		{"OPTIONS", "/api/monitors/check", "POST"},
	} {
		got := a.do(c.method, c.path, "")
		got.wantProblem(t, 405, "method "+c.method+" is not allowed here; use "+c.allow)
		if got.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: allowed is %q, want %q", c.method, c.path, got.header.Get("Allow"), c.allow)
		}
	}
	a.do("BREW", "/api/coffee", "").wantProblem(t, 404, "no resource at /api/coffee")
	for _, path := range []string{"/api/monitors", "/api/events"} {
		if got := a.do("HEAD", path, ""); got.status != 200 || len(got.body) > 0 {
			t.Errorf("HEAD %s: %d %q", path, got.status, got.body)
		}
	}
}

func TestPreflight(t *testing.T) {
	a := startAPI(t, nil)
	r, err := http.NewRequest("OPTIONS", a.url+"/api/monitors/"+idA, nil)
	must(t, err)
	r.Header.Set("Origin", "http://127.0.0.1:1")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != 204 || !strings.Contains(res.Header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("response is %d %v", res.StatusCode, res.Header)
	}
}

func TestStatus(t *testing.T) {
	a := startAPI(t, nil)
	now, problems := monitor.Date(time.Now()), []string{"The spool can't be written."}
	for id, seen := range map[string]time.Time{"live": now, "dead": now.Add(-time.Minute)} {
		must(t, a.store.PutHeartbeat(t.Context(), store.Runner{ID: id, Monitors: 7, LastSeen: seen, Problems: problems}))
	}
	got := decodeAs[map[string]any](t, a.do("GET", "/api/status", ""))
	if _, err := time.ParseDuration(got["uptime"].(string)); err != nil {
		t.Error(err)
	}
	delete(got, "uptime")
	same(t, "status", got, map[string]any{
		"service": "nanomon-api", "version": "1.2.3", "buildInfo": "test build", "healthy": true, "store": "sqlite",
		"openIncidents": 0.0,
		"runners": []any{map[string]any{
			"id": "live", "monitors": 7.0, "lastSeen": now.Format(time.RFC3339Nano), "problems": []any{problems[0]},
		}},
	})
}

func TestMonitorTypes(t *testing.T) {
	a := startAPI(t, nil)
	same(t, "types", decodeAs[[]probe.Spec](t, a.do("GET", "/api/monitor-types", "")), probe.All(probe.Guard{}).Specs())
}

// write is a request that changes the store, with the expected response and store.
type write struct {
	method, path, body string
	status             int
	// response is the monitor in the body, without its id and date if they are new; nil if there is no body.
	response *monitor.Monitor
	// detail is the detail of a problem.
	detail string
	// after contains the monitors in the store afterwards. The dates of changed ones are zero.
	after []monitor.Monitor
	// results is the number of results in the store afterwards, of 3.
	results int
}

func TestWrites(t *testing.T) {
	minimal := monitor.Monitor{Name: "aa", Type: "tcp", Interval: "5s", Target: "localhost:1", Enabled: true, Properties: map[string]string{}}
	full := monitor.Monitor{Name: "aa", Type: "http", Interval: "1m30s", Target: "https://localhost/x", Rule: "status < 400", Group: "g",
		Properties: map[string]string{"method": "HEAD"}}
	asA := func(m monitor.Monitor) monitor.Monitor { m.ID, m.Labels = idA, monitorA.Labels; return m }
	const fullJSON = `{"id":"` + idB + `","updated":"2001-01-01T00:00:00Z","name":"aa","type":"http","interval":"1m30s","target":"https://localhost/x",
		"rule":"status < 400","enabled":false,"group":"g","properties":{"method":"HEAD","timeout":""},"unknown":[1]}`
	both := []monitor.Monitor{monitorA, monitorB}

	for name, c := range map[string]write{
		"create with defaults": {method: "POST", path: "/api/monitors",
			body:   `{"name":"aa","type":"tcp","interval":"5s","target":"localhost:1"}`,
			status: 200, response: &minimal, after: []monitor.Monitor{minimal, monitorA, monitorB}, results: 3},
		"create with all fields, the id is ignored": {method: "POST", path: "/api/monitors", body: fullJSON,
			status: 200, response: &full, after: []monitor.Monitor{full, monitorA, monitorB}, results: 3},
		"replace": {method: "PUT", path: "/api/monitors/" + idA, body: fullJSON,
			status: 200, response: new(asA(full)), after: []monitor.Monitor{asA(full), monitorB}, results: 3},
		"replace an unknown id": {method: "PUT", path: "/api/monitors/" + idOther, body: fullJSON,
			status: 404, detail: "there is no monitor with the id " + idOther, after: both, results: 3},
		"replace with an invalid id": {method: "PUT", path: "/api/monitors/7", body: fullJSON,
			status: 400, detail: `invalid id "7": an id has 24 hexadecimal digits`, after: both, results: 3},
		"delete": {method: "DELETE", path: "/api/monitors/" + idA, status: 204, after: []monitor.Monitor{monitorB}},
		"delete an unknown id": {method: "DELETE", path: "/api/monitors/" + idOther,
			status: 404, detail: "there is no monitor with the id " + idOther, after: both, results: 3},
		"delete with an invalid id": {method: "DELETE", path: "/api/monitors/7",
			status: 400, detail: `invalid id "7": an id has 24 hexadecimal digits`, after: both, results: 3},
		"delete all":         {method: "DELETE", path: "/api/monitors", status: 204},
		"delete all results": {method: "DELETE", path: "/api/results", status: 204, after: both},

		"import replaces the set": {method: "POST", path: "/api/monitors/import", body: "[" + fullJSON + "]",
			status: 204, after: []monitor.Monitor{full}, results: 3},
		"import finds the id by name and type": {method: "POST", path: "/api/monitors/import",
			body:   `[{"name":"alpha","type":"http","interval":"5s","target":"http://localhost"},{"name":"beta","type":"http","interval":"5s","target":"http://localhost"}]`,
			status: 204, results: 3, after: []monitor.Monitor{
				{ID: idA, Name: "alpha", Type: "http", Interval: "5s", Target: "http://localhost", Enabled: true, Properties: map[string]string{}, Labels: monitorA.Labels},
				{Name: "beta", Type: "http", Interval: "5s", Target: "http://localhost", Enabled: true, Properties: map[string]string{}},
			}},
		"import an empty list": {method: "POST", path: "/api/monitors/import", body: "[]",
			status: 400, detail: "no monitors in import", after: both, results: 3},
		"import with several invalid monitors": {method: "POST", path: "/api/monitors/import",
			body:   `[{"name":"one","type":"tcp","interval":"5s"},{"name":"two","type":"tcp","interval":"5s","target":"localhost:1"},{"type":"x"},{"name":"four","interval":5},7]`,
			status: 400, after: both, results: 3,
			detail: `monitor 1 "one": missing monitor target; monitor 3 "": missing monitor name; ` +
				`monitor 4 "four": field "interval" must be a string, not a number; monitor 5 "": expected a JSON object, not a number`},
		"import the same id twice": {method: "POST", path: "/api/monitors/import", body: "[" + fullJSON + "," + strings.ToUpper(fullJSON[:34]) + fullJSON[34:] + "]",
			status: 400, detail: `monitor 2 "aa": id ` + idB + ` is already used by monitor 1`, after: both, results: 3},
		"import an object": {method: "POST", path: "/api/monitors/import", body: fullJSON,
			status: 400, detail: "expected a JSON array, not an object", after: both, results: 3},
		"import too many monitors": {method: "POST", path: "/api/monitors/import", body: "[" + strings.Repeat("0,", maxImport) + "0]",
			status: 400, detail: "import has 10001 monitors, at most 10000 are allowed", after: both, results: 3},
		"import too large a body": {method: "POST", path: "/api/monitors/import", body: `["` + strings.Repeat("x", maxImportBody) + `"]`,
			status: 413, detail: "request body is larger than the 16777216 bytes allowed here", after: both, results: 3},
	} {
		t.Run(name, func(t *testing.T) { c.check(t) })
	}
}

func (c write) check(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	got := a.do(c.method, c.path, c.body)
	switch {
	case c.detail != "":
		got.wantProblem(t, c.status, c.detail)
	case c.response == nil:
		got.wantJSON(t, c.status, "")
	default:
		var m monitor.Monitor
		must(t, json.Unmarshal(got.body, &m))
		if !slices.ContainsFunc(a.monitors(), func(stored monitor.Monitor) bool { return stored.ID == m.ID && stored.Updated.Equal(m.Updated) }) {
			t.Errorf("the monitor in the response is not stored: %s", got.body)
		}
		same(t, "response", clearNew(t, m, *c.response), *c.response)
	}
	stored := a.monitors()
	if len(stored) != len(c.after) {
		t.Fatalf("the store contains %v", stored)
	}
	for i, want := range c.after {
		same(t, "store", clearNew(t, stored[i], want), want)
	}
	if n := len(a.results()); n != c.results {
		t.Errorf("%d results are stored, want %d", n, c.results)
	}
}

// clearNew checks a new id and date in m and clears them if want has none.
func clearNew(t *testing.T, m, want monitor.Monitor) monitor.Monitor {
	t.Helper()
	if want.Updated.IsZero() {
		if time.Since(m.Updated).Abs() > time.Minute || !m.Updated.Equal(monitor.Date(m.Updated)) {
			t.Errorf("monitor %s was updated at %s", m.Name, m.Updated)
		}
		m.Updated = time.Time{}
	}
	if want.ID == "" {
		if !monitor.ValidID(m.ID) || m.ID == idA {
			t.Errorf("monitor %s has the id %q", m.Name, m.ID)
		}
		m.ID = ""
	}
	return m
}
