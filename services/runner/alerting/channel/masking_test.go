package channel

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
	"nanomon/services/runner/alerting/notify"
)

// types are the monitor types.
var types = probe.All(probe.Guard{})

// leakyMonitor is a monitor with secrets. Each of them contains "canary".
var leakyMonitor = monitor.Monitor{
	ID: "65f2c0ffee65f2c0ffee65f2", Name: "Payments API", Type: "http", Interval: "30s", Enabled: true, Group: "Shop",
	Target: "http://canary1:canary2@pay.example.org/p?key=canary3&canary4#canary5",
	Properties: map[string]string{
		"headers": `{"Authorization":"Bearer canary6","X-Key":"canary7"}`, "body": "canary8", "bodyRegex": `(\d+)`,
	},
}

// leakyMessage is the message of a result that contains all secrets of leakyMonitor.
var leakyMessage = `Get "` + leakyMonitor.Target + `": got canary2 canary3 canary4 canary5 canary6 "canary7" {canary8} Y2FuYXJ5MTpjYW5hcnky`

// newOutbox returns an outbox that sends through the channels.
func newOutbox(s notify.Store, channels []notify.Channel) *notify.Outbox {
	return notify.New("here", time.Now, s, channels, testFormat, types.Secrets(), alertingtest.QuietLog())
}

// allChannels is one channel of each kind, and the servers that they send to. A web channel NAME takes its address from
// the setting NameURL, so that the tests include every new one.
type allChannels struct {
	channels []notify.Channel
	mail     *mailServer
	web      map[string]*webServer
}

func startAllChannels(t *testing.T) allChannels {
	t.Helper()
	a := allChannels{mail: &mailServer{encryption: config.TLSNone}, web: make(map[string]*webServer)}
	a.mail.start(t, "")
	settings := a.mail.settings("a@example.org")
	u := func(channel string) config.URLs {
		a.web[channel] = serve(t, accept)
		return urls(t, a.web[channel].URL+"/path/topic")
	}
	webhooks := reflect.ValueOf(&settings.Webhooks).Elem()
	for field, value := range webhooks.Fields() {
		if channel, isURL := strings.CutSuffix(field.Name, "URL"); isURL {
			value.Set(reflect.ValueOf(u(strings.ToLower(channel))))
		}
	}
	all := settings
	all.PagerDutyKey = "key"
	a.channels = append(All(settings, nil), pagerDuty("key", u("pagerduty")[0], options{client: newWebClient(nil)}))
	if len(a.channels) != len(All(all, nil)) || len(a.channels) != len(a.web)+1 {
		t.Fatalf("%d channels, want %d", len(a.channels), len(a.web)+1)
	}
	return a
}

// expectNoSecret fails if a channel received a secret, or not want notifications, of which closed are about closed
// incidents.
func (a allChannels) expectNoSecret(t *testing.T, want, closed int) {
	t.Helper()
	received := make(map[string][]string)
	for _, m := range a.mail.mails() {
		received["email"] = append(received["email"], strings.ReplaceAll(string(m.data), "=\r\n", ""))
	}
	for name, server := range a.web {
		server.mutex.Lock()
		for _, r := range server.requests {
			received[name] = append(received[name], string(r.body))
		}
		server.mutex.Unlock()
	}
	for _, c := range a.channels {
		expected := want
		if !c.SendsClosed() {
			expected -= closed
		}
		if got := len(received[c.Name()]); got != expected {
			t.Errorf("%s received %d notifications, want %d", c.Name(), got, expected)
		}
		for _, text := range received[c.Name()] {
			expectNoCanary(t, c.Name(), text)
		}
	}
}

func expectNoCanary(t *testing.T, where, text string) {
	t.Helper()
	for _, canary := range []string{"canary", "Y2FuYXJ5", "314159"} {
		if i := strings.Index(text, canary); i >= 0 {
			t.Errorf("%s shows a secret: %.80s", where, text[i:])
		}
	}
}

func TestChannelsReceiveNoSecret(t *testing.T) {
	channels := startAllChannels(t)
	synctest.Test(t, func(t *testing.T) {
		h := alertingtest.NewMemory()
		e := incident.New("here", incident.Rules{FailCount: 1}, types, time.Now, h, alertingtest.QuietLog())
		alertingtest.Start(t, e.Run)
		alertingtest.Start(t, newOutbox(h, channels.channels).Run)
		m := leakyMonitor
		m.Properties = maps.Clone(m.Properties)
		m.Properties["headers"] = `{"Authorization":"Bearer canary6","X-Key":"canary7","X-Pin":"314159"}`
		e.Monitors([]monitor.Monitor{m}, func(string) bool { return true })
		now := monitor.Date(time.Now())
		p := store.Point{Date: now, Status: monitor.StatusError, Value: 314159}
		s := store.State{MonitorID: m.ID, History: []store.Point{p}, Latest: monitor.Result{
			Date: now, Status: p.Status, Value: p.Value, Message: leakyMessage, MonitorID: m.ID, MonitorTarget: m.Target,
			Outputs: map[string]any{"regexMatch": p.Value},
		}}
		e.Stored([]store.State{s})
		alertingtest.Wait(10 * time.Second)
		if ids := h.IDs(); ids != m.ID+"-1-alert" {
			t.Fatalf("notifications %q", ids)
		}
		stored, err := json.Marshal(h.Get(h.IDs()))
		if err != nil {
			t.Fatal(err)
		}
		expectNoCanary(t, "the stored notification", string(stored))
		if n := h.Get(h.IDs()); n.MonitorName != m.Name || n.MonitorTarget != types.Secrets().Mask(m).Target {
			t.Errorf("stored %+v", n)
		}
	})
	channels.expectNoSecret(t, 1, 0)
}

// Earlier versions stored notifications with secrets.
func TestStoredNotificationsAreSentWithoutSecrets(t *testing.T) {
	channels := startAllChannels(t)
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		m.StoredMonitors[leakyMonitor.ID] = leakyMonitor
		kinds := []store.NotificationKind{store.KindOpened, store.KindEscalated, store.KindReminder, store.KindResolved, store.KindClosed}
		for i, kind := range kinds {
			n := alertingtest.Notification(kind)
			n.MonitorTarget, n.Message = leakyMonitor.Target, leakyMessage
			n.Date = monitor.Date(time.Now()).Add(time.Duration(i) * time.Millisecond)
			n.Next = n.Date
			m.Add(n)
		}
		deleted := alertingtest.Notification(store.KindOpened)
		deleted.ID, deleted.MonitorID = "65f2c0ffee65f2c0ffee0000-1-alert", "65f2c0ffee65f2c0ffee0000"
		deleted.MonitorTarget = leakyMonitor.Target
		deleted.Message = `Get "` + leakyMonitor.Target + `": got canary2 canary3 canary4 canary5 Y2FuYXJ5MTpjYW5hcnky`
		deleted.Date = monitor.Date(time.Now())
		deleted.Next = deleted.Date
		m.Add(deleted)
		alertingtest.Start(t, newOutbox(m, channels.channels).Run)
		alertingtest.Wait(5 * time.Minute)
	})
	channels.expectNoSecret(t, 6, 1)
}
