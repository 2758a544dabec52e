package server

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// TestInvalidMonitors sends each invalid monitor to every route that accepts one.
func TestInvalidMonitors(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	monitors, results := a.monitors(), a.results()
	long := strings.Repeat("x", 3000)

	for _, c := range []struct {
		field  string
		value  any // nil: the field is missing
		detail string
	}{
		{"name", nil, "missing monitor name"},
		{"name", "", "missing monitor name"},
		{"name", 5, `field "name" must be a string, not a number`},
		{"name", long, "monitor name has 3000 characters, at most 300 are allowed"},
		{"type", nil, "missing monitor type"},
		{"type", "smtp", "invalid monitor type"},
		{"type", true, `field "type" must be a string, not a bool`},
		{"interval", nil, "missing monitor interval"},
		{"interval", "soon", "invalid monitor interval"},
		{"interval", "10", "invalid monitor interval"},
		{"interval", "1 parsec", "invalid monitor interval"},
		{"interval", "999ms", "monitor interval must be greater than 1s"},
		{"interval", "-5s", "monitor interval must be greater than 1s"},
		{"interval", "9000h", "monitor interval must be at most 8784h0m0s"},
		{"interval", 60, `field "interval" must be a string, not a number`},
		{"target", nil, "missing monitor target"},
		{"target", "http://localhost/" + long, "monitor target has 3017 characters, at most 2048 are allowed"},
		{"target", []string{"http://localhost"}, `field "target" must be a string, not an array`},
		{"rule", map[string]any{}, `field "rule" must be a string, not an object`},
		{"rule", long, "monitor rule has 3000 characters, at most 2048 are allowed"},
		{"enabled", "yes", `field "enabled" must be a bool, not a string`},
		{"enabled", 1, `field "enabled" must be a bool, not a number`},
		{"group", 1, `field "group" must be a string, not a number`},
		{"group", long, "monitor group has 3000 characters, at most 100 are allowed"},
		{"labels", "team", `field "labels" must be an object of strings, not a string`},
		{"labels", map[string]any{"env": "test", "team": 5}, `field "labels.team" must be a string, not a number`},
		{"labels", map[string]any{"env": "test", "my team": "x"}, `label key "my team" is invalid`},
		{"labels", map[string]any{"team": " "}, "label team has no value"},
		{"labels", map[string]any{"team": long}, "value of the label team has 3000 characters, at most 100 are allowed"},
		{"labels", map[string]any{"a.b": "1", "a-b": "2"}, "label keys a-b and a.b are both label_a_b in Prometheus"},
		{"id", 1, `field "id" must be a string, not a number`},
		{"updated", "yesterday", `field "updated" must be a date in RFC 3339`},
		{"updated", 7, `field "updated" must be a date in RFC 3339`},
		{"properties", "none", `field "properties" must be an object of strings, not a string`},
		{"properties", []string{}, `field "properties" must be an object of strings, not an array`},
		{"properties", map[string]any{"method": "GET", "timeout": 5}, `field "properties.timeout" must be a string, not a number`},
		{"properties", map[string]any{"headers": map[string]string{"a": "b"}}, `field "properties.headers" must be a string, not an object`},
		{"properties", map[string]any{"validateTLS": false}, `field "properties.validateTLS" must be a string, not a bool`},
	} {
		body := map[string]any{"name": "n", "type": "http", "interval": "5s", "target": "http://localhost"}
		delete(body, c.field)
		if c.value != nil {
			body[c.field] = c.value
		}
		text := toJSON(t, body)
		name, _ := body["name"].(string)
		a.wantRejected(t, text, toJSON(t, []any{body}), name, c.detail)
	}
	same(t, "monitors", a.monitors(), monitors)
	same(t, "results", a.results(), results)
	same(t, "pending checks", len(a.pending()), 0)
}

// Some editors and shells write a byte order mark before a text.
func TestBodyWithByteOrderMark(t *testing.T) {
	a := startAPI(t, nil)
	const mark = "\uFEFF"
	body := mark + `{"name": "marked", "type": "http", "interval": "5s", "target": "http://localhost"}`
	a.wantStatus(t, 200, "POST", "/api/monitors", body)
	a.wantStatus(t, 204, "POST", "/api/monitors/import", mark+"["+body[len(mark):]+"]")
	a.do("POST", "/api/monitors", mark).wantProblem(t, 400, "request body is empty")
	got := a.do("POST", "/api/monitors", mark+body)
	got.wantProblem(t, 400, "request body is not valid JSON: invalid character 'ï' looking for beginning of value")
}

