package upgrade

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recording contains what the API of the old version answered for its own database; see testdata/0.1.0/README.md.
type recording struct {
	// AdminKey is an API key with the scope admin.
	AdminKey string
	// Pending is the id of the notification that has not been sent.
	Pending string
	// Answers lists the answers that stay the same after the upgrade. Current lists those that stay the same until a
	// runner starts.
	Answers, Current []answer
}

type answer struct {
	Path   string
	Answer any
}

// fixture returns the path of a file of the fixture.
func fixture(name ...string) string {
	return filepath.Join(append([]string{"testdata", oldVersion}, name...)...)
}

func readRecording(t *testing.T, store string) recording {
	t.Helper()
	text, err := os.ReadFile(fixture(store, "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	changes := readDifferences(t)
	for _, answers := range [][]answer{r.Answers, r.Current} {
		for _, a := range answers {
			for name, difference := range changes {
				for _, object := range objects(a.Answer) {
					difference.apply(objects(object[name]))
				}
			}
		}
	}
	return r
}

// difference is a deliberate, documented change of the objects in an array: new names of members, and new values.
type difference struct {
	Members, Values map[string]string
}

// readDifferences returns the deliberate differences between the old and the current API, by the name of the array.
func readDifferences(t *testing.T) map[string]difference {
	t.Helper()
	text, err := os.ReadFile(fixture("differences.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]difference
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// apply changes the objects of an old answer into those that the current API should return.
func (d difference) apply(list []map[string]any) {
	for _, object := range list {
		for old, current := range d.Members {
			value, ok := object[old]
			if !ok {
				continue
			}
			delete(object, old)
			if text, ok := value.(string); ok && d.Values[text] != "" {
				value = d.Values[text]
			}
			object[current] = value
		}
	}
}

// monitor returns the id of the monitor with a name.
func (r recording) monitor(t *testing.T, name string) string {
	t.Helper()
	for _, m := range r.listed(t, "/api/monitors") {
		if m["name"] == name {
			return m["id"].(string)
		}
	}
	t.Fatalf("no monitor %s was recorded", name)
	return ""
}

// listed returns the objects in the array that was recorded at a path.
func (r recording) listed(t *testing.T, path string) []map[string]any {
	t.Helper()
	i := slices.IndexFunc(r.Answers, func(a answer) bool { return a.Path == path })
	if i < 0 {
		t.Fatalf("no answer at %s was recorded", path)
	}
	return objects(r.Answers[i].Answer)
}

// objects returns the elements of an array that are objects.
func objects(array any) []map[string]any {
	var list []map[string]any
	elements, _ := array.([]any)
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok {
			list = append(list, object)
		}
	}
	return list
}

// client calls an API with a key.
type client struct {
	// base is the address of the API without /api.
	base, key string
}

func newClient(api, key string) client { return client{strings.TrimSuffix(api, "/api"), key} }

// call sends body as JSON, unless it is nil, and returns the answer. The test fails if its status is not want.
func (c client) call(t *testing.T, method, path string, body any, want int) []byte {
	t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, c.base+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		t.Fatalf("%s %s: %d %s (error %v), want the status %d", method, path, response.StatusCode, text, err, want)
	}
	return text
}

func (c client) get(t *testing.T, path string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(c.call(t, http.MethodGet, path, nil, http.StatusOK), &value); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return value
}

// compare requests the recorded paths again and compares the answers. New members and new notifications are allowed.
func (c client) compare(t *testing.T, answers []answer) {
	t.Helper()
	for _, a := range answers {
		got := c.get(t, a.Path)
		if strings.HasPrefix(a.Path, "/api/alerts") {
			got = withIDs(got, objects(a.Answer))
		}
		if strings.Contains(a.Path, "/stats?") {
			mergeBuckets(a.Answer, got)
		}
		if difference := differ("", a.Answer, got); difference != "" {
			t.Errorf("GET %s: %s", a.Path, difference)
		}
	}
}

// withIDs returns the elements of an array that have the id of one of the objects.
func withIDs(array any, objects []map[string]any) any {
	elements, ok := array.([]any)
	if !ok {
		return array
	}
	return slices.DeleteFunc(slices.Clone(elements), func(element any) bool {
		object, ok := element.(map[string]any)
		return ok && !slices.ContainsFunc(objects, func(o map[string]any) bool { return o["id"] == object["id"] })
	})
}

// differ describes the first difference between two JSON values, or returns "". It ignores members that only got has.
func differ(at string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			break
		}
		for name, value := range want {
			if difference := differ(at+"."+name, value, object[name]); difference != "" {
				return difference
			}
		}
		return ""
	case []any:
		array, ok := got.([]any)
		if !ok {
			break
		}
		if len(array) != len(want) {
			return fmt.Sprintf("%s has %d elements, want %d", at, len(array), len(want))
		}
		for i, value := range want {
			if difference := differ(fmt.Sprintf("%s[%d]", at, i), value, array[i]); difference != "" {
				return difference
			}
		}
		return ""
	case float64:
		// The order in which floating-point numbers are added may change.
		if number, ok := got.(float64); ok && math.Abs(number-want) <= 1e-9*max(1, math.Abs(want)) {
			return ""
		}
	default:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s is %.200v, want %.200v", at, fmt.Sprint(got), fmt.Sprint(want))
}
