package servicetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"nanomon/services/common/monitor"
)

// Call sends body as JSON, unless it is nil, and returns the status and the body of the answer.
func Call(t testing.TB, method, url string, body any) (int, []byte) {
	t.Helper()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// Get reads JSON.
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

// Create stores a monitor and returns it as the API answers.
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

// Results are the newest results of a monitor.
func Results(t testing.TB, api, id string) []monitor.Result {
	t.Helper()
	return Get[[]monitor.Result](t, api+"/monitors/"+id+"/results?max=1000")
}
