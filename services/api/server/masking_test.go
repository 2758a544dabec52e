package server

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/tests/support/oidctest"
)

// secrets describes the properties of the monitor types.
var secrets = probe.All(probe.Guard{}).Secrets()

// secretMonitor is a monitor with secrets. Each of them begins with "hush".
var secretMonitor = monitor.Monitor{
	ID: idA, Name: "alpha", Type: "http", Interval: "30s", Target: "https://hushuser:hushpass@h.example/p?key=hushquery&q=", Enabled: true, Updated: base,
	Properties: map[string]string{"headers": `{ "Authorization": "Bearer hushtoken", "X-Key": "hushkey" }`, "body": "hushbody", "timeout": "2s"},
}

func secretResult(n int) monitor.Result {
	return monitor.Result{
		ID: monitor.NewID(base), Date: base.Add(time.Duration(n) * time.Second), Status: monitor.StatusError, MonitorID: idA, MonitorName: "alpha",
		MonitorTarget: secretMonitor.Target, Message: "got hushkey from http://hushuser@other/?a=hushquery",
		Outputs: map[string]any{"regexMatch": "you sent hushtoken, hushbody and aHVzaHVzZXI6aHVzaHBhc3M=", "finalUrl": "https://h.example/p?key=hushquery"},
	}
}

// startSignedIn starts a server with sign-in and returns a client of an admin and an anonymous one.
func startSignedIn(t *testing.T) (admin, anonymous *api) {
	t.Helper()
	p := oidctest.New(t)
	s := openStore(t)
	server := newSignedIn(p, s, false)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	testServer := httptest.NewServer(conformingHandler(t, server))
	t.Cleanup(func() {
		cancel()
		must(t, <-ran)
		testServer.Close()
	})
	anonymous = &api{t: t, store: s, url: testServer.URL}
	admin = &api{t: t, store: s, url: testServer.URL, token: p.Token(nil)}
	must(t, s.CreateMonitor(t.Context(), secretMonitor))
	r := secretResult(0)
	must(t, s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{r}, States: []store.State{{MonitorID: idA, Latest: r, Streak: 1, Since: base}}}))
	notification := notificationN(idA, 1)
	notification.MonitorTarget, notification.Message = r.MonitorTarget, r.Message
	admin.addNotifications(notification)
	i := incidentN(idA, 1)
	i.FirstMessage, i.Message = r.Message, r.Message
	admin.addIncidents(i)
	return admin, anonymous
}

func TestSecretsAreMasked(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	reader := &api{t: t, url: anonymous.url, token: newKey(t, anonymous.store, store.KeyScopeRead)}
	adminKey := &api{t: t, url: anonymous.url, token: newKey(t, anonymous.store, store.KeyScopeAdmin)}
	_, err := admin.store.AcknowledgeIncident(t.Context(), idA+"-1", store.Acknowledgement{Note: secretResult(0).Message, Date: base})
	must(t, err)
	must(t, admin.store.AppendBatch(t.Context(), store.Batch{StatusChanges: []store.StatusChange{
		{MonitorID: idA, Date: secretResult(0).Date, Kind: store.ChangeStatus, To: monitor.StatusError.String()},
	}}))
	withSecrets := 0
	for route, allowed := range groups {
		method, path, _ := strings.Cut(route, " ")
		if allowed == protected || path == "/api/events" {
			continue
		}
		include := []string{"", "?include=latest,history", "?include=brief"}
		if path == "/api/incidents" {
			include = []string{"", "?include=deliveries"}
		}
		if path == "/api/monitors/{id}/results" {
			include = append(include, "?changes=true")
		}
		for _, query := range include {
			path := strings.ReplaceAll(strings.Replace(path, "/incidents/{id}", "/incidents/{id}-1", 1), "{id}", idA) + query
			for name, client := range map[string]*api{"an anonymous client": anonymous, "a read key": reader} {
				got := client.do(method, path, "")
				if strings.Contains(string(got.body), "hush") || strings.Contains(string(got.body), "aHVza") {
					t.Errorf("%s shows a secret to %s: %s", path, name, got.body)
				}
			}
			for name, client := range map[string]*api{"an admin": admin, "an admin key": adminKey} {
				if got := client.do(method, path, ""); strings.Contains(string(got.body), "hush") {
					withSecrets++
					if strings.Contains(string(got.body), secret.Placeholder) {
						t.Errorf("%s masks a secret for %s: %s", path, name, got.body)
					}
				}
			}
		}
	}
	// Two clients: monitors, one monitor, results, results of one monitor, notifications, one incident; incidents; changes.
	if withSecrets != 2*(3*6+2+1) {
		t.Errorf("%d responses contain secrets, so the test does not cover all of them", withSecrets)
	}
	got := decodeAs[[]monitor.Monitor](t, anonymous.do("GET", "/api/monitors", ""))
	same(t, "monitor", got, []monitor.Monitor{secrets.Mask(secretMonitor)})
}

