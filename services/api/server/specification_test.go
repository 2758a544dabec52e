package server

import (
	"net/http/httptest"
	"testing"

	spec "nanomon/api"
)

func TestSpecificationIsServed(t *testing.T) {
	h := conformingHandler(t, newServer(openStore(t)))
	first := serve(h, httptest.NewRequest("GET", "/api/openapi.yaml", nil))
	tag := first.Header().Get("ETag")
	if first.Code != 200 || first.Body.String() != string(spec.Specification()) || first.Header().Get("Content-Type") != "application/yaml" {
		t.Errorf("%d %v", first.Code, first.Header())
	}
	for etag, want := range map[string]int{tag: 304, `"another"`: 200, "": 200} {
		r := httptest.NewRequest("GET", "/api/openapi.yaml", nil)
		r.Header.Set("If-None-Match", etag)
		w := serve(h, r)
		if w.Code != want || w.Header().Get("ETag") != tag || w.Header().Get("Cache-Control") != "no-cache" || (w.Body.Len() == 0) != (want == 304) {
			t.Errorf("If-None-Match %s: %d %v and %d bytes", etag, w.Code, w.Header(), w.Body.Len())
		}
	}
}
