package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/tests/support/oidctest"
)

const unknownKey = "the API key is unknown or was revoked"

// newKey creates a key in the store.
func newKey(t *testing.T, s *sqlite.Store, scope string) string {
	t.Helper()
	key, hash := auth.NewAPIKey()
	must(t, s.CreateKey(t.Context(), store.Key{ID: monitor.NewID(base), Name: scope, Scope: scope, Created: base, Hash: hash}))
	return key
}

// keys returns the keys in the store, without their hashes.
func (a *api) keys() []store.Key {
	a.t.Helper()
	keys, err := a.store.Keys(a.t.Context())
	must(a.t, err)
	for i := range keys {
		keys[i].Hash = store.Key{}.Hash
	}
	return keys
}

// forgedKeys returns keys that are not valid for s.
func forgedKeys(t *testing.T, s *sqlite.Store) []oidctest.Forgery {
	t.Helper()
	revoked, foreign := newKey(t, s, store.KeyScopeAdmin), newKey(t, openStore(t), store.KeyScopeAdmin)
	truncated := newKey(t, s, store.KeyScopeAdmin)
	truncated = truncated[:len(truncated)-1]
	for _, k := range (&api{t: t, store: s}).keys() {
		must(t, s.DeleteKey(t.Context(), k.ID))
	}
	last := "A"
	if strings.HasSuffix(revoked, last) {
		last = "B"
	}
	var list []oidctest.Forgery
	for name, key := range map[string]string{
		"a revoked key": revoked, "a truncated key": truncated, "a key of a another store": foreign, "a key with another last character": foreign[:len(foreign)-1] + last,
	} {
		list = append(list, oidctest.Forgery{Name: name, Authorization: []string{"Bearer " + key}, Status: 401, Detail: unknownKey})
	}
	return list
}

type createdKey struct {
	store.Key
	Secret string `json:"key"`
}

func TestAPIKeyLifeCycle(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	admin.do("GET", "/api/keys", "").wantJSON(t, 200, "[]")
	got := admin.do("POST", "/api/keys", `{"name":"reader <1>","scope":"read","id":"65a5000000000000000000ff","created":"2001-01-01T00:00:00Z"}`)
	reader := decodeAs[createdKey](t, got)
	same(t, "response", plain(t, got.body), map[string]any{
		"id": reader.ID, "name": "reader <1>", "scope": "read", "created": reader.Created.Format(time.RFC3339Nano), "key": reader.Secret,
	})
	if age := time.Since(reader.Created); age < 0 || age > time.Minute || reader.ID == idOther || !strings.HasPrefix(reader.Secret, "nm_") {
		t.Errorf("created %+v", reader)
	}
	adminKey := decodeAs[createdKey](t, admin.do("POST", "/api/keys", `{"name":"admin key","scope":"admin"}`))
	listed := admin.do("GET", "/api/keys", "")
	same(t, "list", decodeAs[[]store.Key](t, listed), []store.Key{adminKey.Key, reader.Key})
	for _, never := range []string{"nm_", "hash", `"key"`, "lastUsed"} {
		if strings.Contains(string(listed.body), never) {
			t.Errorf("the list contains %s: %s", never, listed.body)
		}
	}

	byKey := &api{t: t, url: anonymous.url, token: adminKey.Secret}
	byKey.do("DELETE", "/api/keys/"+strings.ToUpper(reader.ID), "").wantJSON(t, 204, "")
	byKey.do("DELETE", "/api/keys/"+reader.ID, "").wantProblem(t, 404, "there is no API key with the id "+reader.ID)
	(&api{t: t, url: anonymous.url, token: reader.Secret}).do("GET", "/api/monitors", "").wantProblem(t, 401, unknownKey)
	same(t, "keys", len(admin.keys()), 1)
}

