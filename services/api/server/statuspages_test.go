package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

const (
	pageJSON = `{"slug": "shop", "title": "Shop", "sections": [{"title": "All", "entries": [
		{"id": "0000000a", "name": "Payments", "monitor": "` + idA + `"},
		{"id": "0000000b", "name": "Search", "group": "web"},
		{"id": "0000000c", "name": "Mail", "label": "team=mail"}]}],
		"show": {"uptime": true, "incidents": true}, "hosts": ["status.example.org"], "noindex": true, "zone": "Europe/Amsterdam"}`
	messageJSON = `{"title": "Cards fail", "entries": ["0000000a"], "updates": [
		{"state": "identified", "text": "We know *why*.", "date": "2026-03-01T11:00:00+01:00"},
		{"state": "investigating", "text": "We look.", "date": "2026-03-01T09:00:00Z"}]}`
	updateJSON = `{"state": "resolved", "text": "Done."}`

	pagePassword = "correct horse battery"
)

// withPassword returns the body of a page with a password. The slug is also its title.
func withPassword(slug, password string) string {
	return fmt.Sprintf(`{"slug": %q, "title": %q, "visibility": "password", "password": %q}`, slug, slug, password)
}

func (a *api) statusPages() []statuspage.Page {
	a.t.Helper()
	list, err := a.store.StatusPages(a.t.Context())
	must(a.t, err)
	return list
}

// createPage creates a page and returns its path.
func (a *api) createPage(body string) string {
	a.t.Helper()
	return "/api/status-pages/" + decodeAs[statuspage.Page](a.t, a.do("POST", "/api/status-pages", body)).ID
}

// storeClosed stores a page with a password, whose hash is quick to compute, and returns its path. The slug is also its
// title.
func (a *api) storeClosed(slug, password string) string {
	a.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(a.t, err)
	now := time.Now()
	page := statuspage.Page{
		ID: monitor.NewID(now), Slug: slug, Title: slug, Visibility: statuspage.Password, PasswordHash: string(hash), Updated: now,
	}
	must(a.t, a.store.CreateStatusPage(a.t.Context(), page))
	return "/api/status-pages/" + page.ID
}

func TestStatusPageLifeCycle(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	a.do("GET", "/api/status-pages", "").wantJSON(t, 200, "[]")

	created := decodeAs[statusPageResponse](t, a.do("POST", "/api/status-pages", pageJSON))
	want := statuspage.Page{
		ID: created.ID, Slug: "shop", Title: "Shop", Show: statuspage.Show{Uptime: true, Incidents: true}, Visibility: statuspage.Public,
		Sections: []statuspage.Section{{Title: "All", Entries: []statuspage.Entry{
			{ID: "0000000a", Name: "Payments", Monitor: idA},
			{ID: "0000000b", Name: "Search", Group: "web"},
			{ID: "0000000c", Name: "Mail", Label: "team=mail"},
		}}},
		Hosts: []string{"status.example.org"}, NoIndex: true, Zone: "Europe/Amsterdam", Updated: created.Updated,
	}
	same(t, "created", created, statusPageResponse{Page: want, Missing: []string{"0000000c"}})
	same(t, "stored", a.statusPages(), []statuspage.Page{want})
	if !monitor.ValidID(created.ID) || time.Since(created.Updated).Abs() > time.Minute {
		t.Errorf("created is %+v", created)
	}
	path := "/api/status-pages/" + strings.ToUpper(created.ID)
	same(t, "list", decodeAs[[]statusPageResponse](t, a.do("GET", "/api/status-pages", "")), []statusPageResponse{created})
	same(t, "one", decodeAs[statusPageResponse](t, a.do("GET", path, "")), created)

	const minimal = `{"id": 7, "updated": [], "hasPassword": "yes", "missing": 5, "slug": "s", "title": "T", "sections": null, "show": null, "hosts": null}`
	replaced := decodeAs[statusPageResponse](t, a.do("PUT", path, minimal))
	want = statuspage.Page{
		ID: created.ID, Slug: "s", Title: "T", Sections: []statuspage.Section{}, Visibility: statuspage.Public, Hosts: []string{}, Zone: "UTC", Updated: replaced.Updated,
	}
	same(t, "replaced", replaced.Page, want)
	same(t, "stored", a.statusPages(), []statuspage.Page{want})

	for _, method := range []string{"GET", "DELETE", "PUT"} {
		a.do(method, "/api/status-pages/"+idOther, minimal).wantProblem(t, 404, "there is no status page with the id "+idOther)
		a.do(method, "/api/status-pages/7", minimal).wantProblem(t, 400, `invalid id "7": an id has 24 hexadecimal digits`)
	}
	same(t, "stored", a.statusPages(), []statuspage.Page{want})
	a.do("DELETE", path, "").wantJSON(t, 204, "")
	same(t, "stored", a.statusPages(), []statuspage.Page{})
}

