package host_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image/png"
	"log/slog"
	"maps"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"nanomon/docs"
	"nanomon/services/common/config"
	"nanomon/services/frontend/host"
)

var (
	buildOf = regexp.MustCompile(`<meta name="build" content="([0-9a-f]{64})" />`)
	pageOf  = regexp.MustCompile(`(?m)^const PAGE = (\{.*\});$`)
)

// appWithWorker returns the files of a page with a service worker.
func appWithWorker() fstest.MapFS {
	files := app()
	files["index.html"] = &fstest.MapFile{Data: []byte(`<!doctype html><meta name="build" content="" /><title>page</title>`)}
	files["worker.js"] = &fstest.MapFile{Data: []byte("const PAGE = { build: '', files: {} };\nlisten();\n")}
	files["styles/documentation.css"] = &fstest.MapFile{Data: []byte("nav { color: red }")}
	files["lib/msal.js"] = &fstest.MapFile{Data: []byte("signIn();")}
	return files
}

type inserted struct {
	Build string
	Files map[string]string
}

// insertedPage returns what the host inserts into the index and into the service worker.
func insertedPage(t *testing.T, files fstest.MapFS, cfg host.Config) (string, inserted) {
	t.Helper()
	cfg.APIEndpoint = "/api"
	h, err := host.New(cfg, files, docs.Files(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	index := buildOf.FindStringSubmatch(textOf(t, request(h, "GET", "/").Body))
	list := pageOf.FindStringSubmatch(textOf(t, request(h, "GET", "/worker.js").Body))
	if index == nil || list == nil {
		t.Fatalf("index %q, worker %q", index, list)
	}
	var page inserted
	if err := json.Unmarshal([]byte(list[1]), &page); err != nil {
		t.Fatal(err)
	}
	for path, want := range page.Files {
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(textOf(t, request(h, "GET", "/"+path).Body)))); got != want {
			t.Errorf("%s has the hash %s, want %s", path, got, want)
		}
	}
	return index[1], page
}

func TestWorkerKnowsTheFiles(t *testing.T) {
	build, page := insertedPage(t, appWithWorker(), host.Config{})
	if page.Build != build {
		t.Errorf("build %s in the service worker, %s in the index", page.Build, build)
	}
	// Browsers don't use types, the page uses neither icons nor the styles of the documentation, and without sign-in it doesn't use the library for it.
	want := map[string]bool{"index.html": true, "app.js": true, "styles/a.css": true}
	got := make(map[string]bool)
	for path := range page.Files {
		got[path] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	_, page = insertedPage(t, appWithWorker(), host.Config{Auth: config.Auth{AuthClientID: "client"}})
	if page.Files["lib/msal.js"] == "" {
		t.Error("with sign-in, the library for it is missing")
	}
}

func TestBuildChangesWithEveryFile(t *testing.T) {
	first, _ := insertedPage(t, appWithWorker(), host.Config{})
	again, _ := insertedPage(t, appWithWorker(), host.Config{Version: "another"})
	if first != again {
		t.Error("the same files have two builds")
	}
	builds := map[string]string{first: "the same files"}
	for _, path := range []string{"index.html", "app.js", "styles/a.css", "worker.js"} {
		files := appWithWorker()
		files[path] = &fstest.MapFile{Data: append(bytes.Clone(files[path].Data), '\n')}
		build, _ := insertedPage(t, files, host.Config{})
		if other, found := builds[build]; found {
			t.Errorf("another %s has the build of %s", path, other)
		}
		builds[build] = path
	}
}

func TestPageWithoutPlaceForTheBuild(t *testing.T) {
	for _, path := range []string{"index.html", "worker.js"} {
		files := appWithWorker()
		files[path] = &fstest.MapFile{Data: []byte("nothing")}
		_, err := host.New(host.Config{APIEndpoint: "/api"}, files, docs.Files(), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "the page's file "+path+" does not contain") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestWorkerHasAPolicy checks the headers of the service worker. Its policy is that of its own response.
func TestWorkerHasAPolicy(t *testing.T) {
	h := newPage(t).host
	policy := request(h, "GET", "/").Header.Get("Content-Security-Policy")
	header := request(h, "GET", "/worker.js").Header
	if policy == "" || header.Get("Content-Security-Policy") != policy {
		t.Errorf("policy %q, want %q", header.Get("Content-Security-Policy"), policy)
	}
	if header.Get("Cache-Control") != "no-cache" || header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("headers %v", header)
	}
}

func TestManifest(t *testing.T) {
	h := newPage(t).host
	answer := request(h, "GET", "/manifest.webmanifest")
	if got := answer.Header.Get("Content-Type"); got != "application/manifest+json" {
		t.Errorf("type %q", got)
	}
	var manifest struct {
		Name     string
		StartURL string `json:"start_url"`
		Scope    string
		Icons    []struct{ Src, Sizes, Type, Purpose string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&manifest); err != nil {
		t.Fatal(err)
	}
	// Relative addresses work also below a path.
	if manifest.Name != "NanoMon" || manifest.StartURL != "./" || manifest.Scope != "./" {
		t.Errorf("%+v", manifest)
	}
	found := make(map[string]bool)
	for _, icon := range manifest.Icons {
		found[strings.TrimSpace(icon.Sizes+" "+icon.Purpose)] = true
		file := request(h, "GET", strings.TrimPrefix(icon.Src, "."))
		if file.StatusCode != 200 || file.Header.Get("Content-Type") != icon.Type {
			t.Errorf("%s: %d %s, want %s", icon.Src, file.StatusCode, file.Header.Get("Content-Type"), icon.Type)
			continue
		}
		if icon.Type == "image/png" {
			picture, err := png.DecodeConfig(file.Body)
			if size := fmt.Sprintf("%dx%d", picture.Width, picture.Height); err != nil || size != icon.Sizes {
				t.Errorf("%s has the size %s, want %s: %v", icon.Src, size, icon.Sizes, err)
			}
		}
	}
	for _, icon := range []string{"any", "192x192", "512x512", "any maskable", "192x192 maskable", "512x512 maskable"} {
		if !found[icon] {
			t.Errorf("no icon %s", icon)
		}
	}
}

func TestEmbeddedWorkerKnowsTheFiles(t *testing.T) {
	h := newPage(t).host
	list := pageOf.FindStringSubmatch(textOf(t, request(h, "GET", "/worker.js").Body))
	if list == nil || !strings.Contains(list[1], `"views/list/list.html"`) || strings.Contains(list[1], `"worker.js"`) {
		t.Errorf("list %.200q", list)
	}
}
