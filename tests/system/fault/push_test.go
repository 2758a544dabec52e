package fault

import (
	"net/http"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// jobPeriod and jobGrace belong to the push monitors of these tests. The runner judges a deadline settleTime after it.
const (
	jobPeriod  = 10 * time.Second
	jobGrace   = time.Second
	settleTime = 10 * time.Second
)

// pingedJob creates a push monitor, sends a ping, and returns the monitor and the deadline after the ping.
func pingedJob(t *testing.T, api string) (m monitor.Monitor, deadline time.Time) {
	t.Helper()
	m = servicetest.Create(t, api, monitor.Monitor{Name: "job", Type: "push", Target: "every 10s", Enabled: true,
		Properties: map[string]string{"grace": "1s"}})
	uuid := servicetest.Get[struct{ UUID string }](t, api+"/monitors/"+m.ID+"/ping-url").UUID
	if status, body := servicetest.Call(t, http.MethodPost, api+"/push/"+uuid, nil); status != http.StatusOK {
		t.Fatalf("ping: status %d, %s", status, body)
	}
	servicetest.Eventually(t, "the result of the ping", func() bool { return len(servicetest.Results(t, api, m.ID)) == 1 })
	return m, servicetest.Results(t, api, m.ID)[0].Date.Add(jobPeriod + jobGrace)
}

// wantNotChecked waits for a later deadline that is missed, and fails the test if one has a result at which NanoMon was
// unavailable.
func wantNotChecked(t *testing.T, api, id string, unavailable, available time.Time) {
	t.Helper()
	var late []monitor.Result
	servicetest.EventuallyWithin(t, 2*time.Minute, "a result of a later deadline", func() bool {
		observe(time.Second)
		late = nil
		for _, r := range servicetest.Results(t, api, id) {
			if r.Status == monitor.StatusFailed {
				late = append(late, r)
			}
		}
		return len(late) > 0
	})
	for _, r := range late {
		if r.Date.After(unavailable) && r.Date.Before(available) {
			t.Errorf("the deadline %s passed while NanoMon was unavailable, from %s to %s: %q", r.Date, unavailable, available, r.Message)
		}
		if offset := r.Date.Sub(late[0].Date) % jobPeriod; offset != 0 {
			t.Errorf("the late results %s and %s are not periods apart", late[0].Date, r.Date)
		}
	}
}

// TestKillAcrossDeadline kills the program when a job should send its ping. Nobody knows whether it did.
func TestKillAcrossDeadline(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	program, api, _ := servicetest.Standalone(t, folder)
	m, deadline := pingedJob(t, api)
	program.Kill(t)
	killed := time.Now()
	observe(time.Until(deadline) + 500*time.Millisecond)
	program, api, _ = servicetest.Standalone(t, folder)
	started := time.Now()
	wantNotChecked(t, api, m.ID, killed, started)
	program.WaitLog(t, `msg="checks can't be made" cause=unavailable error="pings may have been lost`)
}

// TestStoreUnavailableAcrossDeadline kills the database server when a job should send its ping: the API refuses it.
func TestStoreUnavailableAcrossDeadline(t *testing.T) {
	t.Parallel()
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"}
	_, api := servicetest.API(t, settings)
	servicetest.Runner(t, settings)
	m, deadline := pingedJob(t, api)
	uuid := servicetest.Get[struct{ UUID string }](t, api+"/monitors/"+m.ID+"/ping-url").UUID
	server.Kill()
	killed := time.Now()
	observe(time.Until(deadline))
	if status, body := servicetest.Call(t, http.MethodPost, api+"/push/"+uuid, nil); status != http.StatusServiceUnavailable {
		t.Errorf("ping without a store: status %d, %s", status, body)
	}
	observe(time.Second)
	server.Restart()
	wantNotChecked(t, api, m.ID, killed, time.Now())
}

// TestOneAPIUnavailableAcrossDeadline cuts one of two APIs off from the database when a job should send its ping to it.
func TestOneAPIUnavailableAcrossDeadline(t *testing.T) {
	t.Parallel()
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"}
	proxy := servicetest.NewProxy(t, server.Address())
	_, api := servicetest.API(t, settings)
	_, other := servicetest.API(t, servicetest.With(settings, "MONGO_URI", "mongodb://"+proxy.Address+"/?directConnection=true"))
	runner, _ := servicetest.Runner(t, settings)
	m, deadline := pingedJob(t, other)
	uuid := servicetest.Get[struct{ UUID string }](t, api+"/monitors/"+m.ID+"/ping-url").UUID
	observe(time.Until(deadline) - jobGrace)
	proxy.Block()
	unavailable := time.Now()
	if status, body := servicetest.Call(t, http.MethodPost, other+"/push/"+uuid, nil); status != http.StatusServiceUnavailable {
		t.Errorf("ping without a store: status %d, %s", status, body)
	}
	observe(time.Until(deadline) + settleTime + 2*time.Second)
	available := time.Now()
	proxy.Unblock()
	wantNotChecked(t, api, m.ID, unavailable, available)
	runner.WaitLog(t, `msg="checks can't be made" cause=unavailable error="pings may have been lost`)
}
