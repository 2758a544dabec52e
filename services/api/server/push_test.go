package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// canary is the UUID of a ping URL that must not appear anywhere else.
const canary = "c0ffee00-1234-4abc-8def-0123456789ab"

// otherUUID is the id of a run, or belongs to no monitor.
const otherUUID = "b7d9e1f0-0c52-4b7b-8f38-2d4f2c1a9e60"

const pushJSON = `{"name":"backup","type":"push","target":"every 1h"}`

// createPush creates a push monitor with the ping URL canary, and returns its id.
func (a *api) createPush() string {
	a.t.Helper()
	m := decodeAs[monitor.Monitor](a.t, a.do("POST", "/api/monitors", pushJSON))
	must(a.t, a.store.PutPingURL(a.t.Context(), m.ID, canary))
	return m.ID
}

// waiting returns the stored pings.
func (a *api) waiting() []store.Ping {
	a.t.Helper()
	list, err := a.store.Pings(a.t.Context(), nil, 1000)
	must(a.t, err)
	return list
}

func TestPingsAreStored(t *testing.T) {
	a := startAPI(t, nil)
	id := a.createPush()
	long := strings.Repeat("x", maxPingBody)
	for _, c := range []struct {
		method, path, body string
		want               store.Ping
	}{
		{"GET", "", "", store.Ping{Kind: store.PingSuccess}},
		{"HEAD", "", "", store.Ping{Kind: store.PingSuccess}},
		{"POST", "", "", store.Ping{Kind: store.PingSuccess}},
		{"POST", "", "written 3 GB", store.Ping{Kind: store.PingSuccess, Body: []byte("written 3 GB")}},
		{"POST", "", long, store.Ping{Kind: store.PingSuccess, Body: []byte(long[:store.MaxPingBody])}},
		{"POST", "", "\xff\x00", store.Ping{Kind: store.PingSuccess, Body: []byte("\xff\x00")}},
		{"GET", "/", "", store.Ping{Kind: store.PingSuccess}},
		{"GET", "", "ignored", store.Ping{Kind: store.PingSuccess}},
		{"GET", "/start", "", store.Ping{Kind: store.PingStart}},
		{"HEAD", "/start?rid=" + otherUUID, "", store.Ping{Kind: store.PingStart, RunID: otherUUID}},
		{"POST", "/start?rid=" + strings.ToUpper(otherUUID), "", store.Ping{Kind: store.PingStart, RunID: otherUUID}},
		{"GET", "?rid=" + otherUUID, "", store.Ping{Kind: store.PingSuccess, RunID: otherUUID}},
		{"GET", "/start?rid=", "", store.Ping{Kind: store.PingStart}}, // uuidgen is not installed
		{"GET", "/fail", "", store.Ping{Kind: store.PingFail, ExitCode: 1}},
		{"POST", "/fail", "disk full", store.Ping{Kind: store.PingFail, ExitCode: 1, Body: []byte("disk full")}},
		{"POST", "/log", "half done", store.Ping{Kind: store.PingLog, Body: []byte("half done")}},
		{"GET", "/log", "", store.Ping{Kind: store.PingLog}},
		{"GET", "/0", "", store.Ping{Kind: store.PingSuccess}},
		{"GET", "/3?rid=" + otherUUID, "", store.Ping{Kind: store.PingFail, ExitCode: 3, RunID: otherUUID}},
		{"POST", "/255", "killed", store.Ping{Kind: store.PingFail, ExitCode: 255, Body: []byte("killed")}},
	} {
		before := time.Now()
		uuid := canary
		if len(c.path)%2 == 0 {
			uuid = strings.ToUpper(uuid)
		}
		got := a.do(c.method, "/api/push/"+uuid+c.path, c.body)
		if text := string(got.body); got.status != 200 || text != "OK" && (c.method != "HEAD" || text != "") {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.status, text)
		}
		pings := a.waiting()
		if len(pings) != 1 {
			t.Fatalf("%s %s: %d pings are stored", c.method, c.path, len(pings))
		}
		p := pings[0]
		if !monitor.ValidID(p.ID) || p.Received.Before(monitor.Date(before)) || p.Received.After(time.Now()) {
			t.Errorf("%s %s: id %s, received %s", c.method, c.path, p.ID, p.Received)
		}
		c.want.ID, c.want.MonitorID, c.want.Received = p.ID, id, p.Received
		same(t, c.method+" "+c.path, p, c.want)
		must(t, a.store.AppendBatch(t.Context(), store.Batch{DonePings: []string{p.ID}}))
	}
}

