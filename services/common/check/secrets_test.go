package check_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

const specialCharacters = `hu/sh@wo:rd?&#%"x`

var allowed = map[string]string{"PLAIN": "hushword", "SPECIAL": specialCharacters, "HOST": "hush.invalid", "NUMBER": "8675309", "REFUSED": "h\nush"}

func source(t *testing.T, list string) secret.Source {
	t.Helper()
	s, err := secret.ParseSource(list, allowed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// runOnce checks m once with a source that allows the variables of all tests.
func runOnce(t *testing.T, m monitor.Monitor) monitor.Result {
	t.Helper()
	m.ID, m.Name, m.Interval = "65a50000000000000000000a", "name", "30s"
	c, err := check.Compile(probe.All(probe.Guard{}), source(t, "env:PLAIN env:SPECIAL env:HOST env:NUMBER env:REFUSED env:UNSET"), m)
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	defer c.Close()
	r, err := c.Run(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantNoSecrets fails the test if the result contains one of the secrets in any encoding.
func wantNoSecrets(t *testing.T, r monitor.Result) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(string(data) + fmt.Sprint(r) + html.UnescapeString(string(data)))
	for _, value := range allowed {
		for _, form := range []string{
			value, url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value),
			base64.StdEncoding.EncodeToString([]byte(value)), base64.StdEncoding.EncodeToString([]byte("me:" + value)),
		} {
			if strings.Contains(text, strings.ToLower(form)) {
				t.Errorf("%q is in the result %s", form, data)
			}
		}
	}
}

// newEchoServer returns a server whose responses repeat the request, as text and in JSON. Below /redirect/ it redirects
// to a URL that contains the secrets of the request.
func newEchoServer(t *testing.T) (server *httptest.Server, last *atomic.Pointer[http.Request]) {
	t.Helper()
	last = &atomic.Pointer[http.Request]{}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		whole, err := httputil.DumpRequest(r, true)
		if err != nil {
			panic(err)
		}
		last.Store(r)
		if rest, ok := strings.CutPrefix(r.URL.Path, "/redirect"); ok {
			to := url.URL{Path: rest, RawQuery: url.Values{"sent": {r.Header.Get("X-Key")}, "again": r.URL.Query()["key"]}.Encode()}
			http.Redirect(w, r, to.String(), http.StatusFound)
			return
		}
		fmt.Fprintf(w, "%s\n%s %s\n", whole, html.EscapeString(string(whole)), r.URL.Path)
		json.NewEncoder(w).Encode(map[string]any{"headers": r.Header, "url": r.URL.String()})
	}))
	t.Cleanup(server.Close)
	return server, last
}

// The headers of this test are also sent to other origins, unless they contain a secret.
func TestRedirectToAnotherOriginSendsNoReferences(t *testing.T) {
	other, last := newEchoServer(t)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
	}))
	defer first.Close()
	runOnce(t, monitor.Monitor{Type: "http", Target: first.URL, Properties: map[string]string{
		"userAgent": "agent/${env:PLAIN}",
		"headers":   `{"Accept": "text/x-test", "Accept-Language": "${env:SPECIAL}"}`,
	}})
	want := http.Header{"User-Agent": {"NanoMon/1.0"}, "Accept": {"text/x-test"}, "Accept-Encoding": {"gzip"}, "Connection": {"close"}}
	if got := last.Load().Header; !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the other origin received the headers %q, want %q", got, want)
	}
	runOnce(t, monitor.Monitor{Type: "http", Target: first.URL, Properties: map[string]string{"headers": `{"User-Agent": "x ${env:PLAIN}"}`}})
	if got := last.Load().UserAgent(); got != "NanoMon/1.0" {
		t.Errorf("the other origin received the user agent %q", got)
	}
}

