package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"nanomon/services/common/monitor"
)

// Problem is an error as RFC 9457 describes it. Handlers return one where package monitor has no fitting error.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Hint advises how to fix the request. It is omitted when empty.
	Hint     string `json:"hint,omitempty"`
	Instance string `json:"instance"`
	// Current is the current document if the condition of a request is not met. It is omitted when nil.
	Current any `json:"current,omitempty"`
	// Faults lists what is wrong with each of several documents. It is omitted when nil.
	Faults any `json:"faults,omitempty"`
}

func (p *Problem) Error() string { return p.Detail }

// Problemf returns the [Problem] of an HTTP status. The client sees the detail.
func Problemf(status int, format string, args ...any) *Problem {
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: fmt.Sprintf(format, args...),
	}
}

func (p *Problem) send(w http.ResponseWriter, r *http.Request) {
	sent := *p
	sent.Instance = r.URL.Path
	data, err := Encode(sent)
	if err != nil {
		panic(err) // strings, a number and a document of the API always encode
	}
	write(w, p.Status, "application/problem+json", data)
}

// statusClientGone is logged for a request whose client did not wait for the response.
const statusClientGone = 499

// Error answers a request with the problem that fits err. The client sees unknown errors as "internal error"; the log
// of [LogRequests] has their text.
func Error(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r, err)
	if entry, ok := r.Context().Value(logEntryKey{}).(*logEntry); ok && p.Status >= http.StatusInternalServerError {
		entry.failure = err
	}
	switch p.Status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
	}
	p.send(w, r)
}

func problemOf(r *http.Request, err error) *Problem {
	var (
		problem     *Problem
		invalid     *monitor.InvalidError
		unavailable *monitor.UnavailableError
		tooBig      *http.MaxBytesError
	)
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &invalid):
		p := Problemf(http.StatusBadRequest, "%s", invalid.Detail)
		p.Hint = invalid.Hint
		return p
	case errors.As(err, &tooBig):
		return Problemf(http.StatusRequestEntityTooLarge, "request body is larger than the %d bytes allowed here", tooBig.Limit)
	case errors.Is(err, monitor.ErrNotFound):
		return Problemf(http.StatusNotFound, "not found")
	case r.Context().Err() != nil:
		return Problemf(statusClientGone, "the client is gone")
	case errors.As(err, &unavailable):
		p := Problemf(http.StatusServiceUnavailable, "the store is unavailable: %s", unavailable.Detail)
		p.Hint = unavailable.Hint
		return p
	case errors.Is(err, monitor.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return Problemf(http.StatusServiceUnavailable, "the store is unavailable; try again in a few seconds")
	default:
		return Problemf(http.StatusInternalServerError, "internal error")
	}
}

// JSON answers a request with v. It returns an error, and writes nothing, if v can't be encoded.
func JSON(w http.ResponseWriter, status int, v any) error {
	data, err := Encode(v)
	if err != nil {
		return fmt.Errorf("encode response: %w", err)
	}
	write(w, status, "application/json", data)
	return nil
}

// Text answers a request with a line of text.
func Text(w http.ResponseWriter, text string) {
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}

func write(w http.ResponseWriter, status int, contentType string, data []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	// An error means that the client is gone. The request log shows how much was sent.
	_, _ = w.Write(data)
}

// Encode returns v as one line of JSON. It does not escape & < >, which keeps rules readable; no browser takes these
// responses for HTML.
func Encode(v any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return line.Bytes(), err
}