func TestNamesWithInvisibleCharacters(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	draft := func(name, group string) string {
		return toJSON(t, map[string]any{"name": name, "group": group, "type": "http", "interval": "5s", "target": "http://localhost"})
	}
	for text, character := range map[string]string{
		"a\u202Eb": "U+202E", "\u2066a": "U+2066", "a\u200F": "U+200F", "a\nb": "U+000A", "a\tb": "U+0009", "\u0000": "U+0000",
		"a\u007f": "U+007F", "a\u0085b": "U+0085",
	} {
		a.wantRejected(t, draft(text, ""), "["+draft(text, "")+"]", text, "monitor name contains the control character "+character)
		a.wantRejected(t, draft("n", text), "["+draft("n", text)+"]", "n", "monitor group contains the control character "+character)
		window := toJSON(t, map[string]any{"name": text, "groups": []string{"g"}, "start": "2030-01-01T00:00:00Z", "end": "2030-01-02T00:00:00Z"})
		a.do("POST", "/api/maintenance", window).wantProblem(t, 400, "name contains the control character "+character)
	}
	a.wantStatus(t, 200, "POST", "/api/monitors", draft("Größe 測試 مرحبا שלום é 👍🏽 a\u200Db", ""))

	// A stored monitor keeps its name.
	old := a.monitors()[0]
	old.Name = "old\u202Ename"
	must(t, a.store.ReplaceMonitor(t.Context(), old))
	old.Interval = "77s"
	a.wantStatus(t, 200, "PUT", "/api/monitors/"+old.ID, toJSON(t, old))
	a.wantStatus(t, 204, "POST", "/api/monitors/import", toJSON(t, []any{old}))
	old.Name += "!"
	a.do("PUT", "/api/monitors/"+old.ID, toJSON(t, old)).wantProblem(t, 400, "monitor name contains the control character U+202E")
	a.do("POST", "/api/monitors/import", toJSON(t, []any{old})).wantProblem(t, 400,
		`monitor 1 "old\u202ename!": monitor name contains the control character U+202E`)
}

func (a *api) wantStatus(t *testing.T, status int, method, path, body string) {
	t.Helper()
	if got := a.do(method, path, body); got.status != status {
		t.Errorf("%s %s: %d %s, want %d", method, path, got.status, got.body, status)
	}
}

// wantRejected sends a monitor, and an import of it, to every route that accepts one. It checks detail and hint.
func (a *api) wantRejected(t *testing.T, single, list, name, detail string) {
	t.Helper()
	for _, route := range []struct{ method, path string }{{"POST", "/api/monitors"}, {"PUT", "/api/monitors/" + idA}, {"POST", "/api/monitors/check"}} {
		got := a.do(route.method, route.path, single)
		got.wantProblem(t, 400, detail)
		got.wantHint(t, validationHints[detail])
	}
	if len(name) > 100 {
		name = name[:100]
	}
	for _, path := range []string{"/api/monitors/import", "/api/monitors/import?dryRun=true"} {
		got := a.do("POST", path, list)
		got.wantProblem(t, 400, "monitor 1 "+strconv.Quote(name)+": "+detail)
		got.wantHint(t, validationHints[detail])
	}
}

// typeHint lists the monitor types.
var typeHint = "Use one of " + strings.Join(probe.All(probe.Guard{}).Names(), ", ") + "."

// validationHints contains the hints of the validation messages by their detail. Other messages have none.
var validationHints = map[string]string{
	"missing monitor name":                     "Enter a name. It is shown in lists and notifications.",
	"missing monitor type":                     typeHint,
	"invalid monitor type":                     typeHint,
	"missing monitor interval":                 "Use a Go duration such as 30s or 5m.",
	"missing monitor target":                   "Enter the URL, host or domain name to check, or the schedule of a push monitor.",
	"invalid monitor interval":                 "Use a Go duration such as 30s or 5m.",
	"monitor interval must be greater than 1s": "The shortest interval is 1s.",

	`label key "my team" is invalid`: "A label key begins with a letter or a digit and contains only the letters a to z and A to Z, " +
		"digits, and the characters _ - . /",
	"label team has no value":                                 "Enter a value, or remove the label.",
	"label keys a-b and a.b are both label_a_b in Prometheus": "Use keys that differ in more than the characters _ - . /",
}

