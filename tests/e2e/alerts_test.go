package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
	"nanomon/tests/smtptest"
)

// hostile is a name that would add a recipient to a header, and a script to HTML.
const hostile = "x\r\nBcc: evil@example.org <script>alert(1)</script>"

// watch is a NanoMon with one monitor, which has been found well.
type watch struct {
	api     string
	mails   *smtptest.Server
	target  *servicetest.Switch
	monitor monitor.Monitor
}

func startWatch(t *testing.T, api string, mails *smtptest.Server, name string) *watch {
	t.Helper()
	w := &watch{api: api, mails: mails, target: servicetest.NewSwitch(t)}
	w.monitor = servicetest.Create(t, api, w.target.Monitor(name, "/"))
	servicetest.MoreResults(t, api, 1, w.monitor.ID)
	return w
}

// fail makes the target bad and returns the e-mail that tells of it, when it is known to have been sent.
func (w *watch) fail(t *testing.T) smtptest.Mail {
	t.Helper()
	before := len(w.mails.Mails())
	w.target.Set(true, "/")
	mails := w.mails.Wait(t, before+1)
	servicetest.Eventually(t, "the alert's fate", func() bool { return servicetest.Notifications(t, w.api)[0].Sent() })
	return mails[before]
}

// recover makes the target well; the one e-mail that follows must belong to the alert's.
func (w *watch) recover(t *testing.T, alert smtptest.Mail) {
	t.Helper()
	before := len(w.mails.Mails())
	w.target.Set(false, "/")
	w.wantRecovery(t, w.mails.Wait(t, before+1)[before], alert)
	servicetest.MoreResults(t, w.api, 2, w.monitor.ID)
	w.wantQuiet(t)
}

func (w *watch) wantRecovery(t *testing.T, mail, alert smtptest.Mail) {
	t.Helper()
	if !strings.HasSuffix(mail.Subject, " is OK again") {
		t.Errorf("the recovery's subject is %q", mail.Subject)
	}
	for _, header := range []string{"In-Reply-To", "References"} {
		if got := mail.Header.Get(header); got != alert.ID() {
			t.Errorf("the recovery's %s is %q, the alert is %q", header, got, alert.ID())
		}
	}
	servicetest.Eventually(t, "the recovery's fate", func() bool { return servicetest.Notifications(t, w.api)[0].Sent() })
}

// wantQuiet has a test message sent: nothing else may come before it.
func (w *watch) wantQuiet(t *testing.T) {
	t.Helper()
	before := len(w.mails.Mails())
	servicetest.TestAlert(t, w.api)
	if mail := w.mails.Wait(t, before+1)[before]; mail.Subject != "[NanoMon] Test message" {
		t.Errorf("%q came", mail.Subject)
	}
}

// wantKinds looks at all messages there are, oldest first; each must have reached everybody.
func (w *watch) wantKinds(t *testing.T, kinds ...store.NotificationKind) {
	t.Helper()
	var listed []store.NotificationKind
	for _, a := range servicetest.Notifications(t, w.api) {
		listed = append(listed, a.Kind)
		if a.Kind != store.KindClosed && !a.Sent() {
			t.Errorf("%+v was not sent", a)
		}
	}
	slices.Reverse(listed)
	if !slices.Equal(listed, kinds) {
		t.Errorf("the messages are %v, want %v", listed, kinds)
	}
}

func TestAnIncident(t *testing.T) {
	t.Parallel()
	mails := smtptest.Start(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), mails.Settings())
	testAnIncident(t, api, mails)
}

func TestAnIncidentWithSeparateServices(t *testing.T) {
	t.Parallel()
	mongotest.Each(t, func(t *testing.T, uri string) {
		t.Parallel()
		mails := smtptest.Start(t)
		settings := mails.Settings()
		maps.Copy(settings, map[string]string{"MONGO_URI": uri, "MONGO_DB": mongotest.Database(t, uri), "POLLING_INTERVAL": "1s"})
		_, api := servicetest.API(t, settings)
		servicetest.Runner(t, settings)
		testAnIncident(t, api, mails)
	})
}

