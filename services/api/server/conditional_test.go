package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store/sqlite"
)

// doIf sends a request with the header If-Match.
func (a *api) doIf(method, path, body string, tags ...string) response {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	must(a.t, err)
	r.Header["If-Match"] = tags
	return a.send(r)
}

// tag returns the entity tag of a document. It must be strong.
func (a *api) tag(path string) string {
	a.t.Helper()
	got := a.do("GET", path, "")
	tag := got.header.Get("ETag")
	if got.status != 200 || !strings.HasPrefix(tag, `"`) {
		a.t.Fatalf("GET %s: %d with the ETag %s", path, got.status, tag)
	}
	return tag
}

// wantChanged checks a response with the status 412.
func (a *api) wantChanged(t *testing.T, got response, path, kind string) {
	t.Helper()
	got.wantProblem(t, http.StatusPreconditionFailed, "the "+kind+" has changed since it was read")
	var problem struct{ Current json.RawMessage }
	must(t, json.Unmarshal(got.body, &problem))
	current := a.do("GET", path, "")
	same(t, "current document", plain(t, problem.Current), plain(t, current.body))
	same(t, "ETag", got.header.Get("ETag"), current.header.Get("ETag"))
}

// conditionalResource is a kind of documents with conditional requests.
type conditionalResource struct {
	// collection is the path of the documents. {page} is the id of a status page.
	collection string
	// body creates a document. A change replaces the text name in it.
	body, name string
	// kind names a document in problems.
	kind string
}

var conditionalResources = []conditionalResource{
	{"/api/monitors", `{"name":"n1","type":"tcp","interval":"5s","target":"localhost:1"}`, "n1", "monitor"},
	{"/api/maintenance", weeklyJSON, "backup", "maintenance window"},
	{"/api/status-pages", pageJSON, "Payments", "status page"},
	{"/api/status-pages/{page}/messages", messageJSON, "Cards fail", "message"},
}

// create creates a document and returns the response and the path of the document.
func (c conditionalResource) create(a *api) (created response, path string) {
	a.t.Helper()
	collection := c.collection
	if strings.Contains(collection, "{page}") {
		collection = a.createPage(pageJSON) + "/messages"
	}
	created = a.do("POST", collection, c.body)
	return created, collection + "/" + decodeAs[monitor.Monitor](a.t, created).ID
}

// changed returns the body of a document with another name.
func (c conditionalResource) changed(name string) string {
	return strings.Replace(c.body, c.name, name, 1)
}

func TestConditionalRequests(t *testing.T) {
	for _, c := range conditionalResources {
		t.Run(c.kind, func(t *testing.T) {
			a := startAPI(t, nil)
			created, path := c.create(a)
			first := created.header.Get("ETag")
			same(t, "ETag of GET", a.tag(path), first)

			changed := a.doIf("PUT", path, c.changed("changed"), `"x", W/"y"`, first)
			second := changed.header.Get("ETag")
			if changed.status != 200 || second == first {
				t.Fatalf("the first change: %d with the ETag %s after %s", changed.status, second, first)
			}
			same(t, "ETag of GET", a.tag(path), second)

			stored := a.do("GET", path, "").body
			for _, tags := range [][]string{{first}, {`"x"`}, {"W/" + second}, {`""`, first}} {
				a.wantChanged(t, a.doIf("PUT", path, c.body, tags...), path, c.kind)
				a.wantChanged(t, a.doIf("PUT", path, "{", tags...), path, c.kind)
				a.wantChanged(t, a.doIf("DELETE", path, "", tags...), path, c.kind)
			}
			for _, malformed := range []string{"x", "", `"x`, `"x", *`, strings.Trim(second, `"`)} {
				for _, method := range []string{"PUT", "DELETE"} {
					got := a.doIf(method, path, c.body, malformed)
					got.wantProblem(t, 400, "the header If-Match is malformed")
				}
			}
			same(t, "stored document", plain(t, a.do("GET", path, "").body), plain(t, stored))

			if got := a.doIf("PUT", path, c.body, "*"); got.status != 200 {
				t.Errorf("PUT with *: %d %s", got.status, got.body)
			}
			if got := a.do("PUT", path, c.changed("changed")); got.status != 200 || got.header.Get("ETag") != a.tag(path) {
				t.Errorf("PUT without a condition: %d with %v", got.status, got.header)
			}
			if got := a.doIf("DELETE", path, "", a.tag(path)); got.status != 204 {
				t.Errorf("DELETE: %d %s", got.status, got.body)
			}
			for _, tag := range []string{second, "*"} {
				for _, method := range []string{"PUT", "DELETE"} {
					if got := a.doIf(method, path, c.body, tag); got.status != 404 {
						t.Errorf("%s of a deleted document with %s: %d %s", method, tag, got.status, got.body)
					}
				}
			}
		})
	}
}

