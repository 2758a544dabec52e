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

// LogRequests gives every request an id and logs it when it ends: successful reads (GET and HEAD) and requests for the
// quiet paths at debug level, all others at info level. Requests that [Error] answered with a status of 500 or more are
// logged with their cause, as a warning or an error, except a 503 on a quiet path. It answers a panic of the handler
// with 500.
func LogRequests(log *slog.Logger, quiet ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entry := &logEntry{started: time.Now(), id: requestID(r), quiet: slices.Contains(quiet, r.URL.Path)}
			w.Header().Set("X-Request-Id", entry.id)
			r = r.WithContext(context.WithValue(r.Context(), logEntryKey{}, entry))
			rec := &recorder{ResponseWriter: w}
			defer func() { entry.log(log, r, rec) }()
			defer recoverPanic(rec, r, log, entry.id)
			next.ServeHTTP(rec, r)
		})
	}
}

type logEntryKey struct{}

// LogQuietly makes [LogRequests] treat the request like one for a quiet path.
func LogQuietly(r *http.Request) {
	if entry, ok := r.Context().Value(logEntryKey{}).(*logEntry); ok {
		entry.quiet = true
	}
}

// logEntry collects what is logged about a request.
type logEntry struct {
	started time.Time
	id      string
	quiet   bool
	// failure is the cause of a status of 500 or more, nil otherwise.
	failure error
}

// level returns the level at which a request with this status is logged.
func (e *logEntry) level(method string, status int) slog.Level {
	read := method == http.MethodGet || method == http.MethodHead
	switch {
	case e.quiet && status == http.StatusServiceUnavailable:
		return slog.LevelDebug // the API logs when the store becomes unavailable
	case e.failure != nil && status == http.StatusInternalServerError:
		return slog.LevelError
	case e.failure != nil:
		return slog.LevelWarn
	case e.quiet, read && status < http.StatusBadRequest:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func (e *logEntry) log(log *slog.Logger, r *http.Request, rec *recorder) {
	attrs := []slog.Attr{
		slog.String("request_id", e.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("duration", time.Since(e.started)),
	}
	if e.failure != nil {
		attrs = append(attrs, slog.Any("error", e.failure))
	}
	log.LogAttrs(r.Context(), e.level(r.Method, rec.status), "request", attrs...)
}

func recoverPanic(rec *recorder, r *http.Request, log *slog.Logger, id string) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	log.Error("handler crashed", "request_id", id, "method", r.Method, "path", r.URL.Path,
		"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if rec.status != 0 {
		panic(http.ErrAbortHandler) // part of the response is sent: close the connection, so that nobody takes it for complete
	}
	Problemf(http.StatusInternalServerError, "internal error").send(rec, r)
}

var validRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID returns the id that a proxy gave the request, or a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); validRequestID.MatchString(id) {
		return id
	}
	return monitor.NewID(time.Now())
}

// recorder records the status and the size of a response.
type recorder struct {
	http.ResponseWriter
	// status is 0 until the header is sent.
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

// Unwrap gives http.ResponseController access to the original writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
