package server

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/probe"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

// image is the beginning of a PNG image.
const image = "\x89PNG\x0D\x0A\x1A\x0A"

func dataURL(kind, content string) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString([]byte(content))
}

// TestInvalidStatusPages sends each invalid page to every route that accepts one.
func TestInvalidStatusPages(t *testing.T) {
	a := startAPI(t, nil)
	path := a.createPage(pageJSON)
	before := a.statusPages()
	long := strings.Repeat("ü", 10_001)
	entries := func(list ...any) []any { return []any{map[string]any{"entries": list}} }
	entry := func(field string, value any) []any {
		return entries(map[string]any{"id": "00000001", "name": "n", "group": "g", field: value})
	}
	many := func(n int, element any) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = element
		}
		return list
	}
	for _, c := range []struct {
		field  string
		value  any
		detail string
	}{
		{"slug", nil, "slug is missing: set the last part of the address, such as shop"},
		{"slug", "Shop", `slug must contain only the letters a to z, digits and hyphens, not "Shop"`},
		{"slug", "../api", `slug must contain only the letters a to z, digits and hyphens, not "../api"`},
		{"slug", "größe", `slug must contain only the letters a to z, digits and hyphens, not "größe"`},
		{"slug", "shop-", `slug must begin and end with a letter or a digit, not "shop-"`},
		{"slug", strings.Repeat("a", 64), "slug has 64 characters, at most 63 are allowed"},
		{"slug", 5, `field "slug" must be a string, not a number`},
		{"title", nil, "title is missing"},
		{"title", " \u00a0", "title is missing"},
		{"title", long, "title has 10001 characters, at most 100 are allowed"},
		{"title", "a\u202eb", "title contains the control character U+202E"},
		{"title", "a\nb", "title contains the control character U+000A"},
		{"title", true, `field "title" must be a string, not a bool`},
		{"introduction", long, "introduction has 10001 characters, at most 10000 are allowed"},
		{"introduction", "\u0000", "introduction contains the control character U+0000"},
		{"introduction", []any{}, `field "introduction" must be a string, not an array`},
		{"logo", "https://example.org/logo.png", "logo must be a PNG, JPEG, GIF or WebP image as a data URL in base64"},
		{"logo", dataURL("image/svg+xml", "<svg/>"), "logo must be a PNG, JPEG, GIF or WebP image as a data URL in base64"},
		{"logo", dataURL("image/png", "<svg/>"), "logo must be an image of the type image/png, as its data URL says"},
		{"logo", dataURL("image/gif", image), "logo must be an image of the type image/gif, as its data URL says"},
		{"logo", "data:image/png;base64,%%%", "logo is not valid base64"},
		{"logo", dataURL("image/png", image+strings.Repeat("x", statuspage.MaxLogo)), "logo has more than 64 KiB"},
		{"logo", 5, `field "logo" must be a string, not a number`},
		{"sections", map[string]any{}, `field "sections" must be an array, not an object`},
		{"sections", []any{"x"}, `field "sections" must be an object, not a string`},
		{"sections", many(51, map[string]any{}), "sections has 51 elements, at most 50 are allowed"},
		{"sections", []any{map[string]any{"title": 5}}, `field "sections.title" must be a string, not a number`},
		{"sections", []any{map[string]any{"title": long}}, "sections[0].title has 10001 characters, at most 100 are allowed"},
		{"sections", []any{map[string]any{"entries": "x"}}, `field "sections.entries" must be an array, not a string`},
		{"sections", entries(5), `field "sections.entries" must be an object, not a number`},
		{"sections", entries(nil), "sections[0].entries[0].name is missing"},
		{"sections", entries(many(301, map[string]any{"name": "n", "group": "g"})...), "sections has 301 entries, at most 300 are allowed"},
		{"sections", entry("id", 5), `field "sections.entries.id" must be a string, not a number`},
		{"sections", entry("id", "0000000A"), `sections[0].entries[0].id must be 8 lower-case hexadecimal digits, not "0000000A"`},
		{"sections", append(entry("id", "00000001"), entry("name", "other")...), "sections[1].entries[0].id is 00000001, which another entry has"},
		{"sections", entry("name", nil), "sections[0].entries[0].name is missing"},
		{"sections", entry("name", []any{}), `field "sections.entries.name" must be a string, not an array`},
		{"sections", entry("name", "a\u202eb"), "sections[0].entries[0].name contains the control character U+202E"},
		{"sections", entry("name", long), "sections[0].entries[0].name has 10001 characters, at most 100 are allowed"},
		{"sections", entry("group", nil), "sections[0].entries[0] must have one of monitor, group and label, not 0 of them"},
		{"sections", entry("group", long), "sections[0].entries[0].group has 10001 characters, at most 100 are allowed"},
		{"sections", entry("group", 5), `field "sections.entries.group" must be a string, not a number`},
		{"sections", entry("label", "team"), "sections[0].entries[0] must have one of monitor, group and label, not 2 of them"},
		{"sections", entries(map[string]any{"name": "n", "monitor": "7", "id": "00000001"}), `sections[0].entries[0].monitor must be an id of 24 hexadecimal digits, not "7"`},
		{"sections", entries(map[string]any{"name": "n", "label": "my team"}), `sections[0].entries[0].label: label key "my team" is invalid`},
		{"show", []any{}, `field "show" must be an object, not an array`},
		{"show", map[string]any{"uptime": "yes"}, `field "show.uptime" must be a bool, not a string`},
		{"visibility", "secret", `visibility must be public or password, not "secret"`},
		{"visibility", 5, `field "visibility" must be a string, not a number`},
		{"password", 12345678, `field "password" must be a string, not a number`},
		{"password", []any{"12345678"}, `field "password" must be a string, not an array`},
		{"hosts", "status.example.org", `field "hosts" must be an array, not a string`},
		{"hosts", []any{5}, `field "hosts" must be a string, not a number`},
		{"hosts", []any{nil}, `hosts must be host names, not ""`},
		{"hosts", []string{"https://status.example.org"}, `hosts must be host names, not "https://status.example.org"`},
		{"hosts", []string{"status.example.org:443"}, `hosts must be host names, not "status.example.org:443"`},
		{"hosts", []string{"127.0.0.1"}, "hosts must not contain 127.0.0.1"},
		{"hosts", []string{"a.example.org", "A.example.org"}, "hosts contains a.example.org twice"},
		{"hosts", many(11, "a.example.org"), "hosts has 11 elements, at most 10 are allowed"},
		{"noindex", "yes", `field "noindex" must be a bool, not a string`},
		{"zone", "Mars", `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Mars"`},
		{"zone", "Local", `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Local"`},
		{"zone", 5, `field "zone" must be a string, not a number`},
	} {
		body := map[string]any{"slug": "s", "title": "T", c.field: c.value}
		text, slug := toJSON(t, body), fmt.Sprint(body["slug"])
		if _, isText := body["slug"].(string); !isText {
			slug = ""
		}
		a.do("POST", "/api/status-pages", text).wantProblem(t, 400, c.detail)
		a.do("PUT", path, text).wantProblem(t, 400, c.detail)
		a.do("POST", "/api/status-pages/import", "["+text+"]").wantProblem(t, 400, fmt.Sprintf("page 1 %q: %s", slug, c.detail))
	}
	same(t, "pages", a.statusPages(), before)
}

