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
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
	"nanomon/tests/support/smtptest"
)

// hostileName looks like a header, and adds a script to HTML that is not escaped.
const hostileName = "x Bcc: evil@example.org <script>alert(1)</script>"

// fixture is a running NanoMon with one monitor whose first result was OK.
type fixture struct {
	api     string
	mails   *smtptest.Server
	target  *servicetest.SwitchableTarget
	monitor monitor.Monitor
}

func newFixture(t *testing.T, api string, mails *smtptest.Server, name string) *fixture {
	t.Helper()
	f := &fixture{api: api, mails: mails, target: servicetest.NewSwitchableTarget(t)}
	f.monitor = servicetest.Create(t, api, f.target.Monitor(name, "/"))
	servicetest.WaitForResults(t, api, 1, f.monitor.ID)
	return f
}

// openIncident makes the target fail and returns the e-mail of the opened incident, once its delivery is stored as
// sent.
func (f *fixture) openIncident(t *testing.T) smtptest.Mail {
	t.Helper()
	before := len(f.mails.Mails())
	f.target.Fail("/")
	mails := f.mails.Wait(t, before+1)
	f.waitForSent(t, "opened")
	return mails[before]
}

// waitForSent waits until the newest notification, which is of the given kind, is stored as sent.
func (f *fixture) waitForSent(t *testing.T, kind string) {
	t.Helper()
	servicetest.Eventually(t, "the "+kind+" notification to be sent", func() bool {
		return servicetest.Notifications(t, f.api)[0].Sent()
	})
}

// resolveIncident makes the target recover. Exactly one e-mail must follow, as a reply to the one of the opened
// incident.
func (f *fixture) resolveIncident(t *testing.T, opened smtptest.Mail) {
	t.Helper()
	before := len(f.mails.Mails())
	f.target.Recover("/")
	f.checkResolved(t, f.mails.Wait(t, before+1)[before], opened)
	servicetest.WaitForResults(t, f.api, 2, f.monitor.ID)
	f.checkNoFurtherMail(t)
}

func (f *fixture) checkResolved(t *testing.T, resolved, opened smtptest.Mail) {
	t.Helper()
	if !strings.HasSuffix(resolved.Subject, " is OK again") {
		t.Errorf("resolved e-mail: subject %q", resolved.Subject)
	}
	for _, header := range []string{"In-Reply-To", "References"} {
		if got := resolved.Header.Get(header); got != opened.ID() {
			t.Errorf("resolved e-mail: %s is %q, want the id of the opened e-mail %q", header, got, opened.ID())
		}
	}
	f.waitForSent(t, "resolved")
}

// checkNoFurtherMail sends a test notification: its e-mail must be the next one.
func (f *fixture) checkNoFurtherMail(t *testing.T) {
	t.Helper()
	before := len(f.mails.Mails())
	servicetest.SendTestNotification(t, f.api)
	if mail := f.mails.Wait(t, before+1)[before]; mail.Subject != "[NanoMon] Test message" {
		t.Errorf("unexpected e-mail %q", mail.Subject)
	}
}

// checkKinds compares the kinds of all notifications, oldest first. Except closed ones, all must have been sent.
func (f *fixture) checkKinds(t *testing.T, kinds ...store.NotificationKind) {
	t.Helper()
	var listed []store.NotificationKind
	for _, n := range servicetest.Notifications(t, f.api) {
		listed = append(listed, n.Kind)
		if n.Kind != store.KindClosed && !n.Sent() {
			t.Errorf("%+v was not sent", n)
		}
	}
	slices.Reverse(listed)
	if !slices.Equal(listed, kinds) {
		t.Errorf("notifications %v, want %v", listed, kinds)
	}
}

func TestIncidentIsOpenedAndResolvedByMail(t *testing.T) {
	t.Parallel()
	mails := smtptest.Start(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), mails.Settings())
	testIncident(t, api, mails)
}

