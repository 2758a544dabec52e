package public_test

import (
	"testing"

	"nanomon/services/api/statuspage"
	"nanomon/services/api/statuspage/render"
)

func TestCustomHosts(t *testing.T) {
	h := handlerOf(examples(t))
	for _, host := range []string{"status.shop.example", "Status.Shop.Example", "status.shop.example:8443", "status.shop.example.", "STATUS.shop.example.:80"} {
		for _, c := range []struct {
			method, path string
			status       int
			location     string
		}{
			{"GET", "/", 302, "/status/shop"},
			{"HEAD", "/", 302, "/status/shop"},
			{"GET", "/status", 302, "/status/shop"},
			{"GET", "/?next=//evil.example", 302, "/status/shop"},
			{"GET", "/status/shop", 200, ""},
			{"HEAD", "/status/shop", 200, ""},
			{"GET", "/status/shop.json", 200, ""},
			{"GET", "/status/shop.atom", 200, ""},
			{"GET", "/status/shop/logo", 200, ""},
			{"GET", "/badges/shop/1f2e3d4c/status.svg", 200, ""},
			{"POST", "/", 404, ""},
			{"OPTIONS", "/", 404, ""},
			{"GET", "/status/", 404, ""},
			{"GET", "/status/shop/", 308, "/status/shop"},
			{"POST", "/status/shop/", 404, ""},
			{"GET", "/status/plain", 404, ""},
			{"GET", "/status/plain.json", 404, ""},
			{"GET", "/status/inner", 404, ""},
			{"POST", "/status/inner", 404, ""},
			{"GET", "/badges/plain/1f2e3d4c/status.svg", 404, ""},
			{"GET", "/api", 404, ""},
			{"GET", "/api/monitors", 404, ""},
			{"POST", "/api/monitors", 404, ""},
			{"OPTIONS", "/api/monitors", 404, ""},
			{"GET", "/api/push/3f1c2a90-5b7e-4d06-9c1b-7a2f8e4d6b13", 404, ""},
			{"GET", "/status/../api/monitors", 404, ""},
			{"GET", "/status/shop/../../api/monitors", 404, ""},
			{"GET", "/badges/shop/../../api/monitors", 404, ""},
			{"GET", "/badges/shop/%2e%2e/%2e%2e/api/monitors", 404, ""},
			{"GET", "/status/shop%2f..%2f..%2fapi/monitors", 404, ""},
			{"GET", "/status%2fshop", 404, ""},
			{"GET", "//api/monitors", 404, ""},
			{"GET", "/index.html", 404, ""},
			{"GET", "http://other.example/api/monitors", 418, ""}, // The host in the target replaces the header.
		} {
			header := []string{"Host", host}
			if c.status == 418 {
				header = nil
			}
			got := send(h, c.method, c.path, "", header...)
			if got.StatusCode != c.status || got.Header.Get("Location") != c.location {
				t.Errorf("%s %s on %s: %d %v", c.method, c.path, host, got.StatusCode, got.Header)
			}
		}
	}
	// The host in the target of a request has priority, as in any server.
	if got := send(h, "GET", "http://status.shop.example/api/monitors", ""); got.StatusCode != 404 || got.Header.Get("Content-Type") != render.TypeHTML {
		t.Errorf("an absolute target: %d %v", got.StatusCode, got.Header)
	}
}

// TestOtherHosts checks that all pages are at all other host names, and that nothing else changes there.
func TestOtherHosts(t *testing.T) {
	h := handlerOf(examples(t))
	for _, host := range []string{"localhost", "127.0.0.1:8000", "[::1]:8000", "nanomon.example", "shop.example", "x.status.shop.example", "", "status.shop.example:80:80"} {
		for path, want := range map[string]int{"/status/shop": 200, "/status/inner": 401, "/api/monitors": 418, "/": 404} {
			if got := send(h, "GET", path, "", "Host", host); got.StatusCode != want {
				t.Errorf("%s on %q: %d", path, host, got.StatusCode)
			}
		}
	}
}