// TestInvalidStatusPageBodies sends bodies that are not JSON, or too large, to every route with a body.
func TestInvalidStatusPageBodies(t *testing.T) {
	a := startAPI(t, nil)
	path := a.createPage(pageJSON)
	messages := path + "/messages"
	message := messages + path[strings.LastIndex(path, "/"):] // an unknown id: the body is read first
	before := a.statusPages()
	for _, route := range []struct{ method, path string }{
		{"POST", "/api/status-pages"}, {"PUT", path}, {"POST", "/api/status-pages/preview"},
		{"POST", messages}, {"PUT", message}, {"POST", message + "/updates"},
	} {
		for body, detail := range map[string]string{
			"":                              "request body is empty",
			"{":                             "request body is not valid JSON: unexpected end of JSON input",
			"null":                          "expected a JSON object, not null",
			"[]":                            "expected a JSON object, not an array",
			"5":                             "expected a JSON object, not a number",
			"{\"title\":\"\xff\"}":          "request body is not valid UTF-8",
			"{}{}":                          "request body is not valid JSON: invalid character '{' after top-level value",
			strings.Repeat(`{"a":`, 20_000): "request body is not valid JSON: invalid character '{' exceeded max depth",
		} {
			a.do(route.method, route.path, body).wantProblem(t, 400, detail)
		}
		a.do(route.method, route.path, `{"title":"`+strings.Repeat("x", maxBody)+`"}`).
			wantProblem(t, 413, "request body is larger than the 1048576 bytes allowed here")
	}
	same(t, "pages", a.statusPages(), before)
	same(t, "messages", len(a.messages(path[strings.LastIndex(path, "/")+1:])), 0)
}

