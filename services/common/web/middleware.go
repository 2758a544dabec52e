package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"time"

	"nanomon/services/common/monitor"
)

// Observe gives every request an id and logs it when it ends, with the cause if [Error] answered it with a status of
// 500 or more. It answers a panic of its handler with a 500. Requests for the quiet paths are logged at debug level
// unless they fail.
func Observe(log *slog.Logger, quiet ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen := &observed{started: time.Now(), id: requestID(r), level: slog.LevelInfo}
			if slices.Contains(quiet, r.URL.Path) {
				seen.level = slog.LevelDebug
			}
			w.Header().Set("X-Request-Id", seen.id)
			r = r.WithContext(context.WithValue(r.Context(), observedKey{}, seen))
			rec := &recorder{ResponseWriter: w}
			defer func() { seen.log(log, r, rec) }()
			defer recoverPanic(rec, r, log, seen.id)
			next.ServeHTTP(rec, r)
		})
	}
}

type observedKey struct{}

// observed is what the log says of a request beside what was sent.
type observed struct {
	started time.Time
	id      string
	level   slog.Level
	// failure is the cause of a status of 500 or more, nil otherwise.
	failure error
}

func (o *observed) log(log *slog.Logger, r *http.Request, rec *recorder) {
	attrs := []slog.Attr{
		slog.String("request", o.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("duration", time.Since(o.started)),
	}
	if o.failure != nil {
		attrs = append(attrs, slog.Any("error", o.failure))
	}
	log.LogAttrs(r.Context(), o.level, "request", attrs...)
}

func recoverPanic(rec *recorder, r *http.Request, log *slog.Logger, id string) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	log.Error("handler crashed", "request", id, "method", r.Method, "path", r.URL.Path,
		"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if rec.status != 0 {
		panic(http.ErrAbortHandler) // the answer is half out: break it off, so that it isn't taken for a whole one
	}
	Problemf(http.StatusInternalServerError, "internal error").send(rec, r)
}

var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID is the id that a proxy in front gave, or a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); goodRequestID.MatchString(id) {
		return id
	}
	return monitor.NewID(time.Now())
}

// AnyOrigin stands for all origins in [AllowOrigins].
const AnyOrigin = "*"

// AllowOrigins lets pages of these origins use the service, and answers preflight requests. Pages of others can't read its answers.
func AllowOrigins(origins ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h, origin := w.Header(), AnyOrigin
			if !slices.Contains(origins, AnyOrigin) {
				h.Add("Vary", "Origin")
				origin = r.Header.Get("Origin")
			}
			preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
			if slices.Contains(origins, origin) {
				allow(h, origin, preflight)
			}
			if preflight {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func allow(h http.Header, origin string, preflight bool) {
	h.Set("Access-Control-Allow-Origin", origin)
	if !preflight {
		h.Set("Access-Control-Expose-Headers", "Link, Retry-After, WWW-Authenticate, X-Request-Id")
		return
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
	h.Set("Access-Control-Max-Age", "600")
}

// Data sets the headers of answers that are data: no browser takes them for a page, keeps them, or tells others where they were.
func Data(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// recorder remembers what was sent.
type recorder struct {
	http.ResponseWriter
	// status is 0 until the header is out.
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(data)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