func testAnIncident(t *testing.T, api string, mails *smtptest.Server) {
	w := startWatch(t, api, mails, hostile)
	alert := w.fail(t)
	w.wantAlert(t, alert)
	servicetest.MoreResults(t, api, 3, w.monitor.ID)
	w.wantQuiet(t)
	w.recover(t, alert)
	w.wantKinds(t, store.KindOpened, store.KindTest, store.KindResolved, store.KindTest)
	for i, a := range servicetest.Notifications(t, api) {
		for _, d := range a.Deliveries {
			if want := fmt.Sprintf("taken as number %d", 4-i); !strings.Contains(d.Answer, want) {
				t.Errorf("the server's answer for %s to %s is %q, want %s", a.Kind, d.To, d.Answer, want)
			}
		}
	}
	w.testARefusal(t)
}

// wantAlert looks at the e-mail that tells of the monitor with the hostile name.
func (w *watch) wantAlert(t *testing.T, alert smtptest.Mail) {
	t.Helper()
	if want := "[NanoMon] x Bcc: evil@example.org <script>alert(1)</script> failed"; alert.Subject != want {
		t.Errorf("the subject is %q, want %q", alert.Subject, want)
	}
	if got := strings.Join(alert.Recipients, ","); got != smtptest.To {
		t.Errorf("it went to %s, want %s", got, smtptest.To)
	}
	addressed, err := alert.Header.AddressList("To")
	if err != nil || len(addressed) != 2 || addressed[0].Address+","+addressed[1].Address != smtptest.To {
		t.Errorf("it is addressed to %v (%v), want %s", addressed, err, smtptest.To)
	}
	headers := slices.Sorted(maps.Keys(alert.Header))
	if want := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress",
	}; !slices.Equal(headers, want) {
		t.Errorf("the headers are %q, want %q", headers, want)
	}
	link := smtptest.Link + "/#monitor/" + w.monitor.ID
	if !strings.Contains(alert.Text, link) || !strings.Contains(alert.HTML, `href="`+link+`"`) {
		t.Errorf("there is no link %s in\n%s\n%s", link, alert.Text, alert.HTML)
	}
	if strings.Contains(alert.HTML, "<script") || !strings.Contains(alert.HTML, "&lt;script&gt;") {
		t.Errorf("the name is no text in\n%s", alert.HTML)
	}
}

// testARefusal has a test message sent of which one recipient is refused.
func (w *watch) testARefusal(t *testing.T) {
	t.Helper()
	first, second, _ := strings.Cut(smtptest.To, ",")
	w.mails.Refuse(second)
	test := servicetest.TestAlert(t, w.api)
	if test.Kind != store.KindTest || len(test.Deliveries) != 2 || !test.Next.IsZero() {
		t.Fatalf("the test message is %+v", test)
	}
	for i, want := range []store.Delivery{
		{Channel: "email", To: first, Status: store.DeliverySent, Answer: "taken as number 5"},
		{Channel: "email", To: second, Status: store.DeliveryFailed, Answer: "550 5.1.1 nobody of that name"},
	} {
		got := test.Deliveries[i]
		if got.Channel != want.Channel || got.To != want.To || got.Status != want.Status || !strings.Contains(got.Answer, want.Answer) {
			t.Errorf("delivery %d is %+v, want %+v", i, got, want)
		}
	}
	if sent := w.mails.Wait(t, 5)[4].Recipients; !slices.Equal(sent, []string{first}) {
		t.Errorf("it went to %v, want %s", sent, first)
	}
}