// wantHint checks the hint of a problem; an empty hint must be absent.
func (got response) wantHint(t *testing.T, hint string) {
	t.Helper()
	var p map[string]any
	must(t, json.Unmarshal(got.body, &p))
	if value, exists := p["hint"]; exists != (hint != "") || exists && value != hint {
		t.Errorf("problem is %s, want the hint %q", got.body, hint)
	}
}

func TestImportHints(t *testing.T) {
	a := startAPI(t, nil)
	const noTarget, noType, mistyped = `{"name":"n","type":"tcp","interval":"5s"}`, `{"name":"n"}`, `{"name":7}`
	for body, hint := range map[string]string{
		noTarget + "," + noTarget:                "Enter the URL, host or domain name to check, or the schedule of a push monitor.",
		noTarget + "," + noType + "," + noTarget: "",
		noTarget + "," + mistyped:                "",
	} {
		a.do("POST", "/api/monitors/import", "["+body+"]").wantHint(t, hint)
	}
}

// TestInvalidForType sends faults that depend on the monitor's type. The detail must name the invalid field or
// property.
func TestInvalidForType(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	monitors := a.monitors()
	types := map[string]string{"http": "http://localhost", "tcp": "localhost:1", "ping": "localhost", "dns": "localhost"}
	for _, c := range []struct {
		kind   string
		change map[string]any
		names  string
	}{
		{"http", map[string]any{"target": "localhost"}, "target"},
		{"tcp", map[string]any{"target": "localhost"}, "target"},
		{"ping", map[string]any{"target": "not a host"}, "target"},
		{"dns", map[string]any{"target": "not a name"}, "target"},
		{"http", map[string]any{"rule": "status =="}, "rule invalid: "},
		{"tcp", map[string]any{"rule": "status == 200"}, "rule invalid: "},
		{"http", map[string]any{"properties": map[string]any{"timeout": "5"}}, "timeout"},
		{"http", map[string]any{"properties": map[string]any{"nonsense": "5"}}, "nonsense"},
		{"http", map[string]any{"properties": map[string]any{"bodyRegex": "("}}, "bodyRegex"},
		{"http", map[string]any{"properties": map[string]any{"headers": "{"}}, "headers"},
		{"ping", map[string]any{"properties": map[string]any{"count": "0"}}, "count"},
		{"dns", map[string]any{"properties": map[string]any{"type": "Z"}}, "type"},
		{"tcp", map[string]any{"properties": map[string]any{"alertMute": "perhaps"}}, "alertMute"},
		{"tcp", map[string]any{"properties": map[string]any{"dependsOn": "n"}}, "dependsOn"},
	} {
		body := map[string]any{"name": "n", "type": c.kind, "interval": "5s", "target": types[c.kind]}
		maps.Copy(body, c.change)
		text := toJSON(t, body)
		for _, route := range []struct{ method, path, body string }{
			{"POST", "/api/monitors", text}, {"PUT", "/api/monitors/" + idA, text},
			{"POST", "/api/monitors/check", text}, {"POST", "/api/monitors/import", "[" + text + "]"},
		} {
			got := a.do(route.method, route.path, route.body)
			var p struct{ Detail string }
			must(t, json.Unmarshal(got.body, &p))
			if got.status != 400 || !strings.Contains(p.Detail, c.names) {
				t.Errorf("%s %s with %s: %d %s, want a detail with %q", route.method, route.path, route.body, got.status, got.body, c.names)
			}
		}
	}
	same(t, "monitors", a.monitors(), monitors)
}

