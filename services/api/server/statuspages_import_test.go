package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"nanomon/services/common/statuspage"
	"nanomon/services/common/store/sqlite"
)

// TestExportAndImport imports the list of pages into the same store and into an empty one.
func TestExportAndImport(t *testing.T) {
	a, other := startAPI(t, nil), startAPI(t, nil)
	a.createPage(pageJSON)
	closed := a.storeClosed("closed", pagePassword)
	exported := string(a.do("GET", "/api/status-pages", "").body)
	before := a.statusPages()

	a.wantStatus(t, 204, "POST", "/api/status-pages/import", exported)
	after := a.statusPages()
	for i := range after {
		after[i].Updated = before[i].Updated
	}
	same(t, "pages with hashes", after, before)

	other.do("POST", "/api/status-pages/import", exported).wantProblem(t, 400, `page 2 "closed": password is missing: a page with the visibility password needs one`)
	same(t, "pages", other.statusPages(), []statuspage.Page{})
	complete := strings.Replace(exported, `"visibility":"password"`, `"visibility":"password","password":"another password"`, 1)
	other.wantStatus(t, 204, "POST", "/api/status-pages/import", complete)
	other.wantPassword(t, closed, "another password")
	same(t, "export", without(t, other.do("GET", "/api/status-pages", ""), "updated"), without(t, a.do("GET", "/api/status-pages", ""), "updated"))
}

// without returns the documents of a list without one member.
func without(t *testing.T, got response, member string) []map[string]any {
	t.Helper()
	list := decodeAs[[]map[string]any](t, got)
	for _, document := range list {
		delete(document, member)
	}
	return list
}

// TestImportedPages replaces pages by id and by slug, creates others, and keeps the rest.
func TestImportedPages(t *testing.T) {
	a := startAPI(t, nil)
	create := func(slug string) string {
		return strings.TrimPrefix(a.createPage(fmt.Sprintf(`{"slug": %q, "title": "old"}`, slug)), "/api/status-pages/")
	}
	kept, byID, bySlug := create("kept"), create("by-id"), create("by-slug")
	items := fmt.Sprintf(`[{"id": %q, "slug": "renamed", "title": "1"}, {"id": 7, "slug": "by-slug", "title": "2"},
		{"id": %q, "slug": "with-id", "title": "3"}, {"slug": "new", "title": "4", "hosts": ["new.example.org"]}]`, strings.ToUpper(byID), idOther)
	a.wantStatus(t, 204, "POST", "/api/status-pages/import", items)
	found := make(map[string]string)
	for _, page := range a.statusPages() {
		found[page.Slug+" "+page.Title] = page.ID
	}
	created := found["new 4"]
	same(t, "pages", found, map[string]string{"kept old": kept, "renamed 1": byID, "by-slug 2": bySlug, "with-id 3": idOther, "new 4": created})
}

func TestInvalidImports(t *testing.T) {
	a := startAPI(t, nil)
	id := strings.TrimPrefix(a.createPage(pageJSON), "/api/status-pages/")
	a.createPage(`{"slug": "other", "title": "Other"}`)
	before := a.statusPages()
	const new = `{"slug": "new", "title": "New"}`
	many := make([]string, statuspage.MaxPages)
	for i := range many {
		many[i] = fmt.Sprintf(`{"slug": "%d", "title": "n"}`, i)
	}
	for body, detail := range map[string]string{
		"":     "request body is empty",
		"{}":   "expected a JSON array, not an object",
		"null": "expected a JSON array, not null",
		"[]":   "no status pages in import",
		"[" + new + `, 7, {"slug": 5}, {"slug": "x"}]`: `page 2 "": expected a JSON object, not a number; ` +
			`page 3 "": field "slug" must be a string, not a number; page 4 "x": title is missing`,
		"[" + new + "," + new + "]": `page 2 "new": slug "new" belongs to another status page`,
		"[" + new + `, {"id": "` + id + `", "slug": "other", "title": "T"}]`:                                                 `page 2 "other": slug "other" belongs to another status page`,
		"[" + new + `, {"slug": "b", "title": "T", "hosts": ["Status.example.org."]}]`:                                       `page 2 "b": hosts contains "status.example.org", which belongs to another status page`,
		`[{"slug": "a", "title": "T", "hosts": ["a.example.org"]}, {"slug": "b", "title": "T", "hosts": ["A.example.org"]}]`: `page 2 "b": hosts contains "a.example.org", which belongs to another status page`,
		`[{"id": "` + idOther + `", "slug": "a", "title": "T"}, {"id": "` + idOther + `", "slug": "b", "title": "T"}]`:       `page 2 "b": id ` + idOther + ` occurs twice in the import`,
		`[{"id": "` + id + `", "slug": "a", "title": "T"}, {"slug": "shop", "title": "T"}]`:                                  `page 2 "shop": id ` + id + ` occurs twice in the import`,
		"[" + new + "," + withPassword("b", "short") + "]":                                                                   `page 2 "b": password must have 8 to 72 bytes`,
		"[" + strings.Join(many, ",") + "]":                                                                                  "the import would result in 202 status pages, at most 200 are allowed",
		"[" + strings.Join(append(many, new), ",") + "]":                                                                     "import has 201 status pages, at most 200 are allowed",
	} {
		a.do("POST", "/api/status-pages/import", body).wantProblem(t, 400, detail)
	}
	huge, err := json.Marshal([]string{strings.Repeat("x", maxImportBody)})
	must(t, err)
	a.do("POST", "/api/status-pages/import", string(huge)).wantProblem(t, 413, "request body is larger than the 16777216 bytes allowed here")
	same(t, "pages", a.statusPages(), before)
}

