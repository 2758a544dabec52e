package host_test

import (
	"html"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"nanomon/frontend"
)

// iconChars are the characters that look like icons: arrows, technical and geometric symbols, check marks, crosses, stars and
// emoji. Fonts draw them differently, so the page has icons of its own. The key ⌘ and texts such as •••, … and – are none.
var iconChars = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00d7, Hi: 0x00d7, Stride: 1}, // ×
		{Lo: 0x2190, Hi: 0x21ff, Stride: 1}, // ← ↑ → ↓ ↺ ↻
		{Lo: 0x2295, Hi: 0x22a1, Stride: 1}, // ⊕ ⊖ ⊗ ⊘
		{Lo: 0x22ee, Hi: 0x22f1, Stride: 1}, // ⋮ ⋯
		{Lo: 0x2300, Hi: 0x2317, Stride: 1}, // ⌂ ⌄
		{Lo: 0x2319, Hi: 0x23ff, Stride: 1}, // ⏸ ⏹ ⏵ ⏻
		{Lo: 0x25a0, Hi: 0x27bf, Stride: 1}, // ■ ▲ ▶ ▸ ▾ ◀ ● ◐ ◆ ★ ☀ ☰ ✎ ✓ ✕ ➕
		{Lo: 0x27f0, Hi: 0x27ff, Stride: 1}, // ⟳ ⟶
		{Lo: 0x2900, Hi: 0x297f, Stride: 1}, // ⤢
		{Lo: 0x2b00, Hi: 0x2bff, Stride: 1}, // ⬅ ⬇ ⭐
	},
	R32: []unicode.Range32{{Lo: 0x1f000, Hi: 0x1faff, Stride: 1}}, // 🔔 🗑
}

var (
	// keyNames are the names of keys, which are texts: in the list of shortcuts and in tooltips.
	keyNames = regexp.MustCompile(`<kbd[^>]*>[^<]*</kbd>|title="[^"]* \([←→−+]\)"`)
	// signButtons are elements that contain only a sign that a keyboard has.
	signElements = regexp.MustCompile(`>\s*[-+−x*<]\s*</`)
	escapedChar  = regexp.MustCompile(`\\u?\{?([0-9a-fA-F]{4,5})\}?`)
	cssContent   = regexp.MustCompile(`content: ['"][^'"]*[^\x00-\x7f·][^'"]*['"]`)

	definedIcon = regexp.MustCompile(`<path[^>]*\sid="icon-([\w-]+)"`)
	usedIcon    = regexp.MustCompile(`\shref="#icon-([\w-]+)"`)
	boundIcon   = regexp.MustCompile(`:href="'#icon-' \+ ([^"]+)"`)
	quoted      = regexp.MustCompile(`'([\w-]+)'`)
	status      = regexp.MustCompile(`key: '(\w+)', label`)
	// namedIcon matches the names of icons in modules: of statuses, of other data, and of the themes.
	namedIcon = regexp.MustCompile(`\b(?:key: |icon: |newIcon\(|drawIcon\(ctx, )'([\w-]+)'|(?m)^  (\w+): \{ next: `)
)

// textFiles returns the page's own files by path.
func textFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(frontend.App(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == "lib" {
			return fs.SkipDir
		}
		if slices.Contains([]string{".html", ".js", ".css"}, path.Ext(name)) {
			content, err := fs.ReadFile(frontend.App(), name)
			files[name] = string(content)
			return err
		}
		return nil
	})
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

func TestPageHasNoCharactersAsIcons(t *testing.T) {
	for name, content := range textFiles(t) {
		for _, char := range charsAsIcons(path.Ext(name), content) {
			t.Errorf("%s contains %s: use an icon instead, see docs/architecture.md", name, char)
		}
	}
}