func TestLinksOfStandaloneLeadToItsPage(t *testing.T) {
	t.Parallel()
	mails := smtptest.Start(t)
	settings := mails.Settings()
	delete(settings, "ALERT_LINK_BASEURL")
	_, api, page := servicetest.StandaloneWith(t, t.TempDir(), settings)
	servicetest.SendTestNotification(t, api)
	_, port, _ := strings.Cut(strings.TrimPrefix(page, "http://"), ":")
	if mail := mails.Wait(t, 1)[0]; !strings.Contains(mail.Text, "http://localhost:"+port) || !strings.Contains(mail.HTML, "http://localhost:"+port) {
		t.Errorf("no link to %s in\n%s\n%s", page, mail.Text, mail.HTML)
	}
}

func TestIncidentIsOpenedAndResolvedByMailWithSeparateServices(t *testing.T) {
	t.Parallel()
	mongotest.Each(t, func(t *testing.T, uri string) {
		t.Parallel()
		mails := smtptest.Start(t)
		settings := mails.Settings()
		maps.Copy(settings, map[string]string{
			"MONGO_URI": uri, "MONGO_DB": mongotest.Database(t, uri), "POLLING_INTERVAL": "1s",
		})
		_, api := servicetest.API(t, settings)
		servicetest.Runner(t, settings)
		testIncident(t, api, mails)
	})
}

func testIncident(t *testing.T, api string, mails *smtptest.Server) {
	f := newFixture(t, api, mails, hostileName)
	opened := f.openIncident(t)
	f.checkHostileNameIsHarmless(t, opened)
	servicetest.WaitForResults(t, api, 3, f.monitor.ID)
	f.checkNoFurtherMail(t)
	f.resolveIncident(t, opened)
	f.checkKinds(t, store.KindOpened, store.KindTest, store.KindResolved, store.KindTest)
	for i, n := range servicetest.Notifications(t, api) {
		for _, d := range n.Deliveries {
			if want := fmt.Sprintf("accepted as number %d", 4-i); !strings.Contains(d.Answer, want) {
				t.Errorf("%s to %s: the server's answer is %q, want %s", n.Kind, d.To, d.Answer, want)
			}
		}
	}
	f.testRejectedRecipient(t)
}

// checkHostileNameIsHarmless checks the e-mail of an opened incident of the monitor with the hostile name.
func (f *fixture) checkHostileNameIsHarmless(t *testing.T, opened smtptest.Mail) {
	t.Helper()
	if want := "[NanoMon] x Bcc: evil@example.org <script>alert(1)</script> failed"; opened.Subject != want {
		t.Errorf("subject %q, want %q", opened.Subject, want)
	}
	if got := strings.Join(opened.Recipients, ","); got != smtptest.To {
		t.Errorf("sent to %s, want %s", got, smtptest.To)
	}
	addressed, err := opened.Header.AddressList("To")
	if err != nil || len(addressed) != 1 || addressed[0].Address != smtptest.To {
		t.Errorf("addressed to %v (%v), want %s", addressed, err, smtptest.To)
	}
	headers := slices.Sorted(maps.Keys(opened.Header))
	if want := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To",
		"X-Auto-Response-Suppress",
	}; !slices.Equal(headers, want) {
		t.Errorf("headers %q, want %q", headers, want)
	}
	link := smtptest.Link + "/#monitor/" + f.monitor.ID
	if !strings.Contains(opened.Text, link) || !strings.Contains(opened.HTML, `href="`+link+`"`) {
		t.Errorf("no link to %s in\n%s\n%s", link, opened.Text, opened.HTML)
	}
	if strings.Contains(opened.HTML, "<script") || !strings.Contains(opened.HTML, "&lt;script&gt;") {
		t.Errorf("the name is not escaped in\n%s", opened.HTML)
	}
}

// testRejectedRecipient sends a test notification whose recipient the server rejects.
func (f *fixture) testRejectedRecipient(t *testing.T) {
	t.Helper()
	f.mails.Reject(smtptest.To)
	test := servicetest.SendTestNotification(t, f.api)
	if test.Kind != store.KindTest || len(test.Deliveries) != 1 || !test.Next.IsZero() {
		t.Fatalf("test notification: %+v", test)
	}
	got := test.Deliveries[0]
	if got.Channel != "email" || got.To != smtptest.To || got.Status != store.DeliveryFailed || !strings.Contains(got.Answer, "550 5.1.1 unknown recipient") {
		t.Errorf("delivery is %+v, want a rejected recipient", got)
	}
	if sent := f.mails.Wait(t, 4); len(sent) != 4 {
		t.Errorf("%d e-mails were sent, want 4", len(sent))
	}
}