func TestSecretsAreSentToTheTargetOnly(t *testing.T) {
	server, last := newEchoServer(t)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, name := range []string{"PLAIN", "SPECIAL"} {
		ref := "${env:" + name + "}"
		headers, _ := json.Marshal(map[string]string{"X-Key": ref, "Authorization": "Bearer " + ref})
		for _, path := range []string{"", "/redirect"} {
			for _, regex := range []string{"", `(?s).*`, `(?s).{200,}`, `X-Key: (.*)`, `Authorization: Basic (.*)`, `"url":"(.*)"`} {
				for _, rule := range []string{"", "status == 500", "body =~ 'hush'", "body > 3"} {
					m := monitor.Monitor{Type: "http", Rule: rule, Target: fmt.Sprintf("http://me:%s@%s%s/p/%s?key=%s", ref, host, path, ref, ref),
						Properties: map[string]string{"method": "POST", "headers": string(headers), "body": "b " + ref, "userAgent": ref, "bodyRegex": regex}}
					if strings.HasPrefix(regex, "Auth") {
						m.Properties["headers"] = "{}"
					}
					r := runOnce(t, m)
					wantNoSecrets(t, r)
					if r.MonitorTarget != m.Target {
						t.Errorf("the result has the target %s", r.MonitorTarget)
					}
					if regex != "" && path == "" && r.Outputs["regexMatch"] == nil {
						t.Errorf("%s matches nothing", regex)
					}
				}
			}
		}
	}
	// The server receives the values of the secrets unchanged.
	var body atomic.Value
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		body.Store(string(data))
		last.Store(r)
	}))
	defer receiver.Close()
	r := runOnce(t, monitor.Monitor{Type: "http", Target: strings.Replace(receiver.URL, "://", "://me:${env:SPECIAL}@", 1) + "/a/${env:SPECIAL}?k=${env:SPECIAL}&l=$${x}",
		Properties: map[string]string{"method": "POST", "headers": `{"X-Key": "k ${env:SPECIAL}"}`, "body": `<${env:SPECIAL}> $${env:SPECIAL} ${x}`}})
	got := last.Load()
	user, password, _ := got.BasicAuth()
	if r.Status != monitor.StatusOK || user != "me" || password != specialCharacters || got.URL.Path != "/a/"+specialCharacters || got.URL.Query().Get("k") != specialCharacters || got.URL.Query().Get("l") != "${x}" ||
		got.Header.Get("X-Key") != "k "+specialCharacters || body.Load() != "<"+specialCharacters+"> ${env:SPECIAL} ${x}" {
		t.Errorf("result %+v, sent %s %q:%q %v %s", r, got.URL, user, password, got.Header, body.Load())
	}
}

func TestSecretsInMessages(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, c := range []struct {
		m    monitor.Monitor
		want string
	}{
		{monitor.Monitor{Type: "http", Target: "http://${env:HOST}/"}, "can't resolve ${env:HOST}: "},
		{monitor.Monitor{Type: "tcp", Target: "${env:HOST}:80"}, "can't resolve ${env:HOST}: "},
		{monitor.Monitor{Type: "ping", Target: "${env:HOST}"}, "can't resolve ${env:HOST}: "},
		{monitor.Monitor{Type: "dns", Target: "www.example", Properties: map[string]string{"server": "${env:HOST}"}}, "can't query the name server ${env:HOST}:53 for "},
		{monitor.Monitor{Type: "http", Target: closed.URL + "/?k=${env:PLAIN}"}, "refused"},
		{monitor.Monitor{Type: "http", Target: "http://h.example", Properties: map[string]string{"body": "${env:OTHER}"}}, "secret env:OTHER is not allowed by SECRETS_ALLOW"},
		{monitor.Monitor{Type: "http", Target: "http://${env:UNSET}"}, "secret env:UNSET is not set"},
		{monitor.Monitor{Type: "http", Target: "http://h/${file:/etc/hostname}"}, "secret file:/etc/hostname is not allowed by SECRETS_ALLOW"},
		{monitor.Monitor{Type: "http", Target: "http://h", Properties: map[string]string{"headers": `{"X-Key": "${env:REFUSED}"}`}}, "the secret is not a valid value for property headers"},
		{monitor.Monitor{Type: "dns", Target: "www.example", Properties: map[string]string{"server": "${env:SPECIAL}"}}, "the secret is not a valid value for property server"},
		{monitor.Monitor{Type: "tcp", Target: "${env:PLAIN}"}, "the secret is not a valid value for the target"},
	} {
		r := runOnce(t, c.m)
		wantNoSecrets(t, r)
		if r.Status != monitor.StatusFailed || !strings.Contains(r.Message, c.want) || r.MonitorTarget != c.m.Target {
			t.Errorf("%+v: got %+v, want %s", c.m, r, c.want)
		}
	}
}

func TestNumericSecretIsHidden(t *testing.T) {
	server, _ := newEchoServer(t)
	r := runOnce(t, monitor.Monitor{Type: "http", Target: server.URL, Properties: map[string]string{"headers": `{"X-Key":"${env:NUMBER}"}`, "bodyRegex": `X-Key: (\d+)`}})
	wantNoSecrets(t, r)
	if r.Outputs["regexMatch"] != "${env:NUMBER}" || r.Value != r.Outputs["respTime"] {
		t.Errorf("got %+v", r)
	}
}

// A captured number may be a secret that the target repeats.
func TestCapturedSecretIsHidden(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	defer server.Close()
	r := runOnce(t, monitor.Monitor{Type: "http", Target: server.URL, Rule: "pin == 8675309 && other == 5", Properties: map[string]string{
		"method": "POST", "body": `{"pin": "${env:NUMBER}", "other": 5}`, "capture": `{"pin": "$.pin", "other": "$.other"}`,
	}})
	wantNoSecrets(t, r)
	if r.Status != monitor.StatusOK || r.Outputs["pin"] != "${env:NUMBER}" || r.Outputs["other"] != 5.0 || r.Outputs["status"] != 200.0 {
		t.Errorf("got %+v", r)
	}
}

