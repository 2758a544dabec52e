package web_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"nanomon/services/common/web"
)

var decoders = map[string]func(io.Reader) (io.Reader, error){
	"":     func(r io.Reader) (io.Reader, error) { return r, nil },
	"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
}

func TestDocumentKeepsItsData(t *testing.T) {
	var list strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&list, `{"date":"2026-01-15T10:%02d:00Z","value":%d},`, i%60, i*i%977)
	}
	for name, newDocument := range map[string]func(string, []byte, web.Encoding) (*web.Document, error){
		"NewDocument": web.NewDocument, "NewFile": web.NewFile,
	} {
		for _, data := range []string{"", "x", list.String()} {
			for _, e := range []web.Encoding{web.Plain, web.Gzip, web.Brotli} {
				document, err := newDocument("text/plain", []byte(data), e)
				if err != nil {
					t.Fatal(err)
				}
				w := httptest.NewRecorder()
				document.Serve(w, httptest.NewRequest("GET", "/", nil))
				size, encoding := w.Body.Len(), w.Header().Get("Content-Encoding")
				decoded, err := decoders[encoding](w.Body)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(decoded)
				if err != nil || string(got) != data {
					t.Errorf("%s, %q: %d bytes are not %d bytes: %v", name, e, len(got), len(data), err)
				}
				if encoding != "" && size > len(data)/4 || size > len(data) || encoding == "" && e != web.Plain && len(data) > 1000 {
					t.Errorf("%s, %q: %d bytes became %d with the encoding %q", name, e, len(data), size, encoding)
				}
			}
		}
	}
}

func TestBrotliFile(t *testing.T) {
	for compressed, want := range map[string]string{"xx": "br", "xxxxxxxxx": ""} {
		document := web.NewBrotliFile("text/plain", []byte("12345678"), []byte(compressed))
		w := httptest.NewRecorder()
		document.Serve(w, httptest.NewRequest("GET", "/", nil))
		body := map[string]string{"br": "xx", "": "12345678"}[want]
		if got := w.Header().Get("Content-Encoding"); got != want || w.Body.String() != body || w.Header().Get("Etag") == "" {
			t.Errorf("%q with the headers %v, want %q", w.Body, w.Header(), body)
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
