package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/web"
)

func TestErrorsBecomeProblems(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		err    error
		status int
		detail string
		hint   string
		level  string // level of the only line in the log; blank if there is none because the path is quiet
	}{
		"invalid":     {err: fmt.Errorf("create: %w", monitor.Invalidf("missing monitor name")), status: 400, detail: "missing monitor name"},
		"with a hint": {err: fmt.Errorf("create: %w", monitor.Invalid("invalid monitor interval", "Use 30s.")), status: 400, detail: "invalid monitor interval", hint: "Use 30s."},
		"not found":   {err: fmt.Errorf("read from table x: %w", monitor.ErrNotFound), status: 404, detail: "not found"},
		"too large":   {err: fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 7}), status: 413, detail: "request body is larger than the 7 bytes allowed here"},
		"unavailable": {err: fmt.Errorf("dial db:27017: %w", monitor.ErrUnavailable), status: 503, detail: "the store is unavailable; try again in a few seconds"},
		"too slow":    {err: fmt.Errorf("read: %w", context.DeadlineExceeded), status: 503, detail: "the store is unavailable; try again in a few seconds"},
		"known cause": {
			err:    fmt.Errorf("write /data/x: %w", &monitor.UnavailableError{Detail: "the disk is full", Hint: "free disk space", Err: errors.New("errno 28")}),
			status: 503, detail: "the store is unavailable: the disk is full", hint: "free disk space",
		},
		"own problem": {err: fmt.Errorf("wait: %w", web.Problemf(504, "no runner")), status: 504, detail: "no runner", level: "WARN"},
		"client gone": {ctx: gone, err: fmt.Errorf("read: %w", context.Canceled), status: 499, detail: "the client is gone"},
		"unknown":     {err: errors.New("disk on fire"), status: 500, detail: "internal error", level: "ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			var logs bytes.Buffer
			log := slog.New(slog.NewTextHandler(&logs, nil))
			r := httptest.NewRequest("GET", "/api/x?y=z", nil)
			if c.ctx != nil {
				r = r.WithContext(c.ctx)
			}
			w := httptest.NewRecorder()
			web.LogRequests(log, "/api/x")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				web.Error(w, r, c.err)
			})).ServeHTTP(w, r)
			if w.Code != c.status || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("status %d, headers %v", w.Code, w.Header())
			}
			want := map[string]any{
				"type": "about:blank", "title": http.StatusText(c.status), "status": float64(c.status),
				"detail": c.detail, "instance": "/api/x",
			}
			if c.hint != "" {
				want["hint"] = c.hint
			}
			if diff := cmp.Diff(want, decode(t, w.Body)); diff != "" {
				t.Error(diff)
			}
			if (w.Header().Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("headers %v", w.Header())
			}
			if lines := strings.Count(logs.String(), "\n"); lines > 1 || (lines == 1) != (c.level != "") {
				t.Errorf("log: %s", logs.String())
			}
			if c.level != "" && (!strings.Contains(logs.String(), c.err.Error()) || !strings.Contains(logs.String(), "level="+c.level+" msg=request ")) {
				t.Errorf("log: %s", logs.String())
			}
		})
	}
}

func decode(t *testing.T, body io.Reader) map[string]any {
	t.Helper()
	var got map[string]any
	if err := json.NewDecoder(body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestJSONWritesNothingIfItCannotEncode(t *testing.T) {
	w := httptest.NewRecorder()
	if err := web.JSON(w, 200, math.NaN()); err == nil || w.Body.Len() > 0 {
		t.Errorf("error %v, body %q", err, w.Body)
	}
}

func TestLogRequests(t *testing.T) {
	for name, c := range map[string]struct {
		method, path, sentID string
		handler              http.HandlerFunc
		status               int
		broken               bool
		logs                 []string
		never                []string
	}{
		"a write is logged": {
			method: "POST", path: "/a", sentID: "abc-1", status: 201,
			handler: func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(201)
				io.WriteString(w, "four")
			},
			logs:  []string{"level=INFO", "method=POST", "path=/a", "status=201", "bytes=4", "duration=", "request_id=abc-1"},
			never: []string{"secret"},
		},
		"a successful read is logged at debug level": {
			method: "GET", path: "/a", status: 200,
			handler: func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "four") },
			logs:    []string{"level=DEBUG", "method=GET", "path=/a", "status=200", "bytes=4"}, never: []string{"level=INFO"},
		},
		"a successful HEAD is logged at debug level": {
			method: "HEAD", path: "/a", status: 304,
			handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(304) },
			logs:    []string{"level=DEBUG", "method=HEAD", "status=304"}, never: []string{"level=INFO"},
		},
		"a failed read is logged": {
			method: "GET", path: "/a", status: 404,
			handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) },
			logs:    []string{"level=INFO", "method=GET", "status=404"},
		},
		"a quiet path is logged at debug level": {
			method: "GET", path: "/quiet", sentID: "not a valid\tid", status: 200,
			handler: func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") },
			logs:    []string{"level=DEBUG", "status=200"}, never: []string{"not a valid", "level=INFO"},
		},
		"an unavailable store is a warning": {
			method: "GET", path: "/a", status: 503,
			handler: func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, monitor.ErrUnavailable) },
			logs:    []string{"level=WARN", "status=503"},
		},
		"an unavailable store on a quiet path is logged at debug level": {
			method: "GET", path: "/quiet", status: 503,
			handler: func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, monitor.ErrUnavailable) },
			logs:    []string{"level=DEBUG", "status=503"}, never: []string{"level=WARN"},
		},
		"a panic is a 500": {
			method: "GET", path: "/a", status: 500,
			handler: func(http.ResponseWriter, *http.Request) { panic("boom") },
			logs:    []string{"handler crashed", "cause=boom", "web_test.go", "status=500"},
		},
		"a panic after the start of the response closes the connection": {
			method: "GET", path: "/a", broken: true,
			handler: func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, strings.Repeat("x", 10_000))
				panic("boom")
			},
			logs: []string{"cause=boom", "status=200"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var logs bytes.Buffer
			log := slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
			server := httptest.NewServer(web.LogRequests(log, "/quiet")(c.handler))
			r, _ := http.NewRequest(c.method, server.URL+c.path+"?token=secret", nil)
			if c.sentID != "" {
				r.Header.Set("X-Request-Id", c.sentID)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
			server.Close() // waits for the handler, so that the log is complete
			if (err != nil) != c.broken || !c.broken && res.StatusCode != c.status {
				t.Errorf("status %d, error %v", res.StatusCode, err)
			}
			if res.Header.Get("X-Request-Id") == "" {
				t.Error("the response has no request id")
			}
			for _, part := range c.logs {
				if !strings.Contains(logs.String(), part) {
					t.Errorf("no %q in the log: %s", part, logs.String())
				}
			}
			for _, part := range c.never {
				if strings.Contains(logs.String(), part) {
					t.Errorf("%q in the log: %s", part, logs.String())
				}
			}
		})
	}
}
