package statuspage

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/api/statuspage/render"
	"nanomon/services/api/statuspage/view"
	document "nanomon/services/common/statuspage"
)

func TestBody(t *testing.T) {
	body := NewBody("text/html", []byte(strings.Repeat("<p>All systems operational</p>", 100)))
	tags := make(map[string]string)
	request := func(method, encoding, known string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), method, "/status/a", nil)
		r.Header.Set("Accept-Encoding", encoding)
		if known != "" {
			r.Header.Set("If-None-Match", known)
		}
		w := httptest.NewRecorder()
		body.Serve(w, r)
		return w.Result()
	}
	for accepted, want := range map[string]string{"gzip, deflate, br": "br", "gzip": "gzip", "": "", "br;q=0": ""} {
		response := request(http.MethodGet, accepted, "")
		if got := response.Header.Get("Content-Encoding"); got != want || response.StatusCode != http.StatusOK {
			t.Errorf("encoding of %q is %q, status %d", accepted, got, response.StatusCode)
		}
		if response.Header.Get("Vary") != "Accept-Encoding" || response.Header.Get("Content-Type") != "text/html" {
			t.Errorf("headers are %v", response.Header)
		}
		tag := response.Header.Get("ETag")
		tags[tag] = want
		if response = request(http.MethodGet, accepted, `"other", `+tag); response.StatusCode != http.StatusNotModified {
			t.Errorf("with the known tag the status is %d", response.StatusCode)
		}
		if data, err := io.ReadAll(response.Body); err != nil || len(data) > 0 {
			t.Errorf("304 has the content %q, error %v", data, err)
		}
	}
	if len(tags) != 3 {
		t.Errorf("the encodings have the tags %v", tags)
	}
	if next := body.with("text/html", []byte("<p>Outage</p>")); next.sum == body.sum || next.plain == body.plain {
		t.Error("changed content has the old body")
	}
	same := body.with("text/html", []byte(strings.Repeat("<p>All systems operational</p>", 100)))
	if same.plain != body.plain || same.brotli != body.brotli {
		t.Error("unchanged content is compressed again")
	}
	if !(Body{}).IsEmpty() || body.IsEmpty() {
		t.Error("IsEmpty is wrong")
	}
}

// TestLargestPageIsSmall checks the size of what a visitor of the largest page downloads after a change: bars that are
// nearly alike.
func TestLargestPageIsSmall(t *testing.T) {
	v := &view.Page{Slug: "a", Title: "A", Show: document.Show{Uptime: true, ResponseTime: true}}
	days := make([]view.Day, view.Days)
	for i := range days {
		days[i] = view.Day{Date: time.Date(2026, 9, 2+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), Uptime: new(100.0)}
	}
	var entries []view.Entry
	for i := range document.MaxEntries {
		own := slices.Clone(days)
		own[i%view.Days].Uptime, own[i%view.Days].Down = new(97.5), time.Duration(i+1)*time.Minute
		entries = append(entries, view.Entry{
			ID: fmt.Sprintf("%08x", i), Name: fmt.Sprint("Service ", i), Level: view.Operational, Days: own,
			Uptimes: map[string]float64{"90d": 99.97}, Response: new(float64(20 + i)),
		})
	}
	v.Sections = []view.Section{{Entries: entries}}
	body := NewBody(render.TypeHTML, render.Page(v))
	for _, encoding := range []string{"gzip", "br"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status/a", nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		body.Serve(w, r)
		if w.Header().Get("Content-Encoding") != encoding || w.Body.Len() > 60_000 {
			t.Errorf("the page has %d bytes with %s", w.Body.Len(), encoding)
		}
	}
}

func TestLogo(t *testing.T) {
	if got := logo("data:image/png;base64,iVBORw0KGgo="); got.ContentType != "image/png" || got.IsEmpty() {
		t.Errorf("logo is %v", got)
	}
	for _, url := range []string{"", "data:image/png;base64,?", "data:image/gif;base64,iVBORw0KGgo="} {
		if !logo(url).IsEmpty() {
			t.Errorf("%q has a logo", url)
		}
	}
}

// BenchmarkServe measures requests through net/http: complete pages, and pages that the client has.
func BenchmarkServe(b *testing.B) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s := openStore(b)
	seed(b, s, 100, at)
	must(b, s.CreateStatusPage(b.Context(), testPage("page", "UTC")))
	k := newTestKeeper(b, s, &at)
	refresh(b, k, topics{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.Page("page").HTML.Serve(w, r)
	}))
	defer server.Close()
	tag := `"unknown"`
	for _, name := range []string{"page", "known page"} {
		b.Run(name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL, nil)
					r.Header.Set("Accept-Encoding", "br")
					r.Header.Set("If-None-Match", tag)
					response, err := server.Client().Do(r)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", "br")
		k.Page("page").HTML.Serve(w, r)
		tag = w.Header().Get("ETag")
		b.Logf("page has %d bytes, compressed %d", len(render.Page(k.Page("page").View)), w.Body.Len())
	}
}
