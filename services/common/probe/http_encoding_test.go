package probe

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"nanomon/services/common/memory"
)

// compress returns data in a content encoding.
func compress(encoding string, data []byte) []byte {
	var to bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&to)
	case "deflate":
		w = zlib.NewWriter(&to)
	case "raw deflate":
		w, _ = flate.NewWriter(&to, flate.DefaultCompression)
	case "br":
		w = brotli.NewWriter(&to)
	case "zstd":
		w, _ = zstd.NewWriter(&to)
	}
	w.Write(data)
	w.Close()
	return to.Bytes()
}

// serveBody serves data with header fields such as "Content-Encoding: gzip".
func serveBody(t *testing.T, data []byte, fields ...string) *httptest.Server {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		for _, field := range fields {
			name, value, _ := strings.Cut(field, ": ")
			w.Header().Add(name, value)
		}
		w.Write(data)
	})
}

func TestHTTPDecodesEveryEncoding(t *testing.T) {
	const text = "all is well, FATAL is not"
	plain := []byte(text)
	for _, c := range []struct {
		data   []byte
		fields []string
	}{
		{compress("gzip", plain), []string{"Content-Encoding: gzip"}},
		{compress("gzip", plain), []string{"Content-Encoding: X-GZIP"}},
		{compress("deflate", plain), []string{"Content-Encoding: deflate"}},
		{compress("raw deflate", plain), []string{"Content-Encoding: deflate"}},
		{compress("br", plain), []string{"Content-Encoding: br"}},
		{compress("zstd", plain), []string{"Content-Encoding: zstd"}},
		{compress("br", compress("gzip", plain)), []string{"Content-Encoding: gzip, br"}},
		{compress("gzip", compress("zstd", compress("deflate", plain))), []string{"Content-Encoding: deflate", "Content-Encoding: zstd,identity ,gzip"}},
		{plain, []string{"Content-Encoding: identity"}},
		{plain, []string{"Content-Encoding: UTF-8"}},
		{plain, nil},
	} {
		server := serveBody(t, c.data, c.fields...)
		for _, headers := range []string{"", `{"Accept-Encoding": "gzip, deflate, br, zstd"}`, `{"accept-encoding": ""}`} {
			outcome := runHTTP(t, server.URL, props{"headers": headers, "bodyRegex": "FATAL"})
			wantOK(t, "http", outcome)
			o := outcome.Outputs
			if o["body"] != text || o["regexMatch"] != "FATAL" || o["bodyLen"] != float64(len(text)) || o["bodyTruncated"] != false {
				t.Errorf("%v with %s: outputs %v", c.fields, headers, o)
			}
		}
		limited := runHTTP(t, server.URL, props{"maxBody": "6"})
		if o := limited.Outputs; limited.Err != nil || o["body"] != "all is" || o["bodyTruncated"] != true {
			t.Errorf("%v up to 6 bytes: %v, outputs %v", c.fields, limited.Err, o)
		}
	}
}

func TestHTTPAcceptEncoding(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip") // HEAD has no body.
		w.Write(compress("gzip", []byte(strings.Join(r.Header["Accept-Encoding"], "|"))))
	})
	for headers, want := range map[string]string{
		"": "gzip", `{"Accept-Encoding": "br"}`: "br", `{"accept-encoding": ""}`: "", `{"Range": "bytes=0-"}`: "",
	} {
		outcome := runHTTP(t, server.URL, props{"headers": headers})
		wantOK(t, "http", outcome)
		if outcome.Outputs["body"] != want {
			t.Errorf("%s: sent %v, want %q", headers, outcome.Outputs["body"], want)
		}
	}
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd", "foo"} {
		empty := serveBody(t, nil, "Content-Encoding: "+encoding)
		for _, method := range []string{"HEAD", "GET"} {
			outcome := runHTTP(t, empty.URL, props{"method": method})
			if encoding == "foo" {
				continue // See the next test.
			}
			wantOK(t, "http", outcome)
		}
	}
}