func TestCharactersAsIconsAreFound(t *testing.T) {
	for _, test := range []struct{ ext, content string }{
		{".html", `<button>✕</button>`},
		{".html", `<button>&times;</button>`},
		{".html", `<button>&#x25b6;</button>`},
		{".html", "<button>\n  +\n</button>"},
		{".html", `<button title="Close ✕"></button>`},
		{".js", `text = '▲';`},
		{".js", `text = '\u25b2';`},
		{".js", `text = '\u{1f514}';`},
		{".css", `content: '\25b8' / '';`},
		{".css", `content: '–';`},
	} {
		if found := charsAsIcons(test.ext, test.content); len(found) != 1 {
			t.Errorf("%s: found %q", test.content, found)
		}
	}
	for _, test := range []struct{ ext, content string }{
		{".html", `<kbd>←</kbd> <p title="Zoom out (−)">2 – 3 … · ••• −1</p>`},
		{".css", `content: ' · '; content: '\a0' / '';`},
	} {
		if found := charsAsIcons(test.ext, test.content); len(found) > 0 {
			t.Errorf("%s: found %q", test.content, found)
		}
	}
}

// charsAsIcons returns the characters in a file that serve as icons.
func charsAsIcons(ext, content string) []string {
	var found []string
	if ext == ".html" {
		content = html.UnescapeString(keyNames.ReplaceAllString(content, ""))
		found = signElements.FindAllString(content, -1)
	}
	content = escapedChar.ReplaceAllStringFunc(content, func(escape string) string {
		code, _ := strconv.ParseInt(escapedChar.FindStringSubmatch(escape)[1], 16, 32)
		return string(rune(code))
	})
	for _, char := range content {
		if unicode.Is(iconChars, char) {
			found = append(found, string(char))
		}
	}
	if ext == ".css" && len(found) == 0 {
		found = cssContent.FindAllString(content, -1)
	}
	return found
}

// TestIconsAreDefinedAndUsed checks that the page uses every icon, and defines every icon that it uses: in index.html or in
// the only file that uses it.
func TestIconsAreDefinedAndUsed(t *testing.T) {
	files := textFiles(t)
	defined := map[string]string{}
	for name, content := range files {
		for _, icon := range names(definedIcon, content) {
			if other := defined[icon]; other != "" {
				t.Errorf("%s and %s define the icon %s", other, name, icon)
			}
			defined[icon] = name
		}
	}
	if len(defined) < 20 {
		t.Fatalf("found only the icons %v", defined)
	}
	used := map[string]bool{}
	for name, content := range files {
		for _, expression := range names(boundIcon, content) {
			for _, icon := range names(quoted, expression) {
				content += ` href="#icon-` + icon + `"`
			}
		}
		for _, icon := range names(usedIcon, content) {
			used[icon] = true
			if file := defined[icon]; file != name && file != "index.html" {
				t.Errorf("%s uses the icon %s, which is defined in %q", name, icon, file)
			}
		}
		for _, icon := range names(namedIcon, content) {
			used[icon] = true
			isIcon := strings.Contains(content, "icon: '"+icon+"'")
			if file := defined[icon]; isIcon && file != "index.html" && path.Dir(file) != path.Dir(name) {
				t.Errorf("%s uses the icon %s, which is defined in %q", name, icon, file)
			}
		}
	}
	for icon, file := range defined {
		if !used[icon] {
			t.Errorf("%s defines the icon %s, which nothing uses", file, icon)
		}
	}
}

// TestStatusesHaveIcons checks that there is an icon for each status of a badge, a mark and a tile.
func TestStatusesHaveIcons(t *testing.T) {
	files := textFiles(t)
	icons := names(definedIcon, files["index.html"])
	for _, name := range []string{
		"status.js", "load-state.js", "deliveries.js", "result-table/changes.js", "views/about/about.js",
		"views/maintenance/windows.js", "views/monitor/notifications.js",
	} {
		keys := names(status, files[name])
		if len(keys) == 0 {
			t.Errorf("%s has no statuses", name)
		}
		for _, key := range keys {
			if !slices.Contains(icons, key) {
				t.Errorf("%s has the status %s, for which there is no icon", name, key)
			}
		}
	}
}

// names returns what the groups of an expression match.
func names(pattern *regexp.Regexp, content string) []string {
	var found []string
	for _, match := range pattern.FindAllStringSubmatch(content, -1) {
		found = append(found, strings.Join(match[1:], ""))
	}
	return found
}