// TestMissingMonitors deletes all monitors of a page.
func TestMissingMonitors(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	body := fmt.Sprintf(`{"slug": "s", "title": "T", "sections": [
		{"entries": [{"id": "00000001", "name": "1", "monitor": %q}, {"id": "00000002", "name": "2", "monitor": %q}]}, {},
		{"entries": [{"id": "00000003", "name": "3", "group": "web"}, {"id": "00000004", "name": "4", "group": "Web"},
			{"id": "00000005", "name": "5", "label": "team"}, {"id": "00000006", "name": "6", "label": "team=payments"},
			{"id": "00000007", "name": "7", "label": "team=pay"}, {"id": "00000008", "name": "8", "label": "payments"}]}]}`, idA, idOther)
	path := a.createPage(body)
	missing := func(want ...string) {
		t.Helper()
		same(t, "missing", decodeAs[statusPageResponse](t, a.do("GET", path, "")).Missing, want)
	}
	missing("00000002", "00000004", "00000007", "00000008")
	before := a.tag(path)
	must(t, a.store.DeleteMonitors(t.Context()))
	missing("00000001", "00000002", "00000003", "00000004", "00000005", "00000006", "00000007", "00000008")
	same(t, "ETag", a.tag(path), before)
	a.wantStatus(t, 200, "PUT", path, body)
}

func TestEntriesGetIDs(t *testing.T) {
	a := startAPI(t, nil)
	body := `{"slug": "s", "title": "T", "sections": [{"entries": [{"name": "1", "group": "a"}, {"id": "", "name": "2", "group": "b"}]},
		{"entries": [{"id": null, "name": "3", "group": "c"}, {"id": "0123abcd", "name": "4", "group": "d"}]}]}`
	created := decodeAs[statuspage.Page](t, a.do("POST", "/api/status-pages", body))
	used := make(map[string]bool)
	for _, section := range created.Sections {
		for _, entry := range section.Entries {
			used[entry.ID] = len(entry.ID) == 8
		}
	}
	if len(used) != 4 || !used["0123abcd"] {
		t.Errorf("the ids are %v", used)
	}
	text := toJSON(t, created)
	replaced := decodeAs[statuspage.Page](t, a.do("PUT", "/api/status-pages/"+created.ID, text))
	same(t, "sections", replaced.Sections, created.Sections)
}

// wantPassword checks the stored hash of the password of a page.
func (a *api) wantPassword(t *testing.T, path, password string) {
	t.Helper()
	page, err := a.store.StatusPage(t.Context(), strings.TrimPrefix(path, "/api/status-pages/"))
	must(t, err)
	if password == "" && page.PasswordHash == "" {
		return
	}
	if err := bcrypt.CompareHashAndPassword([]byte(page.PasswordHash), []byte(password)); err != nil {
		t.Errorf("the page does not have the password %q: %v", password, err)
	}
	if cost, err := bcrypt.Cost([]byte(page.PasswordHash)); err != nil || cost < 12 {
		t.Errorf("the cost of the hash is %d (%v)", cost, err)
	}
}