func TestInvalidAPIKeys(t *testing.T) {
	admin, _ := startSignedIn(t)
	for body, detail := range map[string]string{
		``:                                   "request body is empty",
		`{`:                                  "request body is not valid JSON: unexpected end of JSON input",
		`[]`:                                 "expected a JSON object, not an array",
		`{}`:                                 "name is missing: say what the key is for",
		`{"name":" \t","scope":"read"}`:      "name is missing: say what the key is for",
		`{"name":7,"scope":"read"}`:          `field "name" must be a string, not a number`,
		`{"name":"n","scope":["read"]}`:      `field "scope" must be a string, not an array`,
		`{"name":"a\u202Eb","scope":"read"}`: "name contains the control character U+202E",
		`{"name":"n"}`:                       "scope must be read or admin",
		`{"name":"n","scope":"Admin"}`:       "scope must be read or admin",
		`{"name":"n","scope":"write"}`:       "scope must be read or admin",
		`{"name":"` + strings.Repeat("é", 101) + `","scope":"read"}`: "name has 101 characters, at most 100 are allowed",
	} {
		admin.do("POST", "/api/keys", body).wantProblem(t, 400, detail)
	}
	admin.do("DELETE", "/api/keys/xyz", "").wantProblem(t, 400, `invalid id "xyz": an id has 24 hexadecimal digits`)
	admin.do("GET", "/api/keys/"+idA, "").wantProblem(t, 405, "method GET is not allowed here; use DELETE")
	same(t, "keys", len(admin.keys()), 0)
	admin.do("POST", "/api/keys", `{"name":"`+strings.Repeat("é", 100)+`","scope":"read"}`)
	same(t, "keys", len(admin.keys()), 1)
}

