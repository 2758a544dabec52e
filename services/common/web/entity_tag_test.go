package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/web"
)

func TestParseIfMatch(t *testing.T) {
	for _, c := range []struct {
		headers   []string
		ofVersion bool
		// names lists which of "a", "b" and "c,d" the condition names.
		names string
	}{
		{nil, false, ""},
		{[]string{"*"}, false, ""},
		{[]string{" * "}, false, ""},
		{[]string{`"a"`}, true, "a"},
		{[]string{` "a" , "b"`}, true, "a b"},
		{[]string{`"a"`, `"b"`}, true, "a b"},
		{[]string{`,, "b",	,`}, true, "b"},
		{[]string{`"c,d"`}, true, "c,d"},
		{[]string{`"c,d", "a"`}, true, "a c,d"},
		{[]string{`W/"a"`}, true, ""},
		{[]string{`W/"a", "b"`}, true, "b"},
		{[]string{`""`}, true, ""},
		{[]string{`"A"`}, true, ""},
	} {
		r := httptest.NewRequest("PUT", "/", nil)
		r.Header["If-Match"] = c.headers
		condition, err := web.ParseIfMatch(r)
		if err != nil || condition.OfVersion != c.ofVersion {
			t.Errorf("%q: %+v, %v", c.headers, condition, err)
			continue
		}
		var names []string
		for _, tag := range []string{"a", "b", "c,d"} {
			if condition.Names("\"other\"", `"`+tag+`"`) {
				names = append(names, tag)
			}
		}
		if got := strings.Join(names, " "); got != c.names {
			t.Errorf("%q names %q, want %q", c.headers, got, c.names)
		}
	}
	for _, header := range []string{
		"", " ", ",", "a", "'a'", `"a`, `a"`, `"a" "b"`, `w/"a"`, `W/a`, `W/ "a"`, `"a", *`, `*, "a"`, "**", `"a b"`, "\"a\x7f\"", `"a";q=1`,
	} {
		r := httptest.NewRequest("PUT", "/", nil)
		r.Header["If-Match"] = []string{header}
		if _, err := web.ParseIfMatch(r); !monitor.IsInvalid(err) {
			t.Errorf("If-Match %q: error %v, want an InvalidError", header, err)
		}
	}
}

func TestEntityTag(t *testing.T) {
	tags := make(map[string]bool)
	for _, document := range []any{"", "a", []string{"a"}, map[string]string{"a": "b"}, nil} {
		tag, err := web.EntityTag(document)
		if again, _ := web.EntityTag(document); err != nil || again != tag || tags[tag] || !strings.HasPrefix(tag, `"`) {
			t.Errorf("%v has the tag %s, then %s, %v", document, tag, again, err)
		}
		tags[tag] = true
	}
	if _, err := web.EntityTag(func() {}); err == nil {
		t.Error("a function has a tag")
	}
}

func TestTaggedResponseIsNotCompressed(t *testing.T) {
	handler := web.Compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.SetEntityTag(w, `"a"`)
		if !web.NotModified(w, r, `"a"`) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, strings.Repeat("0123456789", 500))
		}
	}))
	for known, want := range map[string]int{"": 200, `"b"`: 200, `"a"`: 304, `W/"a"`: 304, `"b", "a"`: 304, "*": 304} {
		for _, encoding := range []string{"gzip", "identity"} {
			r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
			r.Header.Set("Accept-Encoding", encoding)
			r.Header.Set("If-None-Match", known)
			handler.ServeHTTP(w, r)
			h := w.Result().Header
			if w.Code != want || h.Get("ETag") != `"a"` || h.Get("Content-Encoding") != "" || h.Get("No-Gzip-Compression") != "" ||
				(w.Body.Len() == 5000) != (want == 200) {
				t.Errorf("If-None-Match %q, %s: %d with %v and %d bytes", known, encoding, w.Code, h, w.Body.Len())
			}
		}
	}
}
