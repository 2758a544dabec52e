package channel

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

// webServer is a web service that records its requests.
type webServer struct {
	*httptest.Server
	mutex    sync.Mutex
	requests []webRequest
}

type webRequest struct {
	method, path string
	header       http.Header
	body         []byte
}

// serve starts a service with the given handler.
func serve(t *testing.T, answer http.HandlerFunc) *webServer {
	t.Helper()
	s := &webServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mutex.Lock()
		s.requests = append(s.requests, webRequest{r.Method, r.URL.String(), r.Header, body})
		s.mutex.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// one returns the only request; it fails if there were none or more.
func (s *webServer) one(t *testing.T) webRequest {
	t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.requests) != 1 {
		t.Fatalf("%d requests", len(s.requests))
	}
	return s.requests[0]
}

func accept(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }

// urls parses a setting.
func urls(t *testing.T, text string) config.URLs {
	t.Helper()
	var list config.URLs
	if err := list.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return list
}

// webhookSettings returns settings with only webhooks.
func webhookSettings(t *testing.T, text string) config.Alerts {
	t.Helper()
	return config.Alerts{Webhooks: config.Webhooks{WebhookURL: urls(t, text), WebhookSecret: "k3y of ours"}}
}

func TestWebhookDocument(t *testing.T) {
	server := serve(t, accept)
	n := alertingtest.Notification(store.KindReminder)
	n.Dependents = 12
	if outcome := deliver(t, onlyChannel(t, webhookSettings(t, server.URL+"/hook?token=t0ken"), nil), n)[0]; outcome.Err != nil || outcome.Answer != "202 Accepted" {
		t.Errorf("%+v", outcome)
	}
	got := server.one(t)
	if got.method != "POST" || got.path != "/hook?token=t0ken" || got.header.Get("Content-Type") != "application/json" || !strings.HasPrefix(got.header.Get("User-Agent"), "NanoMon/") {
		t.Errorf("%s %s %v", got.method, got.path, got.header)
	}
	mac := hmac.New(sha256.New, []byte("k3y of ours"))
	mac.Write(got.body)
	if signature := got.header.Get("X-Nanomon-Signature"); signature != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
		t.Errorf("signature %s", signature)
	}
	var document map[string]any
	if err := json.Unmarshal(got.body, &document); err != nil {
		t.Fatal(err)
	}
	sent, err := time.Parse(time.RFC3339, document["sent"].(string))
	if err != nil || time.Since(sent) > time.Minute {
		t.Errorf("sent %v", document["sent"])
	}
	delete(document, "sent")
	again, _ := json.Marshal(document)
	const want = `{"behind":12,"date":"2026-03-14T10:01:30Z","id":"65f2c0ffee65f2c0ffee65f2-3-reminder-2","incident":3,"kind":"reminder",` +
		`"link":"https://nanomon.example.org/#monitor/65f2c0ffee65f2c0ffee65f2","message":"connection refused",` +
		`"monitor":{"group":"Shop","id":"65f2c0ffee65f2c0ffee65f2","name":"Payments API","target":"https://pay.example.org/health","type":"http"},` +
		`"opened":"2026-03-14T10:00:00Z","reminder":2,"status":2,"statusText":"failed","title":"Payments API still failed (reminder 2)","value":0}`
	if string(again) != want {
		t.Errorf("got  %s\nwant %s", again, want)
	}
}

func TestNoSignatureWithoutSecret(t *testing.T) {
	server := serve(t, accept)
	settings := webhookSettings(t, server.URL)
	settings.WebhookSecret = ""
	deliver(t, onlyChannel(t, settings, nil), alertingtest.Notification(store.KindOpened))
	if header := server.one(t).header; header.Get(SignatureHeader) != "" {
		t.Errorf("%v", header)
	}
}

