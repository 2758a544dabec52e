package server

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/tests/oidctest"
)

// secretive is a monitor all of whose secrets begin with "hush".
var secretive = monitor.Monitor{
	ID: idA, Name: "alpha", Type: "http", Interval: "30s", Target: "https://hushuser:hushpass@h.example/p?key=hushquery&q=", Enabled: true, Updated: base,
	Properties: map[string]string{"headers": `{ "Authorization": "Bearer hushtoken", "X-Key": "hushkey" }`, "body": "hushbody", "timeout": "2s"},
}

func secretiveResult(n int) monitor.Result {
	return monitor.Result{
		ID: monitor.NewID(base), Date: base.Add(time.Duration(n) * time.Second), Status: monitor.StatusError, MonitorID: idA, MonitorName: "alpha",
		MonitorTarget: secretive.Target, Message: "got hushkey from http://hushuser@other/?a=hushquery",
		Outputs: map[string]any{"regexMatch": "you sent hushtoken, hushbody and aHVzaHVzZXI6aHVzaHBhc3M=", "finalUrl": "https://h.example/p?key=hushquery"},
	}
}

// startSignedIn gives the same server as an admin and as anybody uses it.
func startSignedIn(t *testing.T) (admin, anybody *api) {
	t.Helper()
	p := oidctest.New(t)
	s := openStore(t)
	server := newSignedIn(p, s, false)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	listening := httptest.NewServer(held(t, server))
	t.Cleanup(func() {
		cancel()
		must(t, <-ran)
		listening.Close()
	})
	anybody = &api{t: t, store: s, url: listening.URL}
	admin = &api{t: t, store: s, url: listening.URL, token: p.Token(nil)}
	must(t, s.CreateMonitor(t.Context(), secretive))
	r := secretiveResult(0)
	must(t, s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{r}, States: []store.State{{MonitorID: idA, Latest: r, Streak: 1, Since: base}}}))
	alert := notificationN(idA, 1)
	alert.MonitorTarget, alert.Message = r.MonitorTarget, r.Message
	admin.addNotifications(alert)
	return admin, anybody
}

func TestSecretsAreHiddenFromReaders(t *testing.T) {
	admin, anybody := startSignedIn(t)
	reader := &api{t: t, url: anybody.url, token: newKey(t, anybody.store, store.KeyScopeRead)}
	keeper := &api{t: t, url: anybody.url, token: newKey(t, anybody.store, store.KeyScopeAdmin)}
	holding := 0
	for route, allowed := range groups {
		method, path, _ := strings.Cut(route, " ")
		if allowed == protected || path == "/api/events" {
			continue
		}
		for _, query := range []string{"", "?include=latest,history"} {
			path := strings.ReplaceAll(path, "{id}", idA) + query
			for who, reads := range map[string]*api{"anybody": anybody, "a key that reads": reader} {
				got := reads.do(method, path, "")
				if strings.Contains(string(got.body), "hush") || strings.Contains(string(got.body), "aHVza") {
					t.Errorf("%s shows a secret to %s: %s", path, who, got.body)
				}
			}
			for who, may := range map[string]*api{"an admin": admin, "an admin's key": keeper} {
				if got := may.do(method, path, ""); strings.Contains(string(got.body), "hush") {
					holding++
					if strings.Contains(string(got.body), secret.Placeholder) {
						t.Errorf("%s hides something from %s: %s", path, who, got.body)
					}
				}
			}
		}
	}
	if holding != 2*2*5 { // monitors, one monitor, results, those of one monitor, alerts
		t.Errorf("%d answers hold secrets, so this test looks at something else", holding)
	}
	got := decodeAs[[]monitor.Monitor](t, anybody.do("GET", "/api/monitors", ""))
	same(t, "monitor", got, []monitor.Monitor{secret.Mask(secretive)})
}

func TestSecretsAreHiddenInEvents(t *testing.T) {
	admin, anybody := startSignedIn(t)
	first, second := admin.listen(), anybody.listen()
	r := secretiveResult(1)
	admin.append(r)
	first.wantEvent("result", r)
	second.wantEvent("result", secret.MaskResult(r, secret.ScrubberFor(secretive)))
	second.leave()
	r = secretiveResult(2)
	admin.append(r)
	first.wantEvent("result", r)
}

func TestWhoCameTooLateToBeMaskedIsDropped(t *testing.T) {
	h := runHub(t, openStore(t))
	c, err := h.join(t.Context())
	must(t, err)
	h.broadcast(frame{full: []byte("hush")})
	<-c.dropped
	if len(c.frames) != 0 {
		t.Errorf("it was sent %s", <-c.frames)
	}
}

