package fault

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
	"nanomon/tests/smtptest"
)

// watched are monitors of a target, on services that alert by e-mail.
type watched struct {
	api    string
	mails  *smtptest.Server
	target *servicetest.Switch
	// ids are those of the monitors by path.
	ids map[string]string
}

// startWatched starts the API, and creates a monitor for each path. The settings are for the runners.
func startWatched(t *testing.T, server *mongotest.Server, paths []string) (w *watched, settings map[string]string) {
	t.Helper()
	w = &watched{mails: smtptest.Start(t), target: servicetest.NewSwitch(t), ids: make(map[string]string)}
	settings = w.mails.Settings()
	maps.Copy(settings, map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"})
	_, w.api = servicetest.API(t, settings)
	for _, path := range paths {
		w.ids[path] = servicetest.Create(t, w.api, w.target.Monitor(path, path)).ID
	}
	return w, settings
}

// waitSent waits until n messages of a kind are known to have reached everybody.
func (w *watched) waitSent(t *testing.T, n int, kind store.NotificationKind) {
	t.Helper()
	var sent int
	defer func() { t.Logf("%d of %d messages of kind %s were sent", sent, n, kind) }()
	servicetest.Eventually(t, "the messages to be sent", func() bool {
		sent = 0
		for _, a := range servicetest.Notifications(t, w.api) {
			if a.Kind == kind && a.Sent() {
				sent++
			}
		}
		return sent >= n
	})
}

// waitStored waits until every monitor has n results that are dated from now on.
func (w *watched) waitStored(t *testing.T, n int) {
	t.Helper()
	servicetest.MoreResults(t, w.api, n, slices.Collect(maps.Values(w.ids))...)
}

// wantIncidents sends a test message, and then looks at all that came: so many alerts of each path, each with its recovery,
// and nothing else.
func (w *watched) wantIncidents(t *testing.T, incidents int, paths []string) {
	t.Helper()
	w.waitStored(t, 3)
	servicetest.TestAlert(t, w.api)
	want := map[string]int{"[NanoMon] Test message": 1}
	for _, path := range paths {
		want["[NanoMon] "+path+" failed"] = incidents
		want["[NanoMon] "+path+" is OK again"] = incidents
	}
	subjects, ids := make(map[string]int), make(map[string]bool)
	for _, mail := range w.mails.Mails() {
		subjects[mail.Subject]++
		if first := mail.Header.Get("In-Reply-To"); ids[mail.ID()] || first != "" && !ids[first] {
			t.Errorf("%q came twice, or before the alert it refers to", mail.Subject)
		}
		ids[mail.ID()] = true
	}
	if !maps.Equal(subjects, want) {
		t.Errorf("the e-mails are %v, want %v", subjects, want)
	}
	if listed := len(servicetest.Notifications(t, w.api)); listed != len(ids) {
		t.Errorf("%d messages are stored, %d were sent", listed, len(ids))
	}
}

func paths(name string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("/%s-%d", name, i)
	}
	return list
}

// Whichever runner tells of an incident's begin, the one that is left tells of its end, and nobody tells anything twice.
func TestARunnerIsKilledInIncidents(t *testing.T) {
	t.Parallel()
	early, late := paths("early", 5), paths("late", 5)
	all := append(early, late...)
	w, settings := startWatched(t, mongotest.FerretDB(t), all)
	victim, _ := servicetest.Runner(t, settings)
	servicetest.Runner(t, settings)
	waitForShares(t, w.api, 2, len(all))
	w.target.Set(true, early...)
	w.waitSent(t, len(early), store.KindOpened)

	victim.Kill(t)
	w.target.Set(true, late...)
	w.waitSent(t, len(all), store.KindOpened)
	waitForShares(t, w.api, 1, len(all))
	w.waitStored(t, 3)
	w.target.Set(false, all...)
	w.waitSent(t, len(all), store.KindResolved)

	servicetest.Runner(t, settings)
	waitForShares(t, w.api, 2, len(all))
	w.target.Set(true, all...)
	w.waitSent(t, 2*len(all), store.KindOpened)
	w.target.Set(false, all...)
	w.waitSent(t, 2*len(all), store.KindResolved)
	w.wantIncidents(t, 2, all)
}

// What goes bad while the store is away is told once the store is back, if it is bad still. What came and went is not.
func TestIncidentsInAnOutageOfTheStore(t *testing.T) {
	t.Parallel()
	for name, spool := range map[string]string{"results wait in memory": "", "results wait on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testIncidentsInAnOutage(t, spool)
		})
	}
}

func testIncidentsInAnOutage(t *testing.T, spool string) {
	t.Helper()
	staying, passing := paths("staying", 3), paths("passing", 3)
	server := mongotest.FerretDB(t)
	w, settings := startWatched(t, server, append(staying, passing...))
	servicetest.Runner(t, servicetest.With(settings, "SPOOL_DIR", spool))
	w.waitStored(t, 2)

	server.Kill()
	w.target.Set(true, staying...)
	w.target.Set(true, passing...)
	w.target.Wait(t, 7, passing...)
	w.target.Set(false, passing...)
	w.target.Wait(t, 8, passing...)
	server.Restart()
	servicetest.Eventually(t, "the API to be healthy", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, w.api+"/health", nil)
		return status == http.StatusOK
	})
	w.waitSent(t, len(staying), store.KindOpened)
	w.waitStored(t, 3)
	for _, a := range servicetest.Notifications(t, w.api) {
		if a.Status != monitor.StatusFailed || a.Message == "" {
			t.Errorf("an alert is %+v", a)
		}
	}
	w.target.Set(false, staying...)
	w.waitSent(t, len(staying), store.KindResolved)
	w.wantIncidents(t, 1, staying)
}
