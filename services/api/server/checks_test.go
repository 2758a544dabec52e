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

// answerNext is a runner that claims and answers one request. It sends what it was asked to.
func (a *api) answerNext() <-chan store.OnDemandCheck {
	asked := make(chan store.OnDemandCheck, 1)
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	changes, err := a.store.Watch(ctx, store.TopicOnDemandChecks)
	must(a.t, err)
	go func() {
		defer cancel()
		defer close(asked)
		for range changes {
			pending, err := a.store.PendingOnDemandChecks(ctx, time.Now())
			if err != nil || len(pending) == 0 {
				continue
			}
			request := pending[0]
			if mine, err := a.store.ClaimOnDemandCheck(ctx, request.ID, "runner"); err != nil || !mine {
				continue
			}
			result := resultN(0)
			result.MonitorID, result.Message = request.Definition.ID, "as asked"
			if a.store.CompleteOnDemandCheck(ctx, request.ID, result) == nil {
				asked <- request
			}
			return
		}
	}()
	return asked
}

func TestCheckOnce(t *testing.T) {
	a := startAPI(t, nil)
	asked := a.answerNext()
	got := decodeAs[monitor.Result](t, a.do("POST", "/api/monitors/check", definition))
	request := <-asked
	if request.Definition == nil || request.MonitorID != "" {
		t.Fatalf("request is %+v", request)
	}
	if wait := request.Expires.Sub(request.Requested); wait != 10*time.Second {
		t.Errorf("the request stands for %s, want 2s + 10 * 300ms + 5s", wait)
	}
	m := *request.Definition
	if !monitor.ValidID(m.ID) || m.Name != "try" || m.Rule != "packetLoss == 0" || m.Properties["count"] != "10" {
		t.Errorf("definition is %+v", m)
	}
	want := resultN(0)
	want.MonitorID, want.Message = m.ID, "as asked"
	same(t, "answer", got, want)
	if _, known, err := a.store.OnDemandResult(t.Context(), request.ID); known || err != nil {
		t.Errorf("the answer is still there: %v", err)
	}
	same(t, "pending checks", len(a.pending()), 0)
	same(t, "monitors", len(a.monitors()), 0)
	same(t, "results", len(a.results()), 0)
}

func TestNobodyAnswersACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		started, w := time.Now(), httptest.NewRecorder()
		held(t, newServer(s)).ServeHTTP(w, httptest.NewRequest("POST", "/api/monitors/check", strings.NewReader(definition)))
		got := answer{w.Code, w.Header(), w.Body.Bytes()}
		got.wantProblem(t, 504, "no runner answered within 10s; is a runner running?")
		same(t, "time waited", time.Since(started), 10*time.Second)
		left, err := s.PendingOnDemandChecks(t.Context(), started)
		must(t, err)
		same(t, "requests left", len(left), 0)
	})
}

// dropping tells of the checks that are dropped.
type dropping struct {
	*sqlite.Store
	dropped chan string
}

func (d dropping) DeleteOnDemandCheck(ctx context.Context, id string) error {
	err := d.Store.DeleteOnDemandCheck(ctx, id)
	d.dropped <- id
	return err
}

func TestClientLeavesACheck(t *testing.T) {
	for name, c := range map[string]struct {
		leave  func(a *api, gone context.CancelFunc)
		status int
	}{
		"client gone":      {func(_ *api, gone context.CancelFunc) { gone() }, 0},
		"service stopping": {func(a *api, _ context.CancelFunc) { a.stop() }, 503},
	} {
		t.Run(name, func(t *testing.T) {
			s := dropping{openStore(t), make(chan string, 1)}
			a := startAPI(t, s)
			a.store = s.Store
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			changes, err := s.Watch(ctx, store.TopicOnDemandChecks)
			must(t, err)
			status := make(chan int, 1)
			clientCtx, gone := context.WithCancel(ctx)
			defer gone()
			go func() { status <- post(clientCtx, a.url+"/api/monitors/check", definition) }()
			for len(a.pending()) == 0 {
				if _, open := <-changes; !open {
					t.Fatal("no request was made")
				}
			}
			asked := a.pending()[0].ID
			c.leave(a, gone)
			same(t, "answer", <-status, c.status)
			same(t, "dropped", <-s.dropped, asked)
			same(t, "pending checks", len(a.pending()), 0)
		})
	}
}

func TestRun(t *testing.T) {
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