func TestAPIKeyLimit(t *testing.T) {
	admin, _ := startSignedIn(t)
	var clients sync.WaitGroup
	for range store.MaxKeys - 5 {
		clients.Go(func() {
			_, hash := auth.NewAPIKey()
			if err := admin.store.CreateKey(t.Context(), store.Key{ID: monitor.NewID(base), Name: "one", Scope: store.KeyScopeRead, Hash: hash}); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	const one = `{"name":"one more","scope":"read"}`
	for range 20 {
		clients.Go(func() { admin.do("POST", "/api/keys", one) })
	}
	clients.Wait()
	same(t, "keys", len(admin.keys()), store.MaxKeys)
	admin.do("POST", "/api/keys", one).wantProblem(t, 400, "there are already 1000 API keys, which is the maximum: revoke one first")
	admin.do("DELETE", "/api/keys/"+admin.keys()[0].ID, "").wantJSON(t, 204, "")
	decodeAs[createdKey](t, admin.do("POST", "/api/keys", one))
}

func TestAPIKeysNeedSignIn(t *testing.T) {
	a := startAPI(t, nil)
	a.token = newKey(t, a.store, store.KeyScopeAdmin)
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/api/keys", ""},
		{"POST", "/api/keys", `{"name":"n","scope":"admin"}`},
		{"POST", "/api/keys", "{"},
		{"DELETE", "/api/keys/" + a.keys()[0].ID, ""},
	} {
		a.do(c.method, c.path, c.body).wantProblem(t, 403, "API keys need sign-in: set AUTH_CLIENT_ID")
	}
	same(t, "keys", len(a.keys()), 1)
}

func TestAPIKeyScopes(t *testing.T) {
	p, s := oidctest.New(t), openStore(t)
	(&api{t: t, store: s}).seed(3)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	openReads, protectedReads := conformingHandler(t, newSignedIn(p, s, false)), conformingHandler(t, newSignedIn(p, s, true))
	forbidden := oidctest.Forgery{Name: "a read key", Status: 403, Detail: "you are signed in, but this needs the scope system.admin"}
	readKey, adminKey := newKey(t, s, store.KeyScopeRead), newKey(t, s, store.KeyScopeAdmin)
	for route, in := range groups {
		r := request(route)
		r.Header.Set("Authorization", "Bearer "+readKey)
		if in == protected {
			w := serve(protectedReads, r)
			forbidden.Check(t, w.Code, w.Header(), w.Body.String())
		} else if route != "GET /api/events" {
			if w := serve(protectedReads, r); w.Code == 401 || w.Code == 403 {
				t.Errorf("%s with a read key: %d %s", route, w.Code, w.Body)
			}
		}
		// The admin key is cached by a read. Then the canceled context keeps the other requests from changing anything.
		read := request("GET /api/monitors")
		read.Header.Set("Authorization", "Bearer "+adminKey)
		if w := serve(openReads, read); w.Code != 200 {
			t.Fatalf("admin key: %d %s", w.Code, w.Body)
		}
		r = request(route).WithContext(canceled)
		r.Header.Set("Authorization", "Bearer "+adminKey)
		if w := serve(openReads, r); w.Code == 401 || w.Code == 403 {
			t.Errorf("%s with an admin key: %d %s", route, w.Code, w.Body)
		}
	}
}

func TestAPIKeysWhileStoreIsUnavailable(t *testing.T) {
	p := oidctest.New(t)
	h := conformingHandler(t, newSignedIn(p, unavailableStore{}, false))
	key, _ := auth.NewAPIKey()
	for _, token := range []string{p.Token(nil), key} {
		for _, route := range []string{"GET /api/keys", "POST /api/keys", "DELETE /api/keys/{id}"} {
			r := request(route)
			r.Header.Set("Authorization", "Bearer "+token)
			if w := serve(h, r); w.Code != 503 || w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: %d %s", route, w.Code, w.Body)
			}
		}
	}
}

func TestRandomAPIKeysDontLockOutOthers(t *testing.T) {
	p, s := oidctest.New(t), openStore(t)
	// The conformance checks are skipped, because they are slow.
	h := conformingHandler(t, newSignedIn(p, s, false)).(*conforming).handler
	send := func(route, token string) *httptest.ResponseRecorder {
		r := request(route)
		r.Header.Set("Authorization", "Bearer "+token)
		return serve(h, r)
	}
	for range 3 * store.MaxKeys {
		key, _ := auth.NewAPIKey()
		if w := send("GET /api/monitors", key); w.Code != 401 {
			t.Fatalf("a random key gets %d %s", w.Code, w.Body)
		}
	}
	var created createdKey
	must(t, json.Unmarshal(send("POST /api/keys", p.Token(nil)).Body.Bytes(), &created))
	if w := send("DELETE /api/monitors", created.Secret); w.Code != 204 {
		t.Errorf("the new key gets %d %s", w.Code, w.Body)
	}
}

func TestRevokedAPIKeyEndsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		server := New(Config{Auth: config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: "http://127.0.0.1:1"}}, s,
			probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { server.keys.Run(ctx) })
		running.Go(func() {
			if err := server.events.run(ctx); err != nil {
				t.Error(err)
			}
		})
		defer running.Wait()
		defer stop()

		r := httptest.NewRequest("GET", "/api/events", nil)
		r.Header.Set("Authorization", "Bearer "+newKey(t, s, store.KeyScopeAdmin))
		a, ended, w := &api{t: t, store: s}, make(chan time.Time, 1), httptest.NewRecorder()
		client, conn := net.Pipe()
		conformingHandler(t, server).ServeHTTP(&pipeWriter{w, conn}, r.WithContext(ctx))
		running.Go(func() {
			_, _ = io.Copy(io.Discard, client)
			ended <- time.Now()
		})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		select {
		case <-ended:
			t.Fatalf("the stream ended: %d %s", w.Code, w.Body)
		default:
		}
		keys := a.keys()
		if age := time.Since(keys[0].LastUsed); age > time.Minute+10*time.Second {
			t.Errorf("the key was last used %s ago", age)
		}
		must(t, s.DeleteKey(t.Context(), keys[0].ID))
		revoked := time.Now()
		if took := (<-ended).Sub(revoked); took > 10*time.Second {
			t.Errorf("the stream ended %s after the revocation", took)
		}
	})
}