func TestStatusPagePassword(t *testing.T) {
	a := startAPI(t, nil)
	const closed, open = `{"slug": "s", "title": "T", "visibility": "password"}`, `{"slug": "s", "title": "T", "visibility": "public"}`
	a.do("POST", "/api/status-pages", closed).wantProblem(t, 400, "password is missing: a page with the visibility password needs one")
	path := a.storeClosed("s", pagePassword)
	hash := a.statusPages()[0].PasswordHash

	kept := a.do("PUT", path, closed)
	if got := decodeAs[statusPageResponse](t, kept); !got.HasPassword || got.Visibility != statuspage.Password {
		t.Errorf("the page is %s", kept.body)
	}
	same(t, "hash", a.statusPages()[0].PasswordHash, hash)

	tag := a.tag(path)
	a.wantStatus(t, 200, "PUT", path, withPassword("s", strings.Repeat("ü", 36)))
	a.wantPassword(t, path, strings.Repeat("ü", 36))
	a.wantChanged(t, a.doIf("PUT", path, closed, tag), path, "status page")

	hash = a.statusPages()[0].PasswordHash
	const unclear = "visibility is missing: the page has a password, say whether it stays"
	for _, visibility := range []string{"", `, "visibility": ""`, `, "visibility": null`, `, "password": "another password"`} {
		body := `{"slug": "s", "title": "T"` + visibility + `}`
		a.do("PUT", path, body).wantProblem(t, 400, unclear)
		a.do("POST", "/api/status-pages/import", "["+body+"]").wantProblem(t, 400, `page 1 "s": `+unclear)
	}
	same(t, "hash", a.statusPages()[0].PasswordHash, hash)

	a.wantStatus(t, 200, "PUT", path, open)
	a.wantPassword(t, path, "")
	a.do("PUT", path, closed).wantProblem(t, 400, "password is missing: a page with the visibility password needs one")
	a.do("PUT", path, `{"slug": "s", "title": "T", "password": "12345678"}`).wantProblem(t, 400, "password is set, but visibility is not password")
	for _, wrong := range []string{"", "1234567", strings.Repeat("x", 73), strings.Repeat("ü", 37)} {
		a.do("PUT", path, withPassword("s", wrong)).wantProblem(t, 400, "password must have 8 to 72 bytes")
		a.do("POST", "/api/status-pages", withPassword("t", wrong)).wantProblem(t, 400, "password must have 8 to 72 bytes")
	}
	a.wantPassword(t, path, "")
	same(t, "number of pages", len(a.statusPages()), 1)
}

// TestPasswordStaysSecret searches all responses for the password and its hash.
func TestPasswordStaysSecret(t *testing.T) {
	a := startAPI(t, nil)
	created := a.do("POST", "/api/status-pages", withPassword("s", pagePassword))
	path := "/api/status-pages/" + decodeAs[statuspage.Page](t, created).ID
	page := a.statusPages()[0]
	for name, got := range map[string]response{
		"create":   created,
		"list":     a.do("GET", "/api/status-pages", ""),
		"read":     a.do("GET", path, ""),
		"replace":  a.do("PUT", path, withPassword("s", pagePassword)),
		"conflict": a.doIf("PUT", path, withPassword("s", pagePassword), `"x"`),
		"taken":    a.do("POST", "/api/status-pages", withPassword("s", pagePassword)),
		"invalid":  a.do("PUT", path, withPassword("S!", pagePassword)),
		"too long": a.do("PUT", path, withPassword("s", strings.Repeat(pagePassword, 4))),
		"import":   a.do("POST", "/api/status-pages/import", "["+withPassword("s", pagePassword+"!")+","+withPassword("s", pagePassword)+"]"),
		"preview":  a.do("POST", "/api/status-pages/preview", withPassword("s", pagePassword)),
		"message":  a.do("POST", path+"/messages", messageJSON),
	} {
		text := fmt.Sprint(got.header) + string(got.body)
		for _, secret := range []string{pagePassword, page.PasswordHash, a.statusPages()[0].PasswordHash, "$2a$", "PasswordHash", "passwordHash"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the response contains %q: %s", name, secret, text)
			}
		}
	}
}