func TestStatusCodes(t *testing.T) {
	for status, want := range map[int]string{
		200: "sent", 201: "sent", 204: "sent", 301: "retry", 302: "retry", 307: "retry", 308: "retry", 400: "refused", 401: "refused", 403: "refused",
		404: "refused", 408: "retry", 410: "refused", 425: "retry", 429: "retry", 500: "retry", 502: "retry", 503: "retry", 504: "retry",
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		outcome := deliver(t, onlyChannel(t, webhookSettings(t, server.URL+"/here"), nil), alertingtest.Notification(store.KindOpened))[0]
		got := "sent"
		switch {
		case errors.Is(outcome.Err, notify.ErrRefused):
			got = "refused"
		case outcome.Err != nil:
			got = "retry"
		}
		if got != want || !strings.Contains(outcome.Answer, http.StatusText(status)) {
			t.Errorf("%d: %s, want %s: %+v", status, got, want, outcome)
		}
		server.one(t) // no redirect was followed
	}
}

func TestRetryAfter(t *testing.T) {
	date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		status   int
		header   string
		min, max time.Duration
	}{
		{429, "120", 2 * time.Minute, 2 * time.Minute},
		{503, " 7 ", 7 * time.Second, 7 * time.Second},
		{503, date, 59 * time.Minute, time.Hour},
		{429, "Thu, 01 Jan 1970 00:00:00 GMT", 0, 0},
		{429, "", 0, 0},
		{429, "-5", 0, 0},
		{429, "soon", 0, 0},
		{429, "99999999999999999999", 0, 0},
		{429, "4294967295", time.Hour, 1 << 62},
		{500, "120", 0, 0},
		{200, "120", 0, 0},
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", c.header)
			w.WriteHeader(c.status)
		})
		outcome := deliver(t, onlyChannel(t, webhookSettings(t, server.URL), nil), alertingtest.Notification(store.KindOpened))[0]
		if got := outcome.RetryAfter; got < c.min || got > c.max {
			t.Errorf("%d %q: %s", c.status, c.header, got)
		}
	}
}

func TestAnswerIsShortAndWithoutSecrets(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "Cannot POST "+r.URL.String()+"\r\n key k3y of ours,\tpath "+r.URL.Path+" token "+r.URL.Query().Get("token")+" ")
		for range 10_000 {
			io.WriteString(w, strings.Repeat("long ", 200))
		}
	})
	address := strings.Replace(server.URL, "http://", "http://me:pa55word@", 1) + "/services/T0KEN%2Fx?token=t0ken%20two"
	s := onlyChannel(t, webhookSettings(t, address), nil)
	outcome := deliver(t, s, alertingtest.Notification(store.KindOpened))[0]
	if !strings.HasPrefix(outcome.Answer, "404 Not Found Cannot POST /***/***?*** key ***, path") || len([]rune(outcome.Answer)) != maxAnswer {
		t.Errorf("%d characters: %q", len([]rune(outcome.Answer)), outcome.Answer)
	}
	for _, text := range append(s.Recipients(nil), outcome.Answer, outcome.Err.Error()) {
		for _, secret := range []string{"T0KEN", "t0ken", "two", "k3y", "pa55word", "services"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows %s", text, secret)
			}
		}
	}
}

// Servers that report errors may repeat the request's headers.
func TestAnswerIsWithoutTheUserOfTheURL(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		name, password, _ := r.BasicAuth()
		io.WriteString(w, "got "+r.Header.Get("Authorization")+", which is "+name+":"+password)
	})
	for user, want := range map[string]string{
		"t0ken":               "400 Bad Request got Basic ***, which is ***:",
		"someone:pa55%20w":    "400 Bad Request got Basic ***, which is ***:***",
		":pa55word":           "400 Bad Request got Basic ***, which is :***",
		"someone:pa55%2Fw%C3": "400 Bad Request got Basic ***, which is ***:***",
	} {
		address := strings.Replace(server.URL, "://", "://"+user+"@", 1)
		outcome := deliver(t, onlyChannel(t, webhookSettings(t, address), nil), alertingtest.Notification(store.KindOpened))[0]
		if outcome.Answer != want {
			t.Errorf("%s: the answer is %q, want %q", user, outcome.Answer, want)
		}
	}
}

