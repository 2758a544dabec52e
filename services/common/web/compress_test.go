package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/web"
)

func TestCompress(t *testing.T) {
	long := strings.Repeat("0123456789", 500)
	for _, c := range []struct {
		encoding, contentType, body string
		compressed                  bool
	}{
		{"br, gzip", "application/json", long, true},
		{"gzip", "application/problem+json", long, true},
		{"gzip;q=0", "application/json", long, false},
		{"", "application/json", long, false},
		{"gzip", "application/json", "short", false},
		{"gzip", "text/event-stream", long, false},
	} {
		handler := web.Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.contentType)
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, c.body)
		}))
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("Accept-Encoding", c.encoding)
		handler.ServeHTTP(w, r)
		compressed := w.Header().Get("Content-Encoding") == "gzip"
		if w.Code != http.StatusAccepted || w.Header().Get("Vary") != "Accept-Encoding" || compressed != c.compressed {
			t.Errorf("%+v: %d with %v", c, w.Code, w.Header())
			continue
		}
		var body io.Reader = w.Body
		if compressed {
			var err error
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := io.ReadAll(body); err != nil || string(text) != c.body {
			t.Errorf("%+v: got %q, %v", c, text, err)
		}
	}
}
