package servicetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

// Call sends a request with body as JSON, or without a body if it is nil. It returns the status and the body of the
// response.
func Call(t testing.TB, method, url string, body any) (int, []byte) {
	t.Helper()
	var encodedBody io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		encodedBody = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, encodedBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, content
}

// Get requests url and decodes the JSON response. The test fails unless the status is 200.
func Get[T any](t testing.TB, url string) T {
	t.Helper()
	status, body := Call(t, http.MethodGet, url, nil)
	var value T
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", url, status, body)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatalf("GET %s: %v in %s", url, err, body)
	}
	return value
}

// Create creates a monitor through the API and returns the API's response.
func Create(t testing.TB, api string, m monitor.Monitor) monitor.Monitor {
	t.Helper()
	status, body := Call(t, http.MethodPost, api+"/monitors", m)
	if status != http.StatusOK {
		t.Fatalf("create %s: %d %s", m.Name, status, body)
	}
	var created monitor.Monitor
	if err := json.Unmarshal(body, &created); err != nil {
		t.Fatal(err)
	}
	return created
}

// CreateStatusPage creates a status page through the API.
func CreateStatusPage(t testing.TB, api string, p statuspage.Page) {
	t.Helper()
	if status, body := Call(t, http.MethodPost, api+"/status-pages", p); status != http.StatusOK {
		t.Fatalf("create the status page %s: %d %s", p.Slug, status, body)
	}
}

// Results returns the newest results of a monitor, at most 1000.
func Results(t testing.TB, api, id string) []monitor.Result {
	t.Helper()
	return Get[[]monitor.Result](t, api+"/monitors/"+id+"/results?max=1000")
}