func TestUnreachableWebServices(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secured := httptest.NewUnstartedServer(http.HandlerFunc(accept))
	secured.Config.ErrorLog = log.New(io.Discard, "", 0)
	secured.StartTLS()
	t.Cleanup(secured.Close)
	for address, want := range map[string]string{closed.URL: "connection refused", secured.URL: "certificate signed by unknown authority"} {
		outcome := deliver(t, onlyChannel(t, webhookSettings(t, address+"/s3cret"), x509.NewCertPool()), alertingtest.Notification(store.KindOpened))[0]
		if outcome.Err == nil || errors.Is(outcome.Err, notify.ErrRefused) || !strings.Contains(outcome.Answer, want) || strings.Contains(outcome.Answer, "s3cret") {
			t.Errorf("%s: %+v", address, outcome)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(secured.Certificate())
	if outcome := deliver(t, onlyChannel(t, webhookSettings(t, secured.URL), roots), alertingtest.Notification(store.KindOpened))[0]; outcome.Err != nil {
		t.Errorf("trusted: %+v", outcome)
	}
}

func TestWebServiceHangs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	outcome := onlyChannel(t, webhookSettings(t, server.URL), nil).Send(ctx, testMessage(store.KindOpened), []string{server.URL})[0]
	if outcome.Err == nil || errors.Is(outcome.Err, notify.ErrRefused) || outcome.Answer != "no answer in time" {
		t.Errorf("%+v", outcome)
	}
}

// endless cancels the context after the client has read the beginning of a response.
type endless struct {
	http.RoundTripper
	cancel context.CancelFunc
}

func (e endless) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := e.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = &endlessBody{ReadCloser: response.Body, cancel: e.cancel}
	}
	return response, err
}

type endlessBody struct {
	io.ReadCloser
	cancel context.CancelFunc
	read   bool
}

func (b *endlessBody) Read(p []byte) (int, error) {
	if b.read {
		b.cancel()
	}
	b.read = true
	return b.ReadCloser.Read(p)
}

func TestEndlessResponseCounts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "thanks")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s := onlyChannel(t, webhookSettings(t, server.URL), nil).(*webChannel)
	s.client.Transport = endless{s.client.Transport, cancel}
	outcome := s.Send(ctx, testMessage(store.KindOpened), []string{server.URL})[0]
	if outcome.Err != nil || outcome.Answer != "200 OK thanks" {
		t.Errorf("%+v", outcome)
	}
}

func TestSeveralWebhooksOnOneHost(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/two" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	host, _ := url.Parse(server.URL)
	s := onlyChannel(t, webhookSettings(t, server.URL+"/one "+server.URL+"/two, "+server.URL+"/three"), nil)
	to := s.Recipients(nil)
	if origin := "http://" + host.Host; !slices.Equal(to, []string{origin, origin + " (2)", origin + " (3)"}) {
		t.Fatalf("recipients %q", to)
	}
	outcomes := deliver(t, s, alertingtest.Notification(store.KindOpened))
	if outcomes[0].Err != nil || outcomes[1].Err == nil || outcomes[2].Err != nil {
		t.Errorf("%+v", outcomes)
	}
	again := s.Send(t.Context(), testMessage(store.KindOpened), []string{to[1], "https://gone.example"})
	if again[0].Err == nil || errors.Is(again[0].Err, notify.ErrRefused) || !errors.Is(again[1].Err, notify.ErrRefused) || again[1].Answer != "refused: this address is no longer configured" {
		t.Errorf("%+v", again)
	}
	if server.mutex.Lock(); server.requests[3].path != "/two" {
		t.Errorf("then %s", server.requests[3].path)
	}
	server.mutex.Unlock()
}