func TestMasksComeBack(t *testing.T) {
	admin, anybody := startSignedIn(t)
	exported := string(anybody.do("GET", "/api/monitors", "").body)
	one := strings.TrimSpace(exported[1 : len(exported)-2])
	stored := func() monitor.Monitor {
		t.Helper()
		list := admin.monitors()
		if len(list) != 1 {
			t.Fatalf("there are %d monitors", len(list))
		}
		list[0].Updated = base
		return list[0]
	}

	admin.do("PUT", "/api/monitors/"+idA, one).wantJSON(t, 200, toJSON(t, decodeAs[monitor.Monitor](t, admin.do("GET", "/api/monitors/"+idA, ""))))
	same(t, "after a PUT", stored(), secretive)
	admin.do("POST", "/api/monitors/import?dryRun=true", exported).wantJSON(t, 200, `{"added":[],"changed":[],"removed":[],"unchanged":1}`)
	admin.do("POST", "/api/monitors/import", exported).wantJSON(t, 204, "")
	same(t, "after an import", stored(), secretive)
	withoutID := strings.Replace(exported, `"id":"`+idA+`",`, "", 1)
	admin.do("POST", "/api/monitors/import", withoutID).wantJSON(t, 204, "")
	same(t, "after an import by name", stored(), secretive)

	edited := secretive
	edited.Properties = map[string]string{"headers": `{"Authorization":"new","X-Key":"hushkey"}`, "timeout": "2s"}
	edited.Target = "https://hushuser:hushpass@h.example/elsewhere"
	admin.do("PUT", "/api/monitors/"+idA, `{"name":"alpha","type":"http","interval":"30s","target":"https://•••@h.example/elsewhere",
		"properties":{"timeout":"2s","headers":"{\"Authorization\":\"new\",\"X-Key\":\"•••\"}"}}`)
	same(t, "after an edit", stored(), edited)
}

func TestMasksWithNothingToTakeTheirPlace(t *testing.T) {
	admin, anybody := startSignedIn(t)
	one := strings.TrimSpace(string(anybody.do("GET", "/api/monitors/"+idA, "").body))
	const nothing = " is masked, but no value is stored for it: enter the value"
	renamed := strings.NewReplacer(idA, idOther, `"alpha"`, `"other"`).Replace(one)
	body := `{"name":"n","type":"http","interval":"30s","target":"http://h","properties":{"body":"•••"}}`
	for _, c := range []struct{ method, path, body, detail string }{
		{"POST", "/api/monitors", one, "target: the user information" + nothing},
		{"POST", "/api/monitors", body, "property body" + nothing},
		{"POST", "/api/monitors/check", body, "property body" + nothing},
		{"PUT", "/api/monitors/" + idA, strings.Replace(one, "?key=", "?other=", 1), "target: the query value of other" + nothing},
		{"PUT", "/api/monitors/" + idA, strings.Replace(one, "X-Key", "X-Other", 1), "property headers: the value of X-Other" + nothing},
		{"PUT", "/api/monitors/" + idA, strings.Replace(one, `"2s"`, `"•••"`, 1), "property timeout" + nothing},
		{"POST", "/api/monitors/import", "[" + one + "," + renamed + "]", `monitor 2 "other": target: the user information` + nothing},
		{"POST", "/api/monitors/import?dryRun=true", "[" + body + "]", `monitor 1 "n": property body` + nothing},
	} {
		admin.do(c.method, c.path, c.body).wantProblem(t, 400, c.detail)
	}
	same(t, "monitors", admin.monitors(), []monitor.Monitor{secretive})
}

// A definition with masks is tried with what is stored of the monitor whose id it bears.
func TestMaskedDefinitionIsTried(t *testing.T) {
	admin, anybody := startSignedIn(t)
	asked := admin.answerNext()
	decodeAs[monitor.Result](t, admin.do("POST", "/api/monitors/check", string(anybody.do("GET", "/api/monitors/"+idA, "").body)))
	got := *(<-asked).Definition
	if got.ID == idA || got.Target != secretive.Target || got.Properties["body"] != "hushbody" || got.Properties["headers"] != secretive.Properties["headers"] {
		t.Errorf("tried %+v", got)
	}
}

func TestNothingIsHiddenWhileSignInIsOff(t *testing.T) {
	a := startAPI(t, nil)
	must(t, a.store.CreateMonitor(t.Context(), secretive))
	r := secretiveResult(0)
	a.append(r)
	same(t, "monitors", decodeAs[[]monitor.Monitor](t, a.do("GET", "/api/monitors", "")), []monitor.Monitor{secretive})
	same(t, "results", decodeAs[[]monitor.Result](t, a.do("GET", "/api/results", "")), []monitor.Result{r})
}
