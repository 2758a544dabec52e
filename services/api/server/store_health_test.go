package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// brokenStore is a store whose Ping returns an error that the test sets. Its reads work.
type brokenStore struct {
	*sqlite.Store
	problem atomic.Pointer[error]
}

func (s *brokenStore) Ping(ctx context.Context) error {
	if problem := s.problem.Load(); problem != nil {
		return *problem
	}
	return s.Store.Ping(ctx)
}

var errFull error = &monitor.UnavailableError{
	Detail: "the disk is full", Hint: "free disk space", Err: errors.New("write /secret/path"),
}

func TestUnhealthyStore(t *testing.T) {
	s := &brokenStore{Store: openStore(t)}
	s.problem.Store(&errFull)
	a := startAPI(t, s)
	a.do("GET", "/api/health", "").wantProblem(t, 503, "the store is unavailable: the disk is full")
	status := decodeAs[statusResponse](t, a.do("GET", "/api/status", ""))
	if status.Healthy || status.Problem != "the disk is full; free disk space" {
		t.Errorf("status is %+v", status)
	}
	metrics := parseMetrics(t, a.do("GET", "/api/metrics", "").body)
	same(t, "nanomon_api_store_healthy", metrics.values("nanomon_api_store_healthy")[""], float64(0))
	client := a.listen()
	client.wantEvent("health", healthEvent{Problem: "the disk is full; free disk space"})
	unknown := fmt.Errorf("ping: %w: code 1: no engine", store.ErrUnknown)
	s.problem.Store(&unknown)
	client.wantEvent("health", healthEvent{Problem: "the database answers with an unknown error; see the log of the API"})
	s.problem.Store(nil)
	client.wantEvent("health", healthEvent{Healthy: true})
	a.do("GET", "/api/health", "").wantJSON(t, 200, `{"healthy":true}`)
}

func TestStoreHealthIsReportedOncePerChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var problem atomic.Pointer[error]
		changes := make(chan healthEvent, 10)
		h := newStoreHealth(func(context.Context) error {
			if p := problem.Load(); p != nil {
				return *p
			}
			return nil
		}, slog.New(slog.NewTextHandler(&log, nil)), func(e healthEvent) { changes <- e })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.run(ctx)
		}()
		for _, p := range []*error{nil, &errFull, &errUnavailable, nil} {
			problem.Store(p)
			<-time.After(time.Minute)
			synctest.Wait()
		}
		cancel()
		<-done
		if n := len(changes); n != 3 {
			t.Errorf("%d changes, want 3", n)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "/secret/path") || !strings.Contains(lines[2], "duration=2m") {
			t.Errorf("log:\n%s", log.String())
		}
	})
}
