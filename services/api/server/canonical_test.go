package server

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// strayMonitor has properties that only other types have.
const strayMonitor = `{"name":"gate","type":"tcp","interval":"5s","target":"localhost:1","properties":{"server":"192.0.2.53","method":"GET"}}`

// TestMonitorsOfTheOriginal creates, replaces and imports monitors in the forms that the original NanoMon accepts. They
// are stored in canonical form.
func TestMonitorsOfTheOriginal(t *testing.T) {
	for _, c := range []struct {
		monitorType, target, wantTarget string
		properties, want                map[string]string
	}{
		{"http", "http://h", "http://h", map[string]string{"method": "post", "validateTLS": "0"}, map[string]string{"method": "POST", "validateTLS": "false"}},
		{"http", "http://h", "http://h", map[string]string{"validateTLS": "True", "count": "3", "type": "A"}, map[string]string{"validateTLS": "true"}},
		{"dns", "h.example", "h.example", map[string]string{"type": "mx", "body": "•••"}, map[string]string{"type": "MX"}},
		{"tcp", "localhost:http", "localhost:80", nil, map[string]string{}},
	} {
		a := startAPI(t, nil)
		body := toJSON(t, map[string]any{"name": "n", "type": c.monitorType, "interval": "5s", "target": c.target, "properties": c.properties})
		created := decodeAs[monitor.Monitor](t, a.do("POST", "/api/monitors", body))
		path := "/api/monitors/" + created.ID
		replaced := decodeAs[monitor.Monitor](t, a.do("PUT", path, body))
		a.do("POST", "/api/monitors/import?dryRun=true", "["+body+"]").contains(t, 200, `"changed":[]`, `"unchanged":1`)
		a.do("POST", "/api/monitors/import", "["+body+"]").wantJSON(t, 204, "")
		for what, got := range map[string]monitor.Monitor{
			"created": created, "replaced": replaced, "stored": decodeAs[monitor.Monitor](t, a.do("GET", path, "")),
		} {
			if got.Target != c.wantTarget || !maps.Equal(got.Properties, c.want) {
				t.Errorf("%s %v %s: %s %v", c.target, c.properties, what, got.Target, got.Properties)
			}
		}
	}
}

func (got response) contains(t *testing.T, status int, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if got.status != status || !strings.Contains(string(got.body), part) {
			t.Errorf("got %d %s, want %d with %s", got.status, got.body, status, part)
		}
	}
}

func TestIgnoredPropertiesAreReported(t *testing.T) {
	a := startAPI(t, nil)
	a.do("POST", "/api/monitors/import?dryRun=true", "["+strayMonitor+"]").wantJSON(t, 200, `{
		"added":[{"name":"gate","type":"tcp"}],"changed":[],"removed":[],"unchanged":0,
		"warnings":["monitor 1 \"gate\": ignored the properties method, server, which the type tcp does not have"]}`)
	a.do("POST", "/api/monitors", strings.Replace(strayMonitor, "method", "methods", 1)).
		wantProblem(t, 400, "unknown property 'methods' for type tcp; known properties: timeout, network, invert, warn, alertMute, alertFailCount, alertTo, slo, dependsOn")
}

func TestIgnoredPropertiesAreLogged(t *testing.T) {
	var lines bytes.Buffer
	server := New(Config{StoreName: "sqlite"}, openStore(t), probe.All(probe.Guard{}), slog.New(slog.NewTextHandler(&lines, nil)))
	handler := conformingHandler(t, server)
	post := func(path, body string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Host = "localhost"
		handler.ServeHTTP(w, r)
		if w.Code >= 300 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	const warning = `level=WARN msg="ignored properties that the type of the monitor does not have" monitor_id=`
	for i, path := range []string{"/api/monitors", "/api/monitors/import", "/api/monitors/import?dryRun=true"} {
		body := strayMonitor
		if i > 0 {
			body = "[" + body + "]"
		}
		lines.Reset()
		post(path, body)
		logged := strings.Contains(lines.String(), warning) && strings.Contains(lines.String(), ` type=tcp properties="[method server]"`)
		if logged != (i < 2) {
			t.Errorf("%s logs %s", path, &lines)
		}
	}
}
