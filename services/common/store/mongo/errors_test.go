package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// newResult returns the result number n of a monitor.
func newResult(n int) monitor.Result {
	return monitor.Result{
		ID: fmt.Sprintf("65a5%020x", n), Date: time.Date(2026, 1, 15, 10, 0, n, 0, time.UTC), MonitorID: newMonitor(1, "").ID,
		MonitorName: "a", MonitorTarget: "b",
	}
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	var invalid *monitor.InvalidError
	if !errors.As(err, &invalid) || errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("error %v, want an InvalidError", err)
	}
}

// TestUnavailableEngine answers all commands except hello and ping with an error, as a gateway does whose database
// engine is unavailable.
func TestUnavailableEngine(t *testing.T) {
	t.Parallel()
	s, r := openThrough(t, server, mongotest.Database(t, server))
	if err := s.CreateMonitor(t.Context(), newMonitor(1, "a")); err != nil {
		t.Fatal(err)
	}
	batch := store.Batch{Results: []monitor.Result{newResult(1)}}
	for _, code := range []int{0, 1, 13, 64, 112, 133, 365, 8000, 11601, 14031, 4711} {
		r.answers.set(failWith(code))
		for name, call := range map[string]func(context.Context) error{
			"Ping":          s.Ping,
			"AppendBatch":   func(ctx context.Context) error { return s.AppendBatch(ctx, batch) },
			"CreateMonitor": func(ctx context.Context) error { return s.CreateMonitor(ctx, newMonitor(2, "b")) },
			"Monitors":      func(ctx context.Context) error { _, err := s.Monitors(ctx); return err },
			"DeleteMonitor": func(ctx context.Context) error { return s.DeleteMonitor(ctx, newMonitor(1, "").ID) },
			"PutHeartbeat":  func(ctx context.Context) error { return s.PutHeartbeat(ctx, store.Runner{ID: "r"}) },
		} {
			err := call(t.Context())
			if !errors.Is(err, monitor.ErrUnavailable) {
				t.Errorf("code %d: %s returns %v, want an error that wraps ErrUnavailable", code, name, err)
			}
			if text := fmt.Sprintf("unknown error of the database: code %d: no connection", code); code == 4711 && !strings.Contains(err.Error(), text) {
				t.Errorf("%s returns %q, want a text with %q", name, err, text)
			}
		}
	}
	r.answers.set(nil)
	if err := s.AppendBatch(t.Context(), batch); err != nil {
		t.Error(err)
	}
}

// lineFunc is a writer that calls a function for each line of a log.
type lineFunc func()

func (f lineFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// TestOpenWaitsForEngine opens a database whose engine is unavailable until the first log line.
func TestOpenWaitsForEngine(t *testing.T) {
	t.Parallel()
	r, through := startRelay(t, server)
	r.answers.set(failWith(1))
	lines := 0
	log := slog.New(slog.NewTextHandler(lineFunc(func() { lines++; r.answers.set(nil) }), nil))
	open(t, Config{URI: through, Database: mongotest.Database(t, server), Log: log})
	if lines != 1 {
		t.Errorf("%d log lines, want 1", lines)
	}
}

// TestWriteErrors answers inserts with errors that name one of their documents.
func TestWriteErrors(t *testing.T) {
	t.Parallel()
	s, r := openThrough(t, server, mongotest.Database(t, server))
	batch := store.Batch{Results: []monitor.Result{newResult(1), newResult(2)}}
	failOne := func(code int, concern ...bson.E) answer {
		return func(name string, _ bson.Raw) bson.D {
			if name != "insert" {
				return nil
			}
			failure := bson.D{field("index", 1), field("code", code), field("errmsg", "the engine says no")}
			return append(bson.D{field("ok", 1), field("n", 1), field("writeErrors", bson.A{failure})}, concern...)
		}
	}
	const validation = 121
	r.answers.set(failOne(validation))
	wantInvalid(t, s.AppendBatch(t.Context(), batch))
	wantInvalid(t, s.CreateMonitor(t.Context(), newMonitor(1, "a")))
	// An error that is not known to be of a document may be one of the server.
	for name, unclear := range map[string]answer{
		"unknown code":      failOne(1),
		"too many requests": failOne(16500),
		"write concern": failOne(validation,
			field("writeConcernError", bson.D{field("code", 64), field("errmsg", "waiting for replication timed out")})),
	} {
		r.answers.set(unclear)
		if err := s.AppendBatch(t.Context(), batch); !errors.Is(err, monitor.ErrUnavailable) {
			t.Errorf("%s: error %v, want one that wraps ErrUnavailable", name, err)
		}
	}
}

// TestUnsendableDocument checks errors that the driver returns before it sends anything.
func TestUnsendableDocument(t *testing.T) {
	t.Parallel()
	s := openStore(t, mongotest.Database(t, server))
	unencodable, huge := newResult(1), newResult(2)
	unencodable.Outputs = map[string]any{"x": make(chan int)}
	huge.Message = strings.Repeat("x", 49<<20)
	for name, r := range map[string]monitor.Result{"unencodable": unencodable, "huge": huge} {
		t.Run(name, func(t *testing.T) {
			wantInvalid(t, s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{newResult(3), r}}))
			state := store.State{MonitorID: r.MonitorID, Latest: r}
			wantInvalid(t, s.AppendBatch(t.Context(), store.Batch{States: []store.State{state}}))
		})
	}
}