// A captured number may be a secret that the target repeats, also if the monitor does not capture it any more.
func TestCapturedNumbersAreMasked(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	m := secretMonitor
	m.ID, m.Name, m.Properties = idOther, "other", map[string]string{"body": `{"pin": 86753099}`, "capture": `{"packetLoss": "$.pin"}`}
	must(t, admin.store.CreateMonitor(t.Context(), m))
	r := secretResult(0)
	r.MonitorID, r.MonitorName, r.Message = m.ID, m.Name, ""
	r.Outputs = map[string]any{"status": 200.0, "packetLoss": 86753099.0, "removed": 86753099.0, "kept": 5.0}
	must(t, admin.store.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{r}}))
	for _, path := range []string{"/api/results", "/api/monitors/" + m.ID + "/results", "/api/monitors/" + m.ID + "/outputs"} {
		masked, whole := string(anonymous.do("GET", path, "").body), string(admin.do("GET", path, "").body)
		if strings.Contains(masked, "86753099") || !strings.Contains(whole, "86753099") && !strings.HasSuffix(path, "outputs") {
			t.Errorf("%s: got %s, an admin gets %s", path, masked, whole)
		}
	}
	got := decodeAs[[]monitor.Result](t, anonymous.do("GET", "/api/monitors/"+m.ID+"/results", ""))[0].Outputs
	same(t, "outputs", got, map[string]any{"status": 200.0, "packetLoss": secret.Placeholder, "removed": secret.Placeholder, "kept": 5.0})
}

func TestBriefResult(t *testing.T) {
	r := secretResult(2)
	r.Outputs["regexMatch"] = 12.5
	brief := newBriefResult(&r, secrets.Searches[secretMonitor.Type])
	same(t, "brief result", *brief, briefResult{r.Date, r.Status, r.Value, r.Message, map[string]any{"regexMatch": 12.5}, r.Ignored})
	if newBriefResult((*monitor.Result)(nil), nil) != nil {
		t.Error("there is a brief result of a monitor without results")
	}
}

// TestSecretsAreMaskedInAcknowledgement checks what is stored, which administrators see too.
func TestSecretsAreMaskedInAcknowledgement(t *testing.T) {
	admin, _ := startSignedIn(t)
	same(t, "status", admin.do("POST", "/api/incidents/"+idA+"-1/acknowledge", `{"note":"on it"}`).status, 200)
	n, err := admin.store.Notification(t.Context(), idA+"-1-acknowledged")
	must(t, err)
	if strings.Contains(n.MonitorTarget, "hush") || !strings.Contains(n.MonitorTarget, "h.example/p") || n.Next.IsZero() {
		t.Errorf("%+v", n)
	}
}

