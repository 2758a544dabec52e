package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"nanomon/services/common/web"
)

func TestPingURLsAreHidden(t *testing.T) {
	const uuid = "c0ffee00-1234-4abc-8def-0123456789ab"
	for _, c := range []struct{ url, path, secret string }{
		{"/api/push/" + uuid, "/api/push/{uuid}", uuid},
		{"/api/push/C0FFEE00-1234-4ABC-8DEF-0123456789AB/start?rid=" + uuid, "/api/push/{uuid}/start", uuid},
		{"/api/push/" + uuid + "/", "/api/push/{uuid}", uuid},
		{"/api/push//" + uuid + "/fail", "/api/push/{uuid}/fail", uuid},
		{"/api/push/%63" + uuid[1:] + "%2Flog", "/api/push/{uuid}/log", uuid},
		{"/api/push/" + uuid[1:] + "/3", "/api/push/{uuid}/3", uuid[1:]},
		{"/api/push/" + uuid + "/" + uuid + "/x", "/api/push/{uuid}/{uuid}/x", uuid},
		{"/api/push/", "/api/push/{uuid}", ""},
		{"/api/push", "/api/push", ""},
		{"/push/" + uuid + "/start", "/push/{uuid}/start", ""},
		{"/" + uuid, "/{uuid}", ""},
		{"/api/monitors/65a50000000000000000000a/results", "/api/monitors/65a50000000000000000000a/results", ""},
		{"/docs/a-b-c-d-e", "/docs/a-b-c-d-e", ""},
	} {
		r := httptest.NewRequest("GET", c.url, nil)
		original := r.URL.Path
		web.HidePingURLs(http.HandlerFunc(func(_ http.ResponseWriter, seen *http.Request) {
			if path, secret := seen.URL.Path, web.PingSecret(seen); path != c.path || secret != c.secret {
				t.Errorf("%s: path %s, secret %q", c.url, path, secret)
			}
			if c.path != original && (seen.URL.RawPath != "" || seen.RequestURI != c.path) {
				t.Errorf("%s: raw path %s, request URI %s", c.url, seen.URL.RawPath, seen.RequestURI)
			}
		})).ServeHTTP(nil, r)
		if r.URL.Path != original {
			t.Errorf("%s: the request of the caller has changed", c.url)
		}
	}
}