func TestInvalidPings(t *testing.T) {
	a := startAPI(t, nil)
	id := a.createPush()
	must(t, a.store.CreateMonitor(t.Context(), monitorA))
	must(t, a.store.PutPingURL(t.Context(), idA, otherUUID))
	const unknown = "there is no monitor with this ping URL"
	hint := "a ping URL ends with start, fail, log, an exit status, or with nothing after the UUID"
	for _, c := range []struct {
		method, path, body string
		status             int
		detail             string
	}{
		{"GET", "/api/push/" + otherUUID, "", 404, unknown}, // a monitor of another type
		{"GET", "/api/push/00000000-0000-4000-8000-000000000000", "", 404, unknown},
		{"POST", "/api/push/" + canary[:35], "", 404, unknown},
		{"GET", "/api/push/" + canary + "0/fail", "", 404, unknown},
		{"GET", "/api/push/" + strings.ReplaceAll(canary, "-", ""), "", 404, unknown},
		{"GET", "/api/push/" + id, "", 404, unknown},
		{"GET", "/api/push/%7Buuid%7D", "", 404, unknown},
		{"GET", "/api/push/" + canary + "/stop", "", 404, hint},
		{"GET", "/api/push/" + canary + "/START", "", 404, hint},
		{"GET", "/api/push/" + canary + "/-1", "", 404, hint},
		{"GET", "/api/push/" + canary + "/1.5", "", 404, hint},
		{"GET", "/api/push/" + canary + "/99999999999999999999", "", 404, hint},
		{"POST", "/api/push/" + canary + "/256", "", 400, "exit status 256 is too large, at most 255 is allowed"},
		{"GET", "/api/push/" + canary + "?rid=7", "", 400, "rid must be a UUID"},
		{"GET", "/api/push/" + canary + "?rid=" + strings.ReplaceAll(canary, "-", ""), "", 400, "rid must be a UUID"},
		{"GET", "/api/push/" + canary + "?a=%zz", "", 400, `the query of the URL is malformed: invalid URL escape "%zz"`},
		{"POST", "/api/push/" + canary, strings.Repeat("x", maxPingBody+1), 413, "request body is larger than the 65536 bytes allowed here"},
		{"GET", "/api/push/" + canary + "/start/now", "", 404, "no resource at /api/push/{uuid}/start/now"},
		{"GET", "/api/push/", "", 404, unknown},
		{"GET", "/api/push", "", 404, "no resource at /api/push"},
		{"PUT", "/api/push/" + canary, "", 405, "method PUT is not allowed here; use GET, POST"},
		{"DELETE", "/api/push/" + canary + "/3", "", 405, "method DELETE is not allowed here; use GET, POST"},
		{"OPTIONS", "/api/push/" + canary, "", 405, "method OPTIONS is not allowed here; use GET, POST"},
	} {
		a.do(c.method, c.path, c.body).wantProblem(t, c.status, c.detail)
	}
	same(t, "pings", len(a.waiting()), 0)
}

func TestPingsOfDisabledAndDeletedMonitors(t *testing.T) {
	a := startAPI(t, nil)
	id := a.createPush()
	a.wantStatus(t, 200, "PUT", "/api/monitors/"+id, strings.Replace(pushJSON, "{", `{"enabled":false,`, 1))
	if got := a.do("GET", "/api/push/"+canary, ""); got.status != 200 || string(got.body) != "OK (paused)" {
		t.Errorf("disabled: %d %s", got.status, got.body)
	}
	a.wantStatus(t, 200, "PUT", "/api/monitors/"+id, pushJSON)
	a.wantStatus(t, 200, "GET", "/api/push/"+canary, "")
	same(t, "pings of an enabled monitor", len(a.waiting()), 1)
	a.wantStatus(t, 200, "PUT", "/api/monitors/"+id, `{"name":"n","type":"tcp","interval":"5s","target":"localhost:1"}`)
	a.wantStatus(t, 404, "GET", "/api/push/"+canary, "")
	a.wantStatus(t, 200, "PUT", "/api/monitors/"+id, pushJSON)
	a.wantStatus(t, 200, "GET", "/api/push/"+canary, "")
	a.wantStatus(t, 204, "DELETE", "/api/monitors/"+id, "")
	a.wantStatus(t, 404, "GET", "/api/push/"+canary, "")
}