// However a process ends in an incident, the next one tells of it no second time, and tells of its end.
func TestAnIncidentOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kill, wellMeanwhile bool }{
		"killed":                            {kill: true},
		"stopped":                           {},
		"killed, and well before the start": {kill: true, wellMeanwhile: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, mails := t.TempDir(), smtptest.Start(t)
			service, api, _ := servicetest.StandaloneWith(t, folder, mails.Settings())
			w := startWatch(t, api, mails, "outliving")
			alert := w.fail(t)
			if c.kill {
				service.Kill(t)
			} else if code := service.Stop(t); code != 0 {
				t.Errorf("the exit code is %d", code)
			}
			w.target.Set(!c.wellMeanwhile, "/")
			_, w.api, _ = servicetest.StandaloneWith(t, folder, mails.Settings())
			if c.wellMeanwhile {
				w.wantRecovery(t, mails.Wait(t, 2)[1], alert)
				w.wantKinds(t, store.KindOpened, store.KindResolved)
				return
			}
			servicetest.MoreResults(t, w.api, 3, w.monitor.ID)
			w.wantQuiet(t)
			w.recover(t, alert)
			w.wantKinds(t, store.KindOpened, store.KindTest, store.KindResolved, store.KindTest)
		})
	}
}

func TestAnAlertWaitsForItsServer(t *testing.T) {
	t.Parallel()
	mails := smtptest.Start(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), mails.Settings())
	w := startWatch(t, api, mails, "patient")
	mails.Stop()
	w.target.Set(true, "/")
	var waiting servicetest.Notification
	servicetest.Eventually(t, "a first attempt", func() bool {
		listed := servicetest.Notifications(t, api)
		if len(listed) != 1 || len(listed[0].Deliveries) != 2 || listed[0].Deliveries[1].Answer == "" {
			return false
		}
		waiting = listed[0]
		return true
	})
	for _, d := range waiting.Deliveries {
		if d.Status != store.DeliveryPending || !strings.Contains(d.Answer, "refused") || waiting.Attempts != 1 || waiting.Next.IsZero() {
			t.Errorf("without a server the alert is %+v", waiting)
		}
	}
	mails.Restart()
	alert := mails.Wait(t, 1)[0]
	servicetest.Eventually(t, "the alert's fate", func() bool { return servicetest.Notifications(t, api)[0].Sent() })
	if attempts := servicetest.Notifications(t, api)[0].Attempts; attempts != 2 {
		t.Errorf("it took %d attempts", attempts)
	}
	w.recover(t, alert)
	w.wantKinds(t, store.KindOpened, store.KindResolved, store.KindTest)
}

func TestEditsInAnIncidentSendNothing(t *testing.T) {
	t.Parallel()
	mails := smtptest.Start(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), mails.Settings())
	w := startWatch(t, api, mails, "edited")
	alert := w.fail(t)

	edited := w.monitor
	edited.Name = "renamed"
	if status, body := servicetest.Call(t, http.MethodPut, api+"/monitors/"+edited.ID, edited); status != http.StatusOK {
		t.Fatalf("edit: %d %s", status, body)
	}
	servicetest.MoreResults(t, api, 3, w.monitor.ID)
	w.importMonitors(t, servicetest.Get[[]monitor.Monitor](t, api+"/monitors"))
	servicetest.MoreResults(t, api, 3, w.monitor.ID)
	w.wantQuiet(t)
	w.recover(t, alert)

	w.fail(t)
	other := w.target.Monitor("other", "/other")
	w.importMonitors(t, []monitor.Monitor{other})
	servicetest.Eventually(t, "the incident of the deleted monitor to be closed", func() bool {
		return servicetest.Notifications(t, api)[0].Kind == store.KindClosed
	})
	w.wantQuiet(t)
	w.wantKinds(t, store.KindOpened, store.KindTest, store.KindResolved, store.KindTest, store.KindOpened, store.KindClosed, store.KindTest)
}

func (w *watch) importMonitors(t *testing.T, all []monitor.Monitor) {
	t.Helper()
	if status, body := servicetest.Call(t, http.MethodPost, w.api+"/monitors/import", all); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
}
