package web_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"nanomon/services/common/web"
)

func TestDocumentKeepsItsData(t *testing.T) {
	var list strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&list, `{"date":"2026-01-15T10:%02d:00Z","value":%d},`, i%60, i*i%977)
	}
	for _, data := range []string{"", "x", list.String()} {
		for e, decode := range map[web.Encoding]func(io.Reader) (io.Reader, error){
			web.Plain:  func(r io.Reader) (io.Reader, error) { return r, nil },
			web.Gzip:   func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
			web.Brotli: func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		} {
			document, err := web.NewDocument("text/plain", []byte(data), e)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			document.Serve(w, httptest.NewRequest("GET", "/", nil))
			size := w.Body.Len()
			decoded, err := decode(bytes.NewReader(w.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(decoded)
			if err != nil || string(got) != data {
				t.Errorf("%q: %d bytes are not %d bytes: %v", e, len(got), len(data), err)
			}
			if e != web.Plain && len(data) > 1000 && size > len(data)/4 {
				t.Errorf("%q: %d bytes became %d", e, len(data), size)
			}
		}
	}
}

func TestAcceptedEncoding(t *testing.T) {
	for header, want := range map[string]web.Encoding{
		"": web.Plain, "identity": web.Plain, "gzip": web.Gzip, "GZIP": web.Gzip, "br": web.Brotli, "gzip, deflate, br, zstd": web.Brotli,
		"br;q=0, gzip;q=0.5": web.Gzip, "gzip;q=0": web.Plain, "gzip;q=0.000, br;q=0.0": web.Plain, "gzip;q=x": web.Plain, "brotli": web.Plain,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if got := web.AcceptedEncoding(r); got != want {
			t.Errorf("Accept-Encoding %q: %q, want %q", header, got, want)
		}
	}
}