// TestConcurrentEdits lets several clients change the same version.
func TestConcurrentEdits(t *testing.T) {
	for _, c := range conditionalResources {
		t.Run(c.kind, func(t *testing.T) {
			a := startAPI(t, nil)
			_, path := c.create(a)
			for round := range 10 {
				tag := a.tag(path)
				got := make([]response, 6)
				var clients sync.WaitGroup
				for n := range got {
					body := c.changed(fmt.Sprintf("changed by %d in round %d", n, round))
					clients.Go(func() { got[n] = a.doIf("PUT", path, body, tag) })
				}
				clients.Wait()
				changed := 0
				for _, r := range got {
					switch r.status {
					case http.StatusOK:
						changed++
					case http.StatusPreconditionFailed:
					default:
						t.Errorf("round %d: %d %s", round, r.status, r.body)
					}
				}
				if changed != 1 {
					t.Fatalf("round %d: %d clients have changed the same version", round, changed)
				}
			}
		})
	}
}

// racingStore runs a function before each conditional write, as if another process wrote at that time.
type racingStore struct {
	*sqlite.Store
	race func()
}

func (s *racingStore) ReplaceMonitorIf(ctx context.Context, m, old monitor.Monitor) error {
	s.race()
	return s.Store.ReplaceMonitorIf(ctx, m, old)
}

func (s *racingStore) DeleteMonitorIf(ctx context.Context, old monitor.Monitor) error {
	s.race()
	return s.Store.DeleteMonitorIf(ctx, old)
}

func TestChangeDuringConditionalWrite(t *testing.T) {
	s := &racingStore{Store: openStore(t)}
	a := startAPI(t, s)
	must(t, s.CreateMonitor(t.Context(), monitorB))
	path := "/api/monitors/" + idB
	edited := monitorB
	for _, method := range []string{"PUT", "DELETE"} {
		s.race = func() {
			edited.Name += "+"
			must(t, s.ReplaceMonitor(t.Context(), edited))
		}
		a.wantChanged(t, a.doIf(method, path, toJSON(t, monitorB), a.tag(path)), path, "monitor")
	}
	s.race = func() { must(t, s.DeleteMonitor(t.Context(), idB)) }
	a.doIf("PUT", path, toJSON(t, monitorB), a.tag(path)).wantProblem(t, 404, "there is no monitor with the id "+idB)
}

// TestTagsOfSecrets checks that the entity tag of a masked monitor tells nothing about its secrets, and that a client that
// has read the masked monitor can change it after it has signed in.
func TestTagsOfSecrets(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	const path = "/api/monitors/" + idA
	full, masked := admin.tag(path), anonymous.tag(path)
	if full == masked {
		t.Error("the masked monitor has the tag of the other one")
	}
	known, err := http.NewRequestWithContext(t.Context(), "GET", anonymous.url+path, nil)
	must(t, err)
	known.Header.Set("If-None-Match", full)
	if got := anonymous.send(known); got.status != 200 {
		t.Errorf("a client without permission can compare the tag of secrets: %d", got.status)
	}

	// The secrets change, and nothing else: not even the date.
	changed := secretMonitor
	changed.Properties = map[string]string{"headers": `{"Authorization":"other","X-Key":"other"}`, "body": "other", "timeout": "2s"}
	must(t, admin.store.ReplaceMonitor(t.Context(), changed))
	same(t, "tag of the masked monitor", anonymous.tag(path), masked)
	if admin.tag(path) == full {
		t.Error("the tag of the monitor does not depend on its secrets")
	}

	draft := secrets.Mask(changed)
	draft.Name = "renamed"
	anonymous.doIf("PUT", path, toJSON(t, draft), `"x"`).wantProblem(t, 401, "sign in first: this request needs an Authorization header with a bearer token")
	if got := admin.doIf("PUT", path, toJSON(t, draft), masked); got.status != 200 {
		t.Fatalf("PUT after signing in: %d %s", got.status, got.body)
	}
	stored, err := admin.store.Monitor(t.Context(), idA)
	must(t, err)
	if stored.Name != "renamed" || stored.Properties["body"] != "other" || strings.Contains(toJSON(t, stored), secret.Placeholder) {
		t.Errorf("stored monitor is %+v", stored)
	}
	admin.wantChanged(t, admin.doIf("PUT", path, toJSON(t, draft), masked), path, "monitor")
}

func TestMonitorNotModified(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(1)
	const path = "/api/monitors/" + idA
	get := func(path, known string) response {
		r, err := http.NewRequestWithContext(t.Context(), "GET", a.url+path, nil)
		must(t, err)
		r.Header.Set("If-None-Match", known)
		return a.send(r)
	}
	tag := a.tag(path)
	if got := get(path, tag); got.status != 304 || len(got.body) > 0 || got.header.Get("ETag") != tag {
		t.Errorf("%d %s with %v", got.status, got.body, got.header)
	}
	if got := get(path+"?include=latest", tag); got.status != 200 || got.header.Get("ETag") != "" {
		t.Errorf("with the state: %d with %v", got.status, got.header)
	}
	if got := a.do("PUT", path, toJSON(t, monitorA)); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := get(path, tag); got.status != 200 {
		t.Errorf("after a change: %d", got.status)
	}
}