// TestTakenSlugsAndHosts uses the slug and a host name of another page.
func TestTakenSlugsAndHosts(t *testing.T) {
	a := startAPI(t, nil)
	a.createPage(pageJSON)
	other := a.createPage(`{"slug": "other", "title": "Other", "hosts": ["STATUS.example.net."]}`)
	before := a.statusPages()
	for body, detail := range map[string]string{
		`{"slug": "shop", "title": "T"}`:                                  `slug "shop" belongs to another status page`,
		`{"slug": "new", "title": "T", "hosts": ["Status.Example.ORG."]}`: `hosts contains "status.example.org", which belongs to another status page`,
	} {
		a.do("POST", "/api/status-pages", body).wantProblem(t, 400, detail)
		for _, tags := range [][]string{nil, {a.tag(other)}} {
			a.doIf("PUT", other, body, tags...).wantProblem(t, 400, detail)
		}
	}
	same(t, "pages", a.statusPages(), before)
}

// TestOwnHosts uses the host names under which the operator uses the API and the page as host names of a status page.
func TestOwnHosts(t *testing.T) {
	a := startAPI(t, nil)
	send := func(method, path, body string) response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, a.url+path, strings.NewReader(body))
		must(t, err)
		r.Host = "API.example.org.:8000"
		r.Header.Set("Origin", "https://page.example.org:8443")
		r.Header.Set("Content-Type", "application/json")
		// The page has another host name than the API, so the request must come from the same site.
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return a.send(r)
	}
	path := a.createPage(`{"slug": "s", "title": "T"}`)
	for _, own := range []string{"api.example.org", "page.example.org"} {
		body := fmt.Sprintf(`{"slug": "s", "title": "T", "hosts": ["status.example.org", %q]}`, own)
		detail := fmt.Sprintf("hosts contains %q, under which you use NanoMon", own)
		send("PUT", path, body).wantProblem(t, 400, detail)
		send("POST", "/api/status-pages", body).wantProblem(t, 400, detail)
		send("POST", "/api/status-pages/import", "["+body+"]").wantProblem(t, 400, `page 1 "s": `+detail)
	}
	same(t, "hosts", a.statusPages()[0].Hosts, []string{})
}

// TestConfiguredHosts uses the host names in the settings as host names of a status page. A pattern is no host name.
func TestConfiguredHosts(t *testing.T) {
	s, log := openStore(t), slog.New(slog.DiscardHandler)
	server := New(Config{
		Hosts: web.NewHosts([]string{"nanomon.example.org", "*.example.org", web.AnyHost}, log), Origins: []string{"https://app.example.net:8443"},
	}, s, probe.All(probe.Guard{}), log)
	h := conformingHandler(t, server)
	for host, status := range map[string]int{"nanomon.example.org": 400, "App.example.net.": 400, "status.example.org": 200, "example.net": 200} {
		body := fmt.Sprintf(`{"slug": %q, "title": "T", "hosts": [%q]}`, strings.ToLower(strings.NewReplacer(".", "").Replace(host)), host)
		r := httptest.NewRequest("POST", "/api/status-pages", strings.NewReader(body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		if w := serve(h, r); w.Code != status || status == 400 && !strings.Contains(w.Body.String(), "under which you use NanoMon") {
			t.Errorf("%s: %d %s", host, w.Code, w.Body)
		}
	}
}

// TestUnusualStatusPages stores pages with unusual but valid content.
func TestUnusualStatusPages(t *testing.T) {
	a := startAPI(t, nil)
	largest := make([]any, statuspage.MaxEntries)
	for i := range largest {
		largest[i] = map[string]any{"name": strings.Repeat("🔥", statuspage.MaxName), "group": strings.Repeat("界", 100)}
	}
	for i, change := range []map[string]any{
		{"title": "Größe 測試 مرحبا שלום 👍🏽 a\u200Db", "introduction": "line\r\n\t<script>alert(1)</script> [x](javascript:alert(1))"},
		{"logo": dataURL("image/png", image+strings.Repeat("x", statuspage.MaxLogo-len(image)))},
		{"introduction": strings.Repeat("🔥", statuspage.MaxIntroduction), "sections": []any{map[string]any{"entries": largest}}},
		{"hosts": []string{"status.bücher.example", "a_b.example.org"}, "visibility": "public", "password": nil},
		{"sections": []any{map[string]any{"title": "", "entries": nil}, nil}},
	} {
		body := map[string]any{"slug": fmt.Sprintf("page-%d", i), "title": "T"}
		for field, value := range change {
			body[field] = value
		}
		path := a.createPage(toJSON(t, body))
		got := a.do("GET", path, "")
		if again := a.doIf("PUT", path, string(got.body), got.header.Get("ETag")); again.status != 200 {
			t.Errorf("page %d can't be stored again: %d %s", i, again.status, again.body)
		}
	}
}
