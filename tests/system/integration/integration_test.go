// Package integration runs the .http files against a real standalone process.
package integration

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/oidctest"
	"nanomon/tests/support/servicetest"
)

// mark is the group of the monitors, the name of the windows and the title of the status pages that integration-tests.http creates.
const mark = "integration-tests.http"

func TestMain(m *testing.M) { servicetest.Main(m) }

// testAPI runs the script of `just test-api` and returns its output and whether it succeeded.
func testAPI(t *testing.T, endpoint, token string, arguments ...string) (output string, ok bool) {
	t.Helper()
	command := exec.Command("node", append([]string{filepath.Join(servicetest.Root(), "scripts", "test-api.mjs")}, arguments...)...)
	command.Env = append(os.Environ(), "API_ENDPOINT="+endpoint, "API_TOKEN="+token)
	written, err := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 0 && code != 1 {
		t.Errorf("exit code %d: %v", code, err)
	}
	return string(written), err == nil
}

// wantSuccess runs the tests against an API. They must succeed.
func wantSuccess(t *testing.T, endpoint, token string) {
	t.Helper()
	output, ok := testAPI(t, endpoint, token)
	if !ok || !regexp.MustCompile(`\n(\d+) requests processed \((\d+) succeeded\)`).MatchString(output) {
		t.Errorf("output of the tests:\n%s", output)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	_, api, _ := servicetest.Standalone(t, t.TempDir())
	file := filepath.Join(t.TempDir(), "report.xml")
	output, ok := testAPI(t, api, "", file)
	if !ok || !strings.Contains(output, "All tests succeeded; the report is in "+file) {
		t.Errorf("output of the tests:\n%s", output)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Cases []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, suite := range report.Suites {
		cases += len(suite.Cases)
	}
	if report.Tests < 100 || report.Tests != cases || report.Failures != 0 {
		t.Errorf("the report has %d tests, %d cases and %d failures", report.Tests, cases, report.Failures)
	}
}

// wantFailure runs the tests against a faulty API. They must fail, with the expected texts in the output.
func wantFailure(t *testing.T, endpoint, token string, expected ...string) string {
	t.Helper()
	output, ok := testAPI(t, endpoint, token)
	for _, text := range expected {
		if ok || !strings.Contains(output, text) {
			t.Errorf("expected %q in the output of failing tests:\n%s", text, output)
		}
	}
	return output
}

func TestExistingDataIsNotChanged(t *testing.T) {
	t.Parallel()
	_, api, _ := servicetest.Standalone(t, t.TempDir())
	for _, group := range []string{"shop", mark} {
		servicetest.Create(t, api, monitor.Monitor{
			Name: "of " + group, Type: "tcp", Interval: "24h", Target: servicetest.RefusedAddress(t), Enabled: true, Group: group,
		})
	}
	for slug, title := range map[string]string{"mine": "mine", "left": mark} {
		call(t, api, "", http.MethodPost, "/status-pages", `{"slug":"`+slug+`","title":"`+title+`"}`)
	}
	for _, name := range []string{"mine", mark} {
		call(t, api, "", http.MethodPost, "/maintenance", `{"name":"`+name+`","groups":["shop"],"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`)
	}
	servicetest.Eventually(t, "results", func() bool { return len(servicetest.Get[[]any](t, api+"/results")) == 2 })
	snapshot := func() map[string][]map[string]any {
		return map[string][]map[string]any{
			"monitors": servicetest.Get[[]map[string]any](t, api+"/monitors?include=latest,history"),
			"results":  servicetest.Get[[]map[string]any](t, api+"/results"),
			"pages":    servicetest.Get[[]map[string]any](t, api+"/status-pages"),
			"windows":  servicetest.Get[[]map[string]any](t, api+"/maintenance"),
		}
	}
	expected := snapshot()
	for list, all := range expected {
		expected[list] = slices.DeleteFunc(all, func(one map[string]any) bool {
			return one["group"] == mark || one["monitor_name"] == "of "+mark || one["name"] == mark || one["title"] == mark
		})
		if len(expected[list]) != 1 {
			t.Fatalf("%s: %v", list, expected[list])
		}
	}
	for range 2 {
		wantSuccess(t, api, "")
		if difference := cmp.Diff(expected, snapshot()); difference != "" {
			t.Error(difference)
		}
	}
}

func TestSignedIn(t *testing.T) {
	t.Parallel()
	provider := oidctest.New(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{
		"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": provider.Issuer(), "AUTH_PROTECT_READS": "true",
	})
	token := provider.Token(nil)
	for _, name := range []string{"mine", mark} {
		call(t, api, token, http.MethodPost, "/keys", `{"name":"`+name+`","scope":"read"}`)
	}
	wantSuccess(t, api, token)
	if left := call(t, api, token, http.MethodGet, "/keys", ""); !strings.Contains(left, `"mine"`) || strings.Contains(left, mark) {
		t.Errorf("the remaining keys are %s", left)
	}
	wantFailure(t, api, "", "The API responded with 401: ", "API_TOKEN")
	for _, output := range []string{
		wantFailure(t, api, token+"x", "The API responded with 401: ", "API_TOKEN"),
		wantFailure(t, api, token+"•", "API_TOKEN contains a character"),
		wantFailure(t, faultyProxy(t, api), token, "✖ detail == max must be between 1 and 1000", "Bearer •••"),
	} {
		if strings.Contains(output, token) {
			t.Errorf("the output contains the token:\n%s", output)
		}
	}
}

// call sends a request with a token and returns the body of the response.
func call(t *testing.T, api, token, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, api+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, content, err)
	}
	return string(content)
}