func TestPingURL(t *testing.T) {
	a := startAPI(t, nil)
	m := decodeAs[monitor.Monitor](t, a.do("POST", "/api/monitors", pushJSON))
	path := "/api/monitors/" + m.ID + "/ping-url"
	first := decodeAs[pingURL](t, a.do("GET", path, ""))
	if !web.IsUUID(first.UUID) || first.UUID[14] != '4' || !strings.ContainsAny(first.UUID[19:20], "89ab") || first.Path != "/api/push/"+first.UUID {
		t.Errorf("ping URL is %+v", first)
	}
	same(t, "ping URL, read again", decodeAs[pingURL](t, a.do("GET", path, "")), first)
	a.wantStatus(t, 200, "POST", first.Path, "")
	renewed := decodeAs[pingURL](t, a.do("POST", path, ""))
	if renewed.UUID == first.UUID {
		t.Error("renewal changes nothing")
	}
	same(t, "renewed ping URL", decodeAs[pingURL](t, a.do("GET", path, "")), renewed)
	a.wantStatus(t, 404, "POST", first.Path, "")
	a.wantStatus(t, 200, "POST", renewed.Path, "")
	must(t, a.store.CreateMonitor(t.Context(), monitorA))
	for _, c := range []struct {
		method, path string
		status       int
		detail       string
	}{
		{"GET", "/api/monitors/" + idA + "/ping-url", 400, `monitor "alpha" has the type http: only push monitors have pings`},
		{"POST", "/api/monitors/" + idA + "/ping-url", 400, `monitor "alpha" has the type http: only push monitors have pings`},
		{"GET", "/api/monitors/" + idA + "/pings", 400, `monitor "alpha" has the type http: only push monitors have pings`},
		{"GET", "/api/monitors/" + idOther + "/ping-url", 404, "there is no monitor with the id " + idOther},
		{"GET", "/api/monitors/" + idOther + "/pings", 404, "there is no monitor with the id " + idOther},
		{"POST", "/api/monitors/5/ping-url", 400, `invalid id "5": an id has 24 hexadecimal digits`},
	} {
		a.do(c.method, c.path, "").wantProblem(t, c.status, c.detail)
	}
}

// TestImportKeepsPingURLs imports an export: jobs continue to use their ping URLs.
func TestImportKeepsPingURLs(t *testing.T) {
	a := startAPI(t, nil)
	id := a.createPush()
	export := a.do("GET", "/api/monitors", "")
	a.wantStatus(t, 204, "POST", "/api/monitors/import", string(export.body))
	a.wantStatus(t, 200, "GET", "/api/push/"+canary, "")
	a.wantStatus(t, 204, "POST", "/api/monitors/import", `[{"name":"n","type":"tcp","interval":"5s","target":"localhost:1"}]`)
	a.wantStatus(t, 404, "GET", "/api/push/"+canary, "")
	same(t, "pings", len(a.waiting()), 1)
	a.wantStatus(t, 204, "POST", "/api/monitors/import", string(export.body))
	same(t, "ping URL", decodeAs[pingURL](t, a.do("GET", "/api/monitors/"+id+"/ping-url", "")).UUID, canary)
	a.wantStatus(t, 204, "DELETE", "/api/monitors", "")
	a.wantStatus(t, 404, "GET", "/api/push/"+canary, "")
}