// A long output is truncated, possibly in the middle of a secret.
func TestTruncatedSecretIsHidden(t *testing.T) {
	for _, before := range []int{990, 995, 999} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Repeat("x", before)+r.Header.Get("X-Key")+strings.Repeat("y", 50))
		}))
		r := runOnce(t, monitor.Monitor{Type: "http", Target: server.URL, Properties: map[string]string{"headers": `{"X-Key":"${env:PLAIN}"}`, "bodyRegex": ".*"}})
		server.Close()
		if text, _ := r.Outputs["regexMatch"].(string); !strings.HasPrefix(text, "xxxx") || strings.Contains(text, "hush") {
			t.Errorf("after %d characters: %s", before, text)
		}
	}
}

func TestFilesAreReadAtEachRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, last := newEchoServer(t)
	write("first\n")
	m := monitor.Monitor{ID: "id", Name: "n", Type: "http", Interval: "30s", Target: server.URL,
		Properties: map[string]string{"headers": `{"X-Key":"${file:` + file + `}"}`, "keepAlive": "true", "bodyRegex": `X-Key: (\w+)`}}
	c, err := check.Compile(probe.All(probe.Guard{}), source(t, "file:"+filepath.Dir(file)+"/"), m)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run := func(want monitor.Status, key, message string) {
		t.Helper()
		r, err := c.Run(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status != want || r.Message != message || want == monitor.StatusOK && last.Load().Header.Get("X-Key") != key || want == monitor.StatusOK && r.Outputs["regexMatch"] != "${file:"+file+"}" {
			t.Errorf("got %+v, sent %s, want %s", r, last.Load().Header.Get("X-Key"), key)
		}
	}
	run(monitor.StatusOK, "first", "")
	from := last.Load().RemoteAddr
	run(monitor.StatusOK, "first", "")
	if last.Load().RemoteAddr != from {
		t.Error("the connection was closed although the secret did not change")
	}
	write("second")
	run(monitor.StatusOK, "second", "")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	run(monitor.StatusFailed, "", "secret file:"+file+" is not set: there is no such file")
	write("third")
	run(monitor.StatusOK, "third", "")
}

func TestValidateReferences(t *testing.T) {
	valid := func(kind, target string, pairs ...string) monitor.Monitor {
		m := monitor.Monitor{Name: "name", Type: kind, Interval: "1s", Target: target, Properties: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			m.Properties[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for _, m := range []monitor.Monitor{
		valid("http", "${env:URL}"), valid("http", "https://u:${env:PW}@h/${env:P}?a=${file:/run/a}"), valid("http", "http://${env:H}:80/"), valid("http", "http://h/?${x}", "body", "${x} ${"),
		valid("tcp", "${env:ADDRESS}"), valid("tcp", "${env:HOST}:5432"), valid("tcp", "h.example:${env:PORT}"), valid("ping", "${env:HOST}"), valid("dns", "${env:NAME}.example"),
		valid("dns", "a.example", "server", "${env:SERVER}"), valid("http", "http://h", "headers", `{"A":"Bearer ${env:T}"}`, "body", "${file:/a}", "bodyRegex", "${env:R}", "userAgent", "${env:U}"),
	} {
		if err := check.Validate(probe.All(probe.Guard{}), m); err != nil {
			t.Errorf("%s %v: %v", m.Target, m.Properties, err)
		}
	}
	const form = ": invalid reference to a secret: use ${env:NAME} or ${file:/path}, and $${ for a literal ${"
	for want, m := range map[string]monitor.Monitor{
		"property body" + form:                                             valid("http", "http://h", "body", "${env:}"),
		"invalid monitor target" + form:                                    valid("http", "http://h/${file:a}"),
		"property timeout: references to secrets are not supported here":   valid("http", "http://h", "timeout", "${env:T}"),
		"property method: references to secrets are not supported here":    valid("http", "http://h", "method", "${env:T}"),
		"property alertTo: references to secrets are not supported here":   valid("http", "http://h", "alertTo", "${env:T}"),
		"property dependsOn: references to secrets are not supported here": valid("tcp", "h:1", "dependsOn", "${file:/a}"),
		`property headers: "${env:N}" is not a header name`:                valid("http", "http://h", "headers", `{"${env:N}":"${env:V}"}`),
		"property headers: not a JSON object of strings, use for example":  valid("http", "http://h", "headers", `${env:ALL}`),
		"invalid monitor target: expected a URL that starts with http:// ": valid("http", "ftp://${env:H}/"),
		"unknown property 'password' for type http":                        valid("http", "http://h", "password", "${env:P}"),
		"rule invalid: ": func() monitor.Monitor { m := valid("http", "http://${env:H}"); m.Rule = "=="; return m }(),
	} {
		if err := check.Validate(probe.All(probe.Guard{}), m); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
