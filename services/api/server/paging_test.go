package server

import (
	"slices"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
)

// pages reads all pages from path on by their links and returns the results.
func (a *api) pages(path string) []monitor.Result {
	a.t.Helper()
	var got []monitor.Result
	for next, n := path, 0; next != ""; n++ {
		if n > 30 {
			a.t.Fatal("too many pages")
		}
		page := a.do("GET", next, "")
		got = append(got, decodeAs[[]monitor.Result](a.t, page)...)
		next, _ = strings.CutSuffix(strings.TrimPrefix(page.header.Get("Link"), "<"), `>; rel="next"`)
	}
	return got
}

func TestPages(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(25)
	other := resultN(100)
	other.MonitorID = idB
	a.append(other)
	all := a.results()

	notOK := func(r monitor.Result) bool { return r.Status != monitor.StatusOK }
	ofA := func(r monitor.Result) bool { return r.MonitorID == idA }
	for path, wanted := range map[string]func(monitor.Result) bool{
		"/api/results?max=10": func(monitor.Result) bool { return true },
		"/api/monitors/" + idA + "/results?max=5&from=2026-01-15T10:00:00Z":          ofA,
		"/api/results?max=2&status=1,2":                                              notOK,
		"/api/results?status=2&max=3&status=1&other=%3E%3B%20rel%3D%22x%22,%0D%0A<>": notOK,
		"/api/monitors/" + strings.ToUpper(idA) + "/results?max=1&status=0,1": func(r monitor.Result) bool {
			return ofA(r) && r.Status != monitor.StatusFailed
		},
		"/api/results?max=2&from=2026-01-15T12:00:03%2B02:00&to=2026-01-15T10:00:11.5Z&status=1,2": func(r monitor.Result) bool {
			return notOK(r) && !r.Date.Before(resultN(3).Date) && r.Date.Before(resultN(12).Date)
		},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(r monitor.Result) bool { return !wanted(r) })
		same(t, path, a.pages(path), want)
	}
}

func TestNextPageLinkIsEscaped(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(2)
	got := a.do("GET", "/api/results?max=1&status=0,1,2&x=%22%3E%3B%20rel%3D%22prev%22%0D%0ASet-Cookie:%20a=b&%3Cy%3E=%FF", "")
	link := got.header.Get("Link")
	const want = `</api/results?%3Cy%3E=%FF&cursor=`
	const rest = `&max=1&status=0%2C1%2C2&x=%22%3E%3B+rel%3D%22prev%22%0D%0ASet-Cookie%3A+a%3Db>; rel="next"`
	if !strings.HasPrefix(link, want) || !strings.HasSuffix(link, rest) || got.header.Get("Set-Cookie") != "" {
		t.Errorf("the link is %s, want %s...%s", link, want, rest)
	}
}
