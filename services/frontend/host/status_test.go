package host_test

import (
	"strings"
	"testing"

	"nanomon/services/frontend/host"
)

func TestStatusPagesAreAtTheAPI(t *testing.T) {
	remote := newHost(t, host.Config{APIEndpoint: "https://api.example:8443/api"})
	for _, c := range [][3]string{
		{"GET", "/status/shop", "https://api.example:8443/status/shop"},
		{"HEAD", "/status/shop.json", "https://api.example:8443/status/shop.json"},
		{"POST", "/status/shop", "https://api.example:8443/status/shop"},
		{"GET", "/badges/shop/1f2e3d4c/uptime.svg?window=7d", "https://api.example:8443/badges/shop/1f2e3d4c/uptime.svg?window=7d"},
		{"GET", "/status//evil.example/", "https://api.example:8443/status//evil.example/"},
		{"GET", "/status/..%2F%0d%0aX:%20y", "https://api.example:8443/status/..%2F%0d%0aX:%20y"},
	} {
		answer := request(remote, c[0], c[1])
		if got := answer.Header.Get("Location"); answer.StatusCode != 307 || got != c[2] {
			t.Errorf("%s %s: %d %q, want %q", c[0], c[1], answer.StatusCode, got, c[2])
		}
	}
	for _, path := range []string{"/status", "/badges", "/statuses/shop", "//status/shop"} {
		if answer := request(remote, "GET", path); answer.StatusCode != 404 {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}

// TestStatusPagesWithoutAPI checks that the error says what to do if the API has no address of its own.
func TestStatusPagesWithoutAPI(t *testing.T) {
	local := newHost(t, host.Config{APIEndpoint: "/api"})
	for _, path := range []string{"/status/shop", "/badges/shop/1f2e3d4c/status.svg"} {
		answer := request(local, "GET", path)
		if text := textOf(t, answer.Body); answer.StatusCode != 404 || !strings.Contains(text, "API_ENDPOINT") {
			t.Errorf("%s: %d %s", path, answer.StatusCode, text)
		}
	}
}

// TestStatusPagesAtThePageItself checks that no redirect leads to itself if a proxy has the origin of the API and sends
// status pages to the page. It may change the case of the host name.
func TestStatusPagesAtThePageItself(t *testing.T) {
	for _, endpoint := range []string{"http://nanomon.example:8443/api", "https://NanoMon.example:8443/api"} {
		own := newHost(t, host.Config{APIEndpoint: endpoint})
		for _, method := range []string{"GET", "POST"} {
			answer := request(own, method, "http://nanomon.example:8443/status/shop")
			text := textOf(t, answer.Body)
			if answer.StatusCode != 404 || !strings.Contains(text, "/status/ and /badges/") || answer.Header.Get("Location") != "" {
				t.Errorf("%s with %s: %d %v", method, endpoint, answer.StatusCode, answer.Header)
			}
			if other := request(own, method, "http://nanomon.example:8001/status/shop"); other.StatusCode != 307 {
				t.Errorf("%s at another port: %d", method, other.StatusCode)
			}
		}
	}
}