func TestHTTPUndecodableBody(t *testing.T) {
	gzipped := compress("gzip", []byte(strings.Repeat("ready ", 100)))
	for _, c := range []struct {
		data              []byte
		encoding, message string
	}{
		{[]byte("ready"), "compress", `can't decode the response body: the encoding "compress" is not supported`},
		{gzipped, "gzip, foo", `can't decode the response body: the encoding "foo" is not supported`},
		{gzipped, "gzip, gzip, gzip, gzip", "can't decode the response body: it is encoded more than 3 times"},
	} {
		server := serveBody(t, c.data, "Content-Encoding: "+c.encoding)
		wantFailure(t, "http", runHTTP(t, server.URL, nil), c.message)
		unused := runUnused(t, server.URL)
		wantOK(t, "http", unused)
		if unused.Outputs["bodyLen"] != float64(len(c.data)) {
			t.Errorf("%s: outputs %v", c.encoding, unused.Outputs)
		}
	}
	for _, c := range []struct {
		data              []byte
		encoding, message string
	}{
		{[]byte("ready"), "gzip", "can't decode the response body: "},
		{[]byte("ready"), "deflate", "can't decode the response body: "},
		{[]byte("ready"), "br", "can't decode the response body: "},
		{[]byte("ready"), "zstd", "can't decode the response body: "},
		{gzipped[:len(gzipped)-9], "gzip", "can't decode the response body: it ends too early"},
	} {
		server := serveBody(t, c.data, "Content-Encoding: "+c.encoding)
		wantFailure(t, "http", runHTTP(t, server.URL, nil), c.message)
		wantFailure(t, "http", runUnused(t, server.URL), c.message)
	}
	cut := "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n" + string(gzipped[:12])
	wantFailure(t, "http", runHTTP(t, "http://"+rawServer(t, cut), nil), "incomplete response: the other side closed the connection")
}

// runUnused runs a probe of a monitor that does not use the body.
func runUnused(t *testing.T, url string) Outcome {
	t.Helper()
	settings, err := NewSettings(All(Guard{})["http"].Spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := All(Guard{})["http"].New(url, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	return p.Run(t.Context())
}

// A small body that is encoded several times may take hours to decode.
func TestHTTPDecodingStopsAtTheTimeout(t *testing.T) {
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	w.Write(bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 200_000)) // blocks of deflate without content
	w.Close()
	bomb := compress("gzip", bytes.Repeat(member.Bytes(), 20_000))
	server := serveBody(t, bomb, "Content-Encoding: deflate, gzip, gzip")
	began := time.Now()
	wantFailure(t, "http", runHTTP(t, server.URL, props{"timeout": "1s"}), "no answer within 1s")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the check of a body of %d bytes took %s", len(bomb), took)
	}
}

func TestHTTPDecodersReserveTheirMemory(t *testing.T) {
	budget := memory.NewBudget(4 << 20)
	zeros := make([]byte, 20<<20)
	var large bytes.Buffer
	w := brotli.NewWriterOptions(&large, brotli.WriterOptions{Quality: 3, LGWin: 24})
	w.Write(zeros)
	w.Close()
	for encoding, data := range map[string][]byte{"br": large.Bytes(), "zstd": compress("zstd", zeros)} {
		ctx, reservation := memory.Reserve(budget.Context(t.Context()))
		outcome := newProbe(t, "http", serveBody(t, data, "Content-Encoding: "+encoding).URL, nil).Run(ctx)
		reservation.Release()
		var notChecked *NotCheckedError
		if !errors.As(outcome.Err, &notChecked) || !strings.Contains(notChecked.Text, "CHECK_MEMORY") {
			t.Errorf("%s: got %v, want that it was not checked", encoding, outcome.Err)
		}
	}
	var window bytes.Buffer
	z, _ := zstd.NewWriter(&window, zstd.WithWindowSize(64<<20))
	z.Write(zeros)
	z.Close()
	server := serveBody(t, window.Bytes(), "Content-Encoding: zstd")
	wantFailure(t, "http", runHTTP(t, server.URL, nil), "can't decode the response body: window size exceeded")
}

func FuzzHTTPBody(f *testing.F) {
	for _, encoding := range []string{"gzip", "deflate", "raw deflate", "br", "zstd"} {
		f.Add(strings.TrimPrefix(encoding, "raw "), "text/html; charset=utf-16", compress(encoding, []byte("a body")))
	}
	f.Add("br, gzip", "text/xml", []byte("<?xml version='1.0' encoding='koi8-r'?>\xc1"))
	p := &httpProbe{maxBody: 64 << 10, keepBody: true}
	f.Fuzz(func(t *testing.T, encoding, contentType string, data []byte) {
		response := &http.Response{Header: http.Header{"Content-Encoding": {encoding}, "Content-Type": {contentType}}}
		response.Body = io.NopCloser(bytes.NewReader(data))
		var text string
		got, err := p.readBody(t.Context(), response)
		if err == nil {
			text, err = got.toUTF8(t.Context())
		}
		if err == nil {
			text, err = validText(t.Context(), text)
		}
		var undecodable undecodableError
		if err != nil && !errors.As(err, &undecodable) || got.length > p.maxBody || !utf8.ValidString(text) {
			t.Errorf("%d bytes, %d in the text: %v", got.length, len(text), err)
		}
	})
}