// TestLocalHostsBelongToNoPage checks that health checks reach the API, whatever host names a page has.
func TestLocalHostsBelongToNoPage(t *testing.T) {
	list := examples(t)
	list["shop"].Page.Hosts = []string{"localhost", "api", "10.1.2.3"}
	for _, host := range list["shop"].Page.Hosts {
		if got := send(handlerOf(list), "GET", "/api/health", "", "Host", host); got.StatusCode != 418 {
			t.Errorf("%s: %d", host, got.StatusCode)
		}
	}
}

// TestMistypedAddresses checks that people see a page if they add something to the address of a page.
func TestMistypedAddresses(t *testing.T) {
	h := handlerOf(examples(t))
	for _, method := range []string{"GET", "HEAD"} {
		for path, location := range map[string]string{
			"/status/shop/": "/status/shop", "/status/inner/?next=//evil.example": "/status/inner", "/status/nothing/": "/status/nothing",
		} {
			if got := send(h, method, path, ""); got.StatusCode != 308 || got.Header.Get("Location") != location {
				t.Errorf("%s %s: %d %v", method, path, got.StatusCode, got.Header)
			}
		}
		for _, path := range []string{
			"/status/", "/status//", "/status/shop//", "/status//shop", "/status//evil.example/", "/status/../", "/status/Shop/",
			"/status/shop/index.html", "/status/shop/logo/", "/status/shop/logo/x", "/status/shop%2f%2f", "/status/%5Cevil.example/",
		} {
			got := send(h, method, path, "")
			if got.StatusCode != 404 || got.Header.Get("Content-Type") != render.TypeHTML || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %v", method, path, got.StatusCode, got.Header)
			}
		}
	}
	for _, path := range []string{"/status/shop/x.json", "/status/shop/x.atom", "/statuses/"} {
		if got := send(h, "GET", path, ""); got.StatusCode != 404 || got.Header.Get("Content-Type") == render.TypeHTML {
			t.Errorf("%s: %d %v", path, got.StatusCode, got.Header)
		}
	}
}

func TestPasswordOnACustomHost(t *testing.T) {
	h := handlerOf(examples(t))
	if got := send(h, "GET", "/", "", "Host", "inner.example"); got.Header.Get("Location") != "/status/inner" {
		t.Errorf("the root: %d %v", got.StatusCode, got.Header)
	}
	right := enter(h, "inner", secret, "Host", "inner.example", "Origin", "http://inner.example")
	if right.StatusCode != 303 || len(right.Cookies()) != 1 || right.Cookies()[0].Domain != "" {
		t.Errorf("the password: %d %v", right.StatusCode, right.Header)
	}
}

// TestUnloadedPage checks that a page without content is unavailable, and that the API does not answer for its host name.
func TestUnloadedPage(t *testing.T) {
	list := examples(t)
	list["shop"] = &statuspage.Published{Page: list["shop"].Page}
	isForPrograms := map[string]bool{"/status/shop.json": true, "/badges/shop/1f2e3d4c/status.svg": true}
	for _, path := range []string{"/", "/status/shop", "/status/shop.json", "/api/monitors", "/status/plain", "/badges/shop/1f2e3d4c/status.svg"} {
		if got := send(handlerOf(list), "GET", path, "", "Host", "status.shop.example"); got.StatusCode != 503 {
			t.Errorf("%s on its host name: %d", path, got.StatusCode)
		} else if kind := got.Header.Get("Content-Type"); (kind == "application/problem+json") != isForPrograms[path] {
			t.Errorf("%s on its host name is %s", path, kind)
		}
	}
	for path, want := range map[string]int{"/status/shop": 503, "/status/shop.json": 503, "/status/shop/logo": 503, "/status/plain": 200, "/api/monitors": 418} {
		if got := send(handlerOf(list), "GET", path, ""); got.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, got.StatusCode, want)
		}
	}
}
