package probe

import (
	"net/http"
	"testing"
)

func TestHTTPRedirectToAnotherHostHidesTheReferer(t *testing.T) {
	var referer string
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { referer = r.Referer() })
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		to := other.URL
		if r.URL.Path == "/same" {
			to = "/end"
		}
		if r.URL.Path == "/end" {
			referer = r.Referer()
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	})
	for path, want := range map[string]string{"/same": first.URL + "/same?key=hidden", "/other": ""} {
		referer = "no request"
		wantOK(t, "http", runHTTP(t, first.URL+path+"?key=hidden", nil))
		if referer != want {
			t.Errorf("%s: the Referer is %q, want %q", path, referer, want)
		}
	}
}