// TestSwappedSlugs imports two pages that exchange their slugs. A store can't do this in two writes.
func TestSwappedSlugs(t *testing.T) {
	a := startAPI(t, nil)
	first, second := a.createPage(`{"slug": "a", "title": "A"}`), a.createPage(`{"slug": "b", "title": "B"}`)
	items := fmt.Sprintf(`[{"id": %q, "slug": "b", "title": "A"}, {"id": %q, "slug": "a", "title": "B"}]`,
		strings.TrimPrefix(first, "/api/status-pages/"), strings.TrimPrefix(second, "/api/status-pages/"))
	before := a.statusPages()
	a.do("POST", "/api/status-pages/import", items).wantProblem(t, 400,
		`page 1 "b": slug "b" belongs to another status page; page 2 "a": slug "a" belongs to another status page`)
	same(t, "pages", a.statusPages(), before)
}

// pageRaceStore runs a function before it creates or replaces the page with a slug, as if another process wrote at that time.
type pageRaceStore struct {
	*sqlite.Store
	slug string
	race func()
}

func (s *pageRaceStore) CreateStatusPage(ctx context.Context, p statuspage.Page) error {
	if p.Slug == s.slug {
		s.race()
	}
	return s.Store.CreateStatusPage(ctx, p)
}

func (s *pageRaceStore) ReplaceStatusPageIf(ctx context.Context, p, old statuspage.Page) error {
	if p.Slug == s.slug {
		s.race()
	}
	return s.Store.ReplaceStatusPageIf(ctx, p, old)
}

// TestChangesDuringImport changes the pages of an import after it was validated. The problem names the page.
func TestChangesDuringImport(t *testing.T) {
	const body = `[{"slug": "first", "title": "First"}, {"slug": "b", "title": "B"}, {"slug": "last", "title": "Last"}]`
	for name, c := range map[string]struct {
		exists bool // whether the import replaces the page
		race   func(s *sqlite.Store, stored statuspage.Page) error
		detail string
		advice string
	}{
		"deleted": {true, func(s *sqlite.Store, stored statuspage.Page) error {
			return s.DeleteStatusPage(t.Context(), stored.ID)
		}, "someone else deleted this page during the import", "Import the same list again."},
		"changed all the time": {true, func(s *sqlite.Store, stored statuspage.Page) error {
			old, err := s.StatusPage(t.Context(), stored.ID)
			must(t, err)
			stored.Title = old.Title + "+"
			return s.ReplaceStatusPageIf(t.Context(), stored, old)
		}, "someone else changed this page during the import", "Import the same list again."},
		"slug taken": {false, func(s *sqlite.Store, stored statuspage.Page) error {
			return s.CreateStatusPage(t.Context(), statuspage.Page{ID: idOther, Slug: "b", Title: "Theirs"})
		}, `slug "b" belongs to another status page`, "Use another slug."},
	} {
		t.Run(name, func(t *testing.T) {
			s := &pageRaceStore{Store: openStore(t)}
			a := startAPI(t, s)
			var stored statuspage.Page
			if c.exists {
				path := a.createPage(`{"slug": "b", "title": "Old"}`)
				page, err := s.StatusPage(t.Context(), strings.TrimPrefix(path, "/api/status-pages/"))
				must(t, err)
				stored = page
			}
			s.slug, s.race = "b", func() { must(t, c.race(s.Store, stored)) }
			got := a.do("POST", "/api/status-pages/import", body)
			got.wantProblem(t, 409, `page 2 "b": `+c.detail)
			if !strings.Contains(string(got.body), "The pages before it are imported. "+c.advice) {
				t.Errorf("the problem has no advice: %s", got.body)
			}
			pages, err := s.StatusPages(t.Context())
			must(t, err)
			var slugs []string
			for _, page := range pages {
				slugs = append(slugs, page.Slug)
			}
			if joined := strings.Join(slugs, " "); !strings.Contains(joined, "first") || strings.Contains(joined, "last") {
				t.Errorf("the stored pages are %s", joined)
			}
		})
	}
}