// TestInvalidBodies sends bodies that are not JSON or not a monitor to every route that accepts a monitor.
func TestInvalidBodies(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	monitors := a.monitors()
	const valid = `{"name":"n","type":"tcp","interval":"5s","target":"localhost:1"}`
	routes := []struct{ method, path string }{
		{"POST", "/api/monitors"}, {"PUT", "/api/monitors/" + idA}, {"POST", "/api/monitors/check"}, {"POST", "/api/monitors/import"},
	}
	for name, c := range map[string]struct {
		body   string
		detail string // EXPECTED stands for the type that the route accepts
	}{
		"nothing":   {"", "request body is empty"},
		"blanks":    {" \n", "request body is empty"},
		"half":      {valid[:20], "request body is not valid JSON: unexpected end of JSON input"},
		"two":       {valid + valid, "request body is not valid JSON: invalid character '{' after top-level value"},
		"text":      {"name=n", "request body is not valid JSON: invalid character 'a' in literal null (expecting 'u')"},
		"not UTF-8": {strings.Replace(valid, `"n"`, "\"\xff\"", 1), "request body is not valid UTF-8"},
		"null":      {"null", "expected a JSON EXPECTED, not null"},
		"string":    {`"x"`, "expected a JSON EXPECTED, not a string"},
		"number":    {"5", "expected a JSON EXPECTED, not a number"},
		"bool":      {"true", "expected a JSON EXPECTED, not a bool"},
		"deep":      {strings.Repeat("[", 20_000), "request body is not valid JSON: invalid character '[' exceeded max depth"},
	} {
		for _, route := range routes {
			kind := "object"
			if strings.HasSuffix(route.path, "import") {
				kind = "array"
			}
			t.Run(name+" "+route.path, func(t *testing.T) {
				a.do(route.method, route.path, c.body).wantProblem(t, 400, strings.Replace(c.detail, "EXPECTED", kind, 1))
			})
		}
	}
	for _, route := range routes[:3] {
		a.do(route.method, route.path, "["+valid+"]").wantProblem(t, 400, "expected a JSON object, not an array")
		a.do(route.method, route.path, `{"name":"`+strings.Repeat("x", 2<<20)+`"}`).
			wantProblem(t, 413, "request body is larger than the 1048576 bytes allowed here")
	}
	same(t, "monitors", a.monitors(), monitors)
}

// TestContentTypeIsIgnored protects existing clients, which send any content type.
func TestContentTypeIsIgnored(t *testing.T) {
	a := startAPI(t, nil)
	for _, contentType := range []string{"", "text/plain", "application/json; charset=utf-8"} {
		body := toJSON(t, monitor.Monitor{Name: "n", Type: "tcp", Interval: "5s", Target: "localhost:1"})
		r, err := http.NewRequest("POST", a.url+"/api/monitors", bytes.NewReader([]byte(body)))
		must(t, err)
		r.Header.Set("Content-Type", contentType)
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("content type %q: status %d", contentType, res.StatusCode)
		}
	}
}

func TestInvalidRecipients(t *testing.T) {
	a := startAPI(t, nil)
	body := `{"name":"n","type":"tcp","interval":"5s","target":"localhost:1","properties":{"alertTo":"a@example.org, nobody"}}`
	const detail = `property alertTo: "nobody" is not an e-mail address, use for example a@example.org, b@example.org`
	a.do("POST", "/api/monitors", body).wantProblem(t, 400, detail)
	a.do("PUT", "/api/monitors/"+idA, body).wantProblem(t, 400, detail)
	a.do("POST", "/api/monitors/check", body).wantProblem(t, 400, detail)
	a.do("POST", "/api/monitors/import", "["+body+"]").wantProblem(t, 400, `monitor 1 "n": `+detail)
}

func TestMonitorCantDependOnItself(t *testing.T) {
	a := startAPI(t, nil)
	body := `{"name":"n","type":"tcp","interval":"5s","target":"localhost:1","properties":{"dependsOn":"` + strings.ToUpper(idA) + `"}}`
	a.do("PUT", "/api/monitors/"+idA, body).wantProblem(t, 400, "property dependsOn: a monitor can't depend on itself")
	withID := strings.Replace(body, "{", `{"id":"`+idA+`",`, 1)
	a.do("POST", "/api/monitors/import", "["+withID+"]").
		wantProblem(t, 400, `monitor 1 "n": property dependsOn: a monitor can't depend on itself`)
	if got := a.do("POST", "/api/monitors", withID); got.status != 200 {
		t.Errorf("a monitor that depends on another one by its id: %d %s", got.status, got.body)
	}
}