// TestConcurrentPasswordChange changes the password while others replace the page without one.
func TestConcurrentPasswordChange(t *testing.T) {
	a := startAPI(t, nil)
	path := a.storeClosed("s", "the first password")
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.wantStatus(t, 200, "PUT", path, withPassword("s", pagePassword))
	}()
	for n := 0; ; n++ {
		a.wantStatus(t, 200, "PUT", path, fmt.Sprintf(`{"slug": "s", "title": "%d", "visibility": "password"}`, n))
		select {
		case <-done:
			a.wantPassword(t, path, pagePassword)
			return
		default:
		}
	}
}

func TestPreview(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	for _, body := range []string{
		pageJSON, "{}", withPassword("s", pagePassword), `{"visibility": "password"}`,
		`{"slug": "Not yet!", "title": " ", "hosts": ["?"], "sections": [{"entries": [{"name": ""}, {"name": "No target"}, {"group": "web"}]}]}`,
	} {
		got := decodeAs[struct{ HTML, CSS string }](t, a.do("POST", "/api/status-pages/preview", body))
		if !strings.HasPrefix(got.HTML, `<div class="status-page">`) || !strings.Contains(got.CSS, ".status-page") {
			t.Errorf("the preview of %s is %s", body, got.HTML)
		}
	}
	a.do("POST", "/api/status-pages/preview", `{"sections": 5}`).wantProblem(t, 400, `field "sections" must be an array, not a number`)
	a.do("POST", "/api/status-pages/preview", `{"zone": "Mars"}`).wantProblem(t, 400,
		`zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Mars"`)
	same(t, "pages", a.statusPages(), []statuspage.Page{})
}

// TestStatusPagesEvent waits for an event after each change.
func TestStatusPagesEvent(t *testing.T) {
	a := startAPI(t, nil)
	events := a.listen()
	var path string
	for _, change := range []func(){
		func() { path = a.createPage(pageJSON) },
		func() { a.wantStatus(t, 200, "PUT", path, strings.Replace(pageJSON, "Shop", "Market", 1)) },
		func() { a.wantStatus(t, 200, "POST", path+"/messages", messageJSON) },
		func() { a.wantStatus(t, 204, "DELETE", path, "") },
	} {
		change()
		events.wantEvent("status-pages", struct{}{})
	}
}

// TestStatusPagesArePrivate reads pages without and with a key, while reads are not protected.
func TestStatusPagesArePrivate(t *testing.T) {
	admin, anonymous := startSignedIn(t)
	path := admin.createPage(`{"slug": "secret-page", "title": "Secret"}`)
	message := decodeAs[statuspage.Message](t, admin.do("POST", path+"/messages", messageJSON))
	reader := &api{t: t, url: admin.url, token: newKey(t, admin.store, store.KeyScopeRead)}
	for _, read := range []string{"/api/status-pages", path, path + "/messages", path + "/messages/" + message.ID} {
		got := anonymous.do("GET", read, "")
		got.wantProblem(t, 401, "sign in first: this request needs an Authorization header with a bearer token")
		if text := fmt.Sprint(got.header) + string(got.body); strings.Contains(text, "secret-page") || got.header.Get("ETag") != "" {
			t.Errorf("GET %s without a key: %s", read, text)
		}
		a, b := reader.do("GET", read, ""), admin.do("GET", read, "")
		same(t, "GET "+read, string(a.body), string(b.body))
		same(t, "ETag of "+read, a.header.Get("ETag"), b.header.Get("ETag"))
	}
	for route, body := range map[string]string{
		"POST /api/status-pages": pageJSON, "POST /api/status-pages/import": "[" + pageJSON + "]", "POST /api/status-pages/preview": pageJSON,
		"PUT " + path: pageJSON, "DELETE " + path: "", "POST " + path + "/messages": messageJSON,
		"PUT " + path + "/messages/" + message.ID: messageJSON, "DELETE " + path + "/messages/" + message.ID: "",
		"POST " + path + "/messages/" + message.ID + "/updates": updateJSON,
	} {
		method, path, _ := strings.Cut(route, " ")
		if got := reader.do(method, path, body); got.status != 403 {
			t.Errorf("%s with a key to read: %d %s", route, got.status, got.body)
		}
	}
	same(t, "number of pages", len(admin.statusPages()), 1)
	same(t, "messages", admin.messages(message.PageID), []statuspage.Message{message})
}