// TestIncidentContinuesAfterRestart ends the process during an incident. The next process must not send the opened
// notification again, and must send the resolved one.
func TestIncidentContinuesAfterRestart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kill, recovers bool }{
		"killed":                               {kill: true},
		"stopped":                              {},
		"killed, recovered before the restart": {kill: true, recovers: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, mails := t.TempDir(), smtptest.Start(t)
			service, api, _ := servicetest.StandaloneWith(t, folder, mails.Settings())
			f := newFixture(t, api, mails, "restart")
			opened := f.openIncident(t)
			if c.kill {
				service.Kill(t)
			} else if code := service.Stop(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if c.recovers {
				f.target.Recover("/")
			}
			_, f.api, _ = servicetest.StandaloneWith(t, folder, mails.Settings())
			if c.recovers {
				f.checkResolved(t, mails.Wait(t, 2)[1], opened)
				f.checkKinds(t, store.KindOpened, store.KindResolved)
				return
			}
			servicetest.WaitForResults(t, f.api, 3, f.monitor.ID)
			f.checkNoFurtherMail(t)
			f.resolveIncident(t, opened)
			f.checkKinds(t, store.KindOpened, store.KindTest, store.KindResolved, store.KindTest)
		})
	}
}

func TestDeliveryIsPendingUntilMailServerResponds(t *testing.T) {
	t.Parallel()
	mails := smtptest.Start(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), mails.Settings())
	f := newFixture(t, api, mails, "pending")
	mails.Stop()
	f.target.Fail("/")
	var pending servicetest.Notification
	servicetest.Eventually(t, "a first attempt", func() bool {
		listed := servicetest.Notifications(t, api)
		if len(listed) != 1 || len(listed[0].Deliveries) != 1 || listed[0].Deliveries[0].Answer == "" {
			return false
		}
		pending = listed[0]
		return true
	})
	for _, d := range pending.Deliveries {
		if d.Status != store.DeliveryPending || !strings.Contains(d.Answer, "refused") || pending.Attempts != 1 || pending.Next.IsZero() {
			t.Errorf("notification while the server is stopped: %+v", pending)
		}
	}
	mails.Restart()
	opened := mails.Wait(t, 1)[0]
	f.waitForSent(t, "opened")
	if attempts := servicetest.Notifications(t, api)[0].Attempts; attempts != 2 {
		t.Errorf("%d attempts, want 2", attempts)
	}
	f.resolveIncident(t, opened)
	f.checkKinds(t, store.KindOpened, store.KindResolved, store.KindTest)
}

func TestEditsDuringAnIncidentSendNothing(t *testing.T) {
	t.Parallel()
	mails := smtptest.Start(t)
	_, api, _ := servicetest.StandaloneWith(t, t.TempDir(), mails.Settings())
	f := newFixture(t, api, mails, "edited")
	opened := f.openIncident(t)

	edited := f.monitor
	edited.Name = "renamed"
	if status, body := servicetest.Call(t, http.MethodPut, api+"/monitors/"+edited.ID, edited); status != http.StatusOK {
		t.Fatalf("edit: %d %s", status, body)
	}
	servicetest.WaitForResults(t, api, 3, f.monitor.ID)
	f.importMonitors(t, servicetest.Get[[]monitor.Monitor](t, api+"/monitors"))
	servicetest.WaitForResults(t, api, 3, f.monitor.ID)
	f.checkNoFurtherMail(t)
	f.resolveIncident(t, opened)

	f.openIncident(t)
	other := f.target.Monitor("other", "/other")
	f.importMonitors(t, []monitor.Monitor{other})
	servicetest.Eventually(t, "the incident of the deleted monitor to be closed", func() bool {
		return servicetest.Notifications(t, api)[0].Kind == store.KindClosed
	})
	f.checkNoFurtherMail(t)
	f.checkKinds(t, store.KindOpened, store.KindTest, store.KindResolved, store.KindTest,
		store.KindOpened, store.KindClosed, store.KindTest)
}

func (f *fixture) importMonitors(t *testing.T, all []monitor.Monitor) {
	t.Helper()
	if status, body := servicetest.Call(t, http.MethodPost, f.api+"/monitors/import", all); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
}
