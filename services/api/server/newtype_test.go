package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/tests/support/oidctest"
	"nanomon/tests/support/typetest"
)

const door = `{"name": "gate", "type": "door", "interval": "30s", "target": "17", "properties": ` +
	`{"password": "hushpassword", "codes": "{\"3\": \"hushcode\", \"4\": \"31415926\"}", "building": "north"}}`

// startNewType starts a server that has the made-up monitor type, with one monitor of it and its result. It returns a
// client of an admin and an anonymous one.
func startNewType(t *testing.T) (admin, anonymous *api) {
	t.Helper()
	p, s := oidctest.New(t), openStore(t)
	signIn := config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: p.Issuer()}
	server := New(Config{StoreName: "sqlite", Auth: signIn}, s, typetest.Types(), slog.New(slog.DiscardHandler))
	testServer := httptest.NewServer(conformingHandlerWith(t, server, typetest.Name))
	t.Cleanup(testServer.Close)
	admin = &api{t: t, store: s, url: testServer.URL, token: p.Token(nil)}
	created := decodeAs[monitor.Monitor](t, admin.do("POST", "/api/monitors", door))
	r := resultN(0)
	r.MonitorID, r.Message = created.ID, "refused hushpassword and hushcode"
	found := resultN(1)
	found.MonitorID, found.Value, found.Message = created.ID, 31415926, ""
	found.Outputs = map[string]any{"entry": 31415926.0, "time": 7.0}
	must(t, s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{r, found}}))
	return admin, &api{t: t, store: s, url: testServer.URL}
}

func TestNewTypeIsMasked(t *testing.T) {
	admin, anonymous := startNewType(t)
	for _, path := range []string{"/api/monitors", "/api/results"} {
		if got := string(admin.do("GET", path, "").body); !strings.Contains(got, "hush") {
			t.Errorf("%s does not show the secrets to an admin: %s", path, got)
		}
		if got := string(anonymous.do("GET", path, "").body); strings.Contains(got, "hush") {
			t.Errorf("%s shows a secret to an anonymous client: %s", path, got)
		}
	}
	masked := decodeAs[[]monitor.Monitor](t, anonymous.do("GET", "/api/monitors", ""))[0]
	same(t, "properties", masked.Properties, map[string]string{"password": "•••", "codes": `{"3":"•••","4":"•••"}`, "building": "north"})
	same(t, "status", admin.do("PUT", "/api/monitors/"+masked.ID, toJSON(t, masked)).status, http.StatusOK)
	stored := admin.monitors()[0].Properties
	same(t, "stored", stored, map[string]string{"password": "hushpassword", "codes": `{"3": "hushcode", "4": "31415926"}`, "building": "north"})
}

func TestNewTypeMasksWhatItFinds(t *testing.T) {
	admin, anonymous := startNewType(t)
	latest := func(client *api) monitor.Result {
		return decodeAs[[]monitor.Result](t, client.do("GET", "/api/results?limit=1", ""))[0]
	}
	same(t, "value for an admin", latest(admin).Value, 31415926.0)
	got := latest(anonymous)
	same(t, "masked outputs", got.Outputs, map[string]any{"entry": "•••", "time": 7.0})
	same(t, "masked value", got.Value, 7.0)
}

func TestNewTypeIsValidated(t *testing.T) {
	admin, _ := startNewType(t)
	for property, detail := range map[string]string{
		`"timeout": "soon"`: `property timeout: \"soon\" is not a duration`,
		`"codes": "{1}"`:    "property codes: ",
		`"key": "1"`:        "unknown property 'key' for type door; known properties: timeout, password, codes, building, log",
	} {
		got := admin.do("POST", "/api/monitors", strings.Replace(door, `"building": "north"`, property, 1))
		if got.status != http.StatusBadRequest || !strings.Contains(string(got.body), detail) {
			t.Errorf("%s: %d %s", property, got.status, got.body)
		}
	}
}

// secretProperties contains the names of the secret properties by monitor type.
var secretProperties = map[string][]string{
	"http": {"body", "headers"}, "tcp": nil, "ping": nil, "dns": nil, "door": {"password", "codes"},
}

// The form of the page is made from the monitor types.
func TestNewTypeIsInTheForm(t *testing.T) {
	_, anonymous := startNewType(t)
	for _, spec := range decodeAs[[]probe.Spec](t, anonymous.do("GET", "/api/monitor-types", "")) {
		var secret []string
		for _, p := range spec.Properties {
			if p.Secret {
				secret = append(secret, p.Name)
			}
		}
		if want, known := secretProperties[spec.Type]; known && !slices.Equal(secret, want) {
			t.Errorf("%s: secret properties %q, want %q", spec.Type, secret, want)
		}
	}
}
