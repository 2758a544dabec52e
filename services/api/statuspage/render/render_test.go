package render

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/statuspage"
)

var (
	update = flag.Bool("update", false, "write the golden files in place of comparing them")
	folder = flag.String("folder", "", "write all sample pages to this folder, to look at them")
)

// TestGolden compares the outputs with the files in testdata, in which the style sheet and the script are left out. The
// browser tests use these files too.
func TestGolden(t *testing.T) {
	v, old := short(partial()), plainPage()
	e := v.Sections[0].Entries[1]
	old.Since = now
	uptime, _ := UptimeBadge(v, e, "90d")
	for name, data := range map[string][]byte{
		"page.html": Page(v), "old.html": Page(old), "password.html": PasswordForm(Form{Action: "/status/acme", Message: "Wrong password"}),
		"not-found.html": NotFound(), "unavailable.html": Unavailable(),
		"page.json": JSON(v), "feed.atom": Atom(v), "status.svg": StatusBadge(v, e), "uptime.svg": uptime, "response.svg": ResponseBadge(v, e),
	} {
		path := filepath.Join("testdata", name)
		data = bytes.Replace(data, []byte(style), []byte("/* style.css */"), 1)
		data = bytes.Replace(data, []byte(script), []byte("// script.js"), 1)
		if *update {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(data)); diff != "" {
			t.Errorf("%s differs; if this is right, run the test with -update:\n%s", name, diff)
		}
	}
}

// TestPicturesOfSamples writes the sample pages to a folder if there is one, so that pictures can be taken of them.
func TestPicturesOfSamples(t *testing.T) {
	for name, data := range pages() {
		if len(data) == 0 {
			t.Errorf("%s is empty", name)
		}
		if *folder != "" {
			if err := os.WriteFile(filepath.Join(*folder, name+".html"), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestScriptIsSmall(t *testing.T) {
	if len(script) >= 2048 {
		t.Errorf("the script has %d bytes", len(script))
	}
}

// TestStyleFitsShadowRoots checks that no rule outside the page is needed for what [Content] returns.
func TestStyleFitsShadowRoots(t *testing.T) {
	if !strings.HasPrefix(style, ":root,\n:host {") {
		t.Errorf("the style sheet begins with %.30q", style)
	}
	if content := Content(fine()); !bytes.HasPrefix(content, []byte(`<div class="status-page">`)) || bytes.Contains(content, []byte("<main")) {
		t.Errorf("the content is %.100s", content)
	}
}

// TestShow checks that what a page does not show is in none of its outputs.
func TestShow(t *testing.T) {
	v := busy()
	v.Show = statuspage.Show{}
	for name, data := range map[string][]byte{"HTML": Page(v), "JSON": JSON(v), "feed": Atom(v)} {
		for _, hidden := range []string{"uptime", "99.9", "213", "212.6", `"days"`} {
			if bytes.Contains(bytes.ReplaceAll(data, []byte(style), nil), []byte(hidden)) {
				t.Errorf("%s contains %q", name, hidden)
			}
		}
	}
}

func TestOldPageSaysSo(t *testing.T) {
	v := oldPage()
	page := string(Page(v))
	for _, want := range []string{
		"Not updated since", "30 Nov 2026, 22:03:12 UTC", "Last known status", `class="overall unknown"`,
		"<title>Last known status: Partial outage: Payments – Acme Shop</title>", `content="Last known status: Partial outage: Payments"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	var data struct {
		Since   time.Time
		Overall struct{ Level, Text string }
	}
	if err := json.Unmarshal(JSON(v), &data); err != nil || !data.Since.Equal(now) || data.Overall.Level != "partial" {
		t.Errorf("JSON has %+v, %v", data, err)
	}
}

func TestNoIndex(t *testing.T) {
	v := fine()
	if bytes.Contains(Page(v), []byte("noindex")) {
		t.Error("the page is not for search engines")
	}
	if v.NoIndex = true; !bytes.Contains(Page(v), []byte(`<meta name="robots" content="noindex">`)) {
		t.Error("the page is for search engines")
	}
}

func TestPlainPagesSayNothing(t *testing.T) {
	if a, b := PasswordForm(Form{Action: "/status/a"}), PasswordForm(Form{Action: "/status/b"}); !bytes.Equal(bytes.ReplaceAll(a, []byte("/status/a"), []byte("/status/b")), b) {
		t.Error("the forms differ in more than their path")
	}
}

// TestSizes reports how large a page with 100 entries is.
func TestSizes(t *testing.T) {
	v := manyPage(100)
	page, data := Page(v), JSON(v)
	t.Logf("HTML %d bytes, JSON %d bytes, style %d bytes, script %d bytes", len(page), len(data), len(style), len(script))
	if len(page) > 1_300_000 || len(data) > 700_000 {
		t.Errorf("HTML has %d bytes, JSON %d", len(page), len(data))
	}
}

func BenchmarkPage100Entries(b *testing.B) {
	v := manyPage(100)
	for b.Loop() {
		Page(v)
	}
}

func BenchmarkJSON100Entries(b *testing.B) {
	v := manyPage(100)
	for b.Loop() {
		JSON(v)
	}
}