func TestSecretsAreMaskedInEvents(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	first, second := admin.listen(), anonymous.listen()
	r := secretResult(1)
	admin.append(r)
	first.wantEvent("result", r)
	second.wantEvent("result", secret.MaskResult(r, secrets.ScrubberFor(secretMonitor)))
	second.leave()
	r = secretResult(2)
	admin.append(r)
	first.wantEvent("result", r)
}

func TestClientWithoutMaskedFrameIsDropped(t *testing.T) {
	h := runHub(t, openStore(t))
	c, err := h.join(t.Context())
	must(t, err)
	h.broadcast(eventFrame{full: []byte("hush")})
	<-c.dropped
	if len(c.frames) != 0 {
		t.Errorf("the client was sent %s", <-c.frames)
	}
}

func TestPlaceholdersAreRestored(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	exported := string(anonymous.do("GET", "/api/monitors", "").body)
	one := strings.TrimSpace(exported[1 : len(exported)-2])
	stored := func() monitor.Monitor {
		t.Helper()
		list := admin.monitors()
		if len(list) != 1 {
			t.Fatalf("%d monitors are stored", len(list))
		}
		list[0].Updated = base
		return list[0]
	}

	admin.do("PUT", "/api/monitors/"+idA, one).wantJSON(t, 200, toJSON(t, decodeAs[monitor.Monitor](t, admin.do("GET", "/api/monitors/"+idA, ""))))
	same(t, "after a PUT", stored(), secretMonitor)
	admin.do("POST", "/api/monitors/import?dryRun=true", exported).wantJSON(t, 200, `{"added":[],"changed":[],"removed":[],"unchanged":1}`)
	admin.do("POST", "/api/monitors/import", exported).wantJSON(t, 204, "")
	same(t, "after an import", stored(), secretMonitor)
	withoutID := strings.Replace(exported, `"id":"`+idA+`",`, "", 1)
	admin.do("POST", "/api/monitors/import", withoutID).wantJSON(t, 204, "")
	same(t, "after an import by name", stored(), secretMonitor)

	edited := secretMonitor
	edited.Properties = map[string]string{"headers": `{"Authorization":"new","X-Key":"hushkey"}`, "timeout": "2s"}
	edited.Target = "https://hushuser:hushpass@h.example/elsewhere"
	admin.do("PUT", "/api/monitors/"+idA, `{"name":"alpha","type":"http","interval":"30s","target":"https://•••@h.example/elsewhere",
		"properties":{"timeout":"2s","headers":"{\"Authorization\":\"new\",\"X-Key\":\"•••\"}"}}`)
	same(t, "after an edit", stored(), edited)
}

func TestPlaceholdersWithoutStoredSecret(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	one := strings.TrimSpace(string(anonymous.do("GET", "/api/monitors/"+idA, "").body))
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
	same(t, "monitors", admin.monitors(), []monitor.Monitor{secretMonitor})
}

// TestMaskedDefinitionIsChecked checks a definition with placeholders. The secrets are those of the stored monitor with
// the same id.
func TestMaskedDefinitionIsChecked(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	checks := admin.runNextCheck()
	decodeAs[monitor.Result](t, admin.do("POST", "/api/monitors/check", string(anonymous.do("GET", "/api/monitors/"+idA, "").body)))
	got := *(<-checks).Definition
	if got.ID == idA || got.Target != secretMonitor.Target || got.Properties["body"] != "hushbody" || got.Properties["headers"] != secretMonitor.Properties["headers"] {
		t.Errorf("checked %+v", got)
	}
}

func TestNothingIsMaskedWhileSignInIsOff(t *testing.T) {
	a := startAPI(t, nil)
	must(t, a.store.CreateMonitor(t.Context(), secretMonitor))
	r := secretResult(0)
	a.append(r)
	same(t, "monitors", decodeAs[[]monitor.Monitor](t, a.do("GET", "/api/monitors", "")), []monitor.Monitor{secretMonitor})
	same(t, "results", decodeAs[[]monitor.Result](t, a.do("GET", "/api/results", "")), []monitor.Result{r})
}
