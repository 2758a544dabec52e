package host_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/andybalholm/brotli"

	"nanomon/frontend"
)

// TestPackedFilesAreSent checks that browsers get the files as the build has compressed them, and other clients the
// same content.
func TestPackedFilesAreSent(t *testing.T) {
	h := newPage(t).host
	want, err := frontend.App().ReadFile("app.js")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := frontend.App().ReadBrotli("app.js")
	if err != nil {
		t.Fatal(err)
	}
	answer := request(h, "GET", "/app.js", "Accept-Encoding", "gzip, br")
	if got := textOf(t, answer.Body); got != string(packed) || answer.Header.Get("Content-Encoding") != "br" || len(packed) > len(want)/2 {
		t.Errorf("%d bytes with the headers %v, want %d bytes", len(got), answer.Header, len(packed))
	}
	if got := textOf(t, request(h, "GET", "/app.js").Body); got != string(want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	zipped, err := gzip.NewReader(request(h, "GET", "/app.js", "Accept-Encoding", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(t, zipped); got != string(want) {
		t.Errorf("%d bytes in gzip, want %d", len(got), len(want))
	}
}

// TestFilesWithTheBuildAreCompressed checks that a compressed file with the build inserted has it in every encoding.
func TestFilesWithTheBuildAreCompressed(t *testing.T) {
	h := newPage(t).host
	for _, path := range []string{"/", "/worker.js"} {
		plain := textOf(t, request(h, "GET", path).Body)
		answer := request(h, "GET", path, "Accept-Encoding", "br")
		data, err := io.ReadAll(answer.Body)
		if err != nil || answer.Header.Get("Content-Encoding") != "br" || len(data) > len(plain)/2 {
			t.Errorf("%s: %d of %d bytes with the headers %v: %v", path, len(data), len(plain), answer.Header, err)
		}
		if got := textOf(t, brotli.NewReader(bytes.NewReader(data))); got != plain || !buildOf.MatchString(got) && !pageOf.MatchString(got) {
			t.Errorf("%s: another content in Brotli: %.100q", path, got)
		}
	}
}
