package fault

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
	"nanomon/tests/support/smtptest"
)

// fixture is the API and a target with monitors; their incidents are reported by e-mail.
type fixture struct {
	api    string
	mails  *smtptest.Server
	target *servicetest.SwitchableTarget
	// ids maps the paths to the ids of their monitors.
	ids map[string]string
}

// newFixture starts the API and creates a monitor for each path. It returns the settings for runners, but starts none.
func newFixture(t *testing.T, server *mongotest.Server, paths []string) (f *fixture, settings map[string]string) {
	t.Helper()
	f = &fixture{mails: smtptest.Start(t), target: servicetest.NewSwitchableTarget(t), ids: make(map[string]string)}
	settings = f.mails.Settings()
	maps.Copy(settings, map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"})
	_, f.api = servicetest.API(t, settings)
	for _, path := range paths {
		f.ids[path] = servicetest.Create(t, f.api, f.target.Monitor(path, path)).ID
	}
	return f, settings
}

// waitForSent waits until n notifications of a kind have been sent to all recipients.
func (f *fixture) waitForSent(t *testing.T, n int, kind store.NotificationKind) {
	t.Helper()
	var sent int
	defer func() { t.Logf("%d of %d notifications of kind %s were sent", sent, n, kind) }()
	servicetest.Eventually(t, "the notifications to be sent", func() bool {
		sent = 0
		for _, notification := range servicetest.Notifications(t, f.api) {
			if notification.Kind == kind && notification.Sent() {
				sent++
			}
		}
		return sent >= n
	})
}

// waitForResults waits until every monitor has n results that are dated after this call.
func (f *fixture) waitForResults(t *testing.T, n int) {
	t.Helper()
	servicetest.WaitForResults(t, f.api, n, slices.Collect(maps.Values(f.ids))...)
}

// checkMails sends a test notification and then checks all e-mails: for each path, the given number of opened and of
// resolved incidents, and nothing else except the test notification.
func (f *fixture) checkMails(t *testing.T, incidents int, paths []string) {
	t.Helper()
	f.waitForResults(t, 3)
	servicetest.SendTestNotification(t, f.api)
	want := map[string]int{"[NanoMon] Test message": 1}
	for _, path := range paths {
		want["[NanoMon] "+path+" failed"] = incidents
		want["[NanoMon] "+path+" is OK again"] = incidents
	}
	subjects, ids := make(map[string]int), make(map[string]bool)
	for _, mail := range f.mails.Mails() {
		subjects[mail.Subject]++
		if opened := mail.Header.Get("In-Reply-To"); ids[mail.ID()] || opened != "" && !ids[opened] {
			t.Errorf("%q was sent twice, or before the e-mail that it replies to", mail.Subject)
		}
		ids[mail.ID()] = true
	}
	if !maps.Equal(subjects, want) {
		t.Errorf("e-mails %v, want %v", subjects, want)
	}
	if stored := len(servicetest.Notifications(t, f.api)); stored != len(ids) {
		t.Errorf("%d notifications are stored, %d were sent", stored, len(ids))
	}
}

func paths(name string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("/%s-%d", name, i)
	}
	return list
}

// TestNotificationsAreSentOnceWhenRunnerIsKilled kills one of two runners during incidents. The other one must send the
// resolved notifications of both, and no notification may be sent twice.
func TestNotificationsAreSentOnceWhenRunnerIsKilled(t *testing.T) {
	t.Parallel()
	early, late := paths("early", 5), paths("late", 5)
	all := append(early, late...)
	f, settings := newFixture(t, mongotest.FerretDB(t), all)
	victim, _ := servicetest.Runner(t, settings)
	servicetest.Runner(t, settings)
	waitForAssignments(t, f.api, 2, len(all))
	f.target.Fail(early...)
	f.waitForSent(t, len(early), store.KindOpened)

	victim.Kill(t)
	f.target.Fail(late...)
	f.waitForSent(t, len(all), store.KindOpened)
	waitForAssignments(t, f.api, 1, len(all))
	f.waitForResults(t, 3)
	f.target.Recover(all...)
	f.waitForSent(t, len(all), store.KindResolved)

	servicetest.Runner(t, settings)
	waitForAssignments(t, f.api, 2, len(all))
	f.target.Fail(all...)
	f.waitForSent(t, 2*len(all), store.KindOpened)
	f.target.Recover(all...)
	f.waitForSent(t, 2*len(all), store.KindResolved)
	f.checkMails(t, 2, all)
}

// TestIncidentsWhileStoreIsUnavailable makes targets fail while the store is unavailable. After that, notifications must
// be sent for the targets that still fail, and none for the targets that have recovered.
func TestIncidentsWhileStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, spool := range map[string]string{"results queued in memory": "", "results spooled to disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testIncidentsWhileStoreIsUnavailable(t, spool)
		})
	}
}

func testIncidentsWhileStoreIsUnavailable(t *testing.T, spool string) {
	t.Helper()
	lasting, short := paths("lasting", 3), paths("short", 3)
	server := mongotest.FerretDB(t)
	f, settings := newFixture(t, server, append(lasting, short...))
	servicetest.Runner(t, servicetest.With(settings, "SPOOL_DIR", spool))
	f.waitForResults(t, 2)

	server.Kill()
	f.target.Fail(lasting...)
	f.target.Fail(short...)
	f.target.WaitForChecks(t, 7, short...)
	f.target.Recover(short...)
	f.target.WaitForChecks(t, 8, short...)
	server.Restart()
	servicetest.Eventually(t, "the API to be healthy", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, f.api+"/health", nil)
		return status == http.StatusOK
	})
	f.waitForSent(t, len(lasting), store.KindOpened)
	f.waitForResults(t, 3)
	for _, notification := range servicetest.Notifications(t, f.api) {
		if notification.Status != monitor.StatusFailed || notification.Message == "" {
			t.Errorf("unexpected notification %+v", notification)
		}
	}
	f.target.Recover(lasting...)
	f.waitForSent(t, len(lasting), store.KindResolved)
	f.checkMails(t, 1, lasting)
}