func TestReceivedPings(t *testing.T) {
	a := startAPI(t, nil)
	id := a.createPush()
	path := "/api/monitors/" + id + "/pings"
	a.do("GET", path, "").wantJSON(t, 200, `{"runs":[],"pings":[]}`)
	must(t, a.store.AppendBatch(t.Context(), store.Batch{PushStates: []store.PushState{{
		MonitorID: id, Sequence: 1, Deadline: base, NotCheckedSince: base.Add(-time.Hour),
		Runs: []store.PushRun{{RunID: otherUUID, Started: base}, {Started: base}},
		Pings: []store.PushPing{
			{ID: idB, Received: base, Kind: store.PingFail, ExitCode: 3, Duration: new(1500.5)},
			{ID: idA, Received: base, Kind: store.PingStart, RunID: otherUUID},
		},
	}}}))
	a.do("GET", path, "").wantJSON(t, 200, `{"deadline":"2026-01-15T10:00:00Z","notCheckedSince":"2026-01-15T09:00:00Z",
		"runs":[{"rid":"`+otherUUID+`","started":"2026-01-15T10:00:00Z"},{"started":"2026-01-15T10:00:00Z"}],
		"pings":[{"id":"`+idB+`","date":"2026-01-15T10:00:00Z","kind":"fail","exitCode":3,"duration":1500.5},
			{"id":"`+idA+`","date":"2026-01-15T10:00:00Z","kind":"start","exitCode":0,"rid":"`+otherUUID+`"}]}`)
}

func TestPushMonitorsAreNotCheckedOnDemand(t *testing.T) {
	a := startAPI(t, nil)
	id := a.createPush()
	must(t, a.store.CreateMonitor(t.Context(), monitorA))
	before := a.monitors()
	const detail, hint = "a push monitor can't be checked on demand", "Its job sends a ping when it runs."
	for _, c := range [][3]string{
		{"/api/monitors/" + id + "/run", "", detail},
		{"/api/monitors/check", pushJSON, detail},
	} {
		got := a.do("POST", c[0], c[1])
		got.wantProblem(t, 400, c[2])
		got.wantHint(t, hint)
	}
	for change, detail := range map[string]string{
		`"run":true`:               detail,
		`"set":{"interval":"10s"}`: "a push monitor has no interval of its own",
	} {
		got := a.do("PATCH", "/api/monitors", `{"ids":["`+idA+`","`+id+`"],`+change+`}`)
		got.wantProblem(t, 400, detail+`: "backup" (`+id+`)`)
	}
	same(t, "checks", len(a.pending()), 0)
	same(t, "monitors", a.monitors(), before)
	a.wantStatus(t, 200, "PATCH", "/api/monitors", `{"ids":["`+id+`"],"set":{"group":"jobs"}}`)
}

// TestIntervalOfPushMonitors checks that the interval follows from the schedule, whatever the client sends.
func TestIntervalOfPushMonitors(t *testing.T) {
	a := startAPI(t, nil)
	for body, want := range map[string]string{
		pushJSON: "1h",
		`{"name":"backup","type":"push","target":"every 1h","interval":"5s"}`: "1h",
		`{"name":"backup","type":"push","target":"0 2 * * *"}`:                "24h",
	} {
		m := decodeAs[monitor.Monitor](t, a.do("POST", "/api/monitors", body))
		same(t, "interval of "+body, m.Interval, want)
		same(t, "stored interval of "+body, decodeAs[monitor.Monitor](t, a.do("GET", "/api/monitors/"+m.ID, "")).Interval, want)
	}
	a.wantStatus(t, 204, "POST", "/api/monitors/import", "["+pushJSON+"]")
	same(t, "interval after an import", a.monitors()[0].Interval, "1h")
	for target, property := range map[string]string{"every 5s": "", "0 2 30 2 *": "", "hourly": "", "every 1h": `"zone":"Atlantis"`, "0 2 * * *": `"grace":"0s"`} {
		got := a.do("POST", "/api/monitors", `{"name":"backup","type":"push","target":"`+target+`","properties":{`+property+`}}`)
		if got.status != http.StatusBadRequest || strings.Contains(string(got.body), "interval") {
			t.Errorf("%s %s: %d %s", target, property, got.status, got.body)
		}
	}
}
