package server

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

const definition = `{"name":"try","type":"ping","interval":"5s","target":"localhost","rule":"packetLoss == 0",
	"properties":{"timeout":"2s","count":"10","interval":"300ms"}}`

// runNextCheck starts a runner that claims and completes one on-demand check. It sends the check to the channel.
func (a *api) runNextCheck(change ...func(*monitor.Result)) <-chan store.OnDemandCheck {
	checks := make(chan store.OnDemandCheck, 1)
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	changes, err := a.store.Watch(ctx, store.TopicOnDemandChecks)
	must(a.t, err)
	go func() {
		defer cancel()
		defer close(checks)
		for range changes {
			pending, err := a.store.PendingOnDemandChecks(ctx, time.Now())
			if err != nil || len(pending) == 0 {
				continue
			}
			check := pending[0]
			if mine, err := a.store.ClaimOnDemandCheck(ctx, check.ID, "runner", time.Now()); err != nil || !mine {
				continue
			}
			result := resultN(0)
			result.MonitorID, result.Message = check.Definition.ID, "from the runner"
			for _, apply := range change {
				apply(&result)
			}
			if a.store.CompleteOnDemandCheck(ctx, check.ID, result) == nil {
				checks <- check
			}
			return
		}
	}()
	return checks
}

func TestCheckMonitor(t *testing.T) {
	a := startAPI(t, nil)
	checks := a.runNextCheck()
	got := decodeAs[monitor.Result](t, a.do("POST", "/api/monitors/check", definition))
	check := <-checks
	if check.Definition == nil || check.MonitorID != "" {
		t.Fatalf("on-demand check is %+v", check)
	}
	if wait := check.Expires.Sub(check.Requested); wait != 10*time.Second {
		t.Errorf("the check expires after %s, want 2s + 10 * 300ms + 5s", wait)
	}
	m := *check.Definition
	if !monitor.ValidID(m.ID) || m.Name != "try" || m.Rule != "packetLoss == 0" || m.Properties["count"] != "10" {
		t.Errorf("definition is %+v", m)
	}
	want := resultN(0)
	want.MonitorID, want.Message = m.ID, "from the runner"
	same(t, "response", got, want)
	if _, known, err := a.store.OnDemandResult(t.Context(), check.ID); known || err != nil {
		t.Errorf("the result still exists: %v", err)
	}
	same(t, "pending checks", len(a.pending()), 0)
	same(t, "monitors", len(a.monitors()), 0)
	same(t, "results", len(a.results()), 0)
}

func TestCheckThatTheRunnerCannotMake(t *testing.T) {
	a := startAPI(t, nil)
	const reason = "not checked: this runner has too many open files; raise the limit (ulimit -n)"
	a.runNextCheck(func(r *monitor.Result) { r.NotChecked, r.Message = true, reason })
	a.do("POST", "/api/monitors/check", definition).wantProblem(t, 503, reason)
}

func TestCheckWithoutRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		started, w := time.Now(), httptest.NewRecorder()
		conformingHandler(t, newServer(s)).ServeHTTP(w, httptest.NewRequest("POST", "/api/monitors/check", strings.NewReader(definition)))
		got := response{w.Code, w.Header(), w.Body.Bytes()}
		got.wantProblem(t, 504, "no runner ran the check within 10s; is a runner running?")
		same(t, "time waited", time.Since(started), 10*time.Second)
		left, err := s.PendingOnDemandChecks(t.Context(), started)
		must(t, err)
		same(t, "pending checks", len(left), 0)
	})
}

// deletionStore sends the ids of deleted on-demand checks to a channel.
type deletionStore struct {
	*sqlite.Store
	deleted chan string
}

func (d deletionStore) DeleteOnDemandCheck(ctx context.Context, id string) error {
	err := d.Store.DeleteOnDemandCheck(ctx, id)
	d.deleted <- id
	return err
}

func TestCanceledCheckIsDeleted(t *testing.T) {
	for name, c := range map[string]struct {
		cancel func(a *api, disconnect context.CancelFunc)
		status int
	}{
		"client disconnects": {func(_ *api, disconnect context.CancelFunc) { disconnect() }, 0},
		"service stops":      {func(a *api, _ context.CancelFunc) { a.stop() }, 503},
	} {
		t.Run(name, func(t *testing.T) {
			s := deletionStore{openStore(t), make(chan string, 1)}
			a := startAPI(t, s)
			a.store = s.Store
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			changes, err := s.Watch(ctx, store.TopicOnDemandChecks)
			must(t, err)
			status := make(chan int, 1)
			clientCtx, disconnect := context.WithCancel(ctx)
			defer disconnect()
			go func() { status <- post(clientCtx, a.url+"/api/monitors/check", definition) }()
			for len(a.pending()) == 0 {
				if _, open := <-changes; !open {
					t.Fatal("no on-demand check was created")
				}
			}
			id := a.pending()[0].ID
			c.cancel(a, disconnect)
			same(t, "response", <-status, c.status)
			same(t, "deleted", <-s.deleted, id)
			same(t, "pending checks", len(a.pending()), 0)
		})
	}
}

func TestRunMonitor(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	a.do("POST", "/api/monitors/"+idOther+"/run", "").wantProblem(t, 404, "there is no monitor with the id "+idOther)
	a.do("POST", "/api/monitors/7/run", "").wantProblem(t, 400, `invalid id "7": an id has 24 hexadecimal digits`)
	a.do("POST", "/api/monitors/"+idB+"/run", "").wantProblem(t, 400, `monitor "beta" is disabled: enable it to run it`)
	same(t, "pending checks", len(a.pending()), 0)
	a.do("POST", "/api/monitors/"+idA+"/run", "").wantJSON(t, 202, "")
	pending := a.pending()
	if len(pending) != 1 || pending[0].MonitorID != idA || pending[0].Definition != nil {
		t.Errorf("pending checks are %+v", pending)
	}
}