// faultyProxy returns the address of a proxy of an API that changes one detail and aborts one response.
func faultyProxy(t *testing.T, api string) string {
	t.Helper()
	target, err := url.Parse(strings.TrimSuffix(api, "/api"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ModifyResponse = func(r *http.Response) error {
		switch query := r.Request.URL.RawQuery; {
		case query == "status=0":
			panic(http.ErrAbortHandler)
		case query != "max=1001":
			return nil
		}
		r.Body.Close()
		text := `{"status":400,"detail":"max is wrong"}`
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		r.Header.Del("Content-Length")
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL + "/api"
}

func TestFailureIsReported(t *testing.T) {
	t.Parallel()
	_, api, _ := servicetest.Standalone(t, t.TempDir())
	wantFailure(t, faultyProxy(t, api), "", "=== A page that is too long ===", "✖ detail == max must be between 1 and 1000", "detail (max is wrong)", "1 failed, 1 errored")
	if left := servicetest.Get[[]monitor.Monitor](t, api+"/monitors"); len(left) > 0 {
		t.Errorf("remaining monitors: %v", left)
	}
}

func TestEndpointWithoutNanoMon(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for endpoint, expected := range map[string]string{
		"http://" + servicetest.RefusedAddress(t) + "/api": "NanoMon does not respond at http://127.0.0.1:",
		other.URL + "/api": "(404) is not the API of NanoMon",
		"/api":             "API_ENDPOINT must be the full URL of an API",
	} {
		if output := wantFailure(t, endpoint, "", expected); strings.Count(output, "\n") != 1 {
			t.Errorf("more than one line:\n%s", output)
		}
	}
}

// TestReferenceRequestsSucceed sends all requests in api-reference.http, with real ids and a token. It skips the event
// stream, which does not end.
func TestReferenceRequestsSucceed(t *testing.T) {
	t.Parallel()
	provider := oidctest.New(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{
		"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": provider.Issuer(),
	})
	token := provider.Token(nil)
	create := func(path, body string) string {
		var created struct{ ID string }
		if err := json.Unmarshal([]byte(call(t, api, token, http.MethodPost, path, body)), &created); err != nil {
			t.Fatal(err)
		}
		return created.ID
	}
	push := create("/monitors", `{"name":"job","type":"push","target":"every 1h"}`)
	var url struct{ UUID string }
	if err := json.Unmarshal([]byte(call(t, api, token, http.MethodGet, "/monitors/"+push+"/ping-url", "")), &url); err != nil {
		t.Fatal(err)
	}
	page := create("/status-pages", `{"slug":"mine","title":"mine"}`)
	site := strings.TrimSuffix(api, "/api")
	publishPage(t, api, token, site)
	text := readReference(t)
	for name, value := range map[string]string{
		"api":     api,
		"site":    site,
		"slug":    "public",
		"entry":   "0000000f",
		"token":   token,
		"monitor": create("/monitors", `{"name":"mine","type":"tcp","interval":"24h","target":"127.0.0.1:1"}`),
		"window":  create("/maintenance", `{"name":"mine","groups":["shop"],"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`),
		"page":    page,
		"message": create("/status-pages/"+page+"/messages", `{"title":"mine","updates":[{"state":"resolved","text":"done"}]}`),
		"push":    push,
		"uuid":    url.UUID,
		"key":     create("/keys", `{"name":"mine","scope":"read"}`),
		"incident": openIncident(t, api, token, create("/monitors",
			`{"name":"down","type":"tcp","interval":"24h","target":"127.0.0.1:1","properties":{"alertFailCount":"1"}}`)),
	} {
		text = regexp.MustCompile(`(?m)^@`+name+` = .*$`).ReplaceAllLiteralString(text, "@"+name+" = "+value)
	}
	text = strings.Replace(text, "GET {{api}}/events\n", "", 1)
	text = regexp.MustCompile(`(?m)^If-Match: .*$`).ReplaceAllLiteralString(text, "If-Match: *") // the ETag of any version
	sent := 0
	for _, response := range send(t, text) {
		if response.Status == 0 {
			continue // a heading
		}
		if sent++; response.Status >= 400 {
			t.Errorf("%s %s: %d", response.Request.Method, response.Request.URL, response.Status)
		}
	}
	if requests := len(regexp.MustCompile(`(?m)^[A-Z]+ \{\{(api|site)\}`).FindAllString(text, -1)); sent != requests {
		t.Errorf("%d of %d requests were sent", sent, requests)
	}
}

// publishPage creates a status page with the slug public and the entry 0000000f, and waits until visitors see both.
func publishPage(t *testing.T, api, token, site string) {
	t.Helper()
	call(t, api, token, http.MethodPost, "/monitors", `{"name":"public","type":"tcp","interval":"24h","target":"127.0.0.1:1","labels":{"public":"yes"}}`)
	call(t, api, token, http.MethodPost, "/status-pages", `{"slug":"public","title":"public","show":{"uptime":true,"responseTime":true},
		"sections":[{"entries":[{"id":"0000000f","name":"All","label":"public"}]}],"logo":"`+logo+`"}`)
	servicetest.Eventually(t, "the status page", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, site+"/badges/public/0000000f/status.svg", nil)
		return status == http.StatusOK
	})
}

// logo is an image of one pixel.
const logo = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// openIncident waits until an incident of a monitor is open, and returns its id.
func openIncident(t *testing.T, api, token, monitorID string) string {
	t.Helper()
	var open []struct{ ID string }
	servicetest.Eventually(t, "an open incident", func() bool {
		body := call(t, api, token, http.MethodGet, "/incidents?open=true&monitor="+monitorID, "")
		if err := json.Unmarshal([]byte(body), &open); err != nil {
			t.Fatal(err)
		}
		return len(open) > 0
	})
	return open[0].ID
}

func readReference(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), "api", "api-reference.http"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// response is a response in the output of httpyac.
type response struct {
	Status  int `json:"statusCode"`
	Request struct{ Method, URL string }
}

// send sends all requests of a text with httpyac.
func send(t *testing.T, text string) []response {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "requests.http"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// httpyac exits before a slow reader of a pipe has read everything, so its output goes to a file.
	file, err := os.Create(filepath.Join(folder, "output.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	httpyac := filepath.Join(servicetest.Root(), "api", "node_modules", "httpyac", "bin", "httpyac.js")
	command := exec.Command("node", httpyac, "send", "requests.http", "--all", "--json")
	command.Dir, command.Stdout = folder, file
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	output, err := os.ReadFile(file.Name())
	var all struct{ Requests []struct{ Response response } }
	if err := errors.Join(err, json.Unmarshal(output, &all)); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	responses := make([]response, len(all.Requests))
	for i, request := range all.Requests {
		responses[i] = request.Response
	}
	return responses
}
