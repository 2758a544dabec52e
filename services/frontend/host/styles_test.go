package host_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanomon/frontend"
)

var (
	cssComment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssImport   = regexp.MustCompile(`(?m)^@import '([^']+)';$`)
	cssNameRule = regexp.MustCompile(`^@(property --|keyframes )[\w-]+$`)
	// reachesOut matches a nested selector whose subject can be outside of the rule that contains it, such as `html:has(&)`.
	reachesOut = regexp.MustCompile(`(?m)^[ \t]+[^&\s@}][^{;}\n]*&.*\{$`)
)

// sharedStyles are the style sheets that several views import, with the selectors of their outermost rules.
var sharedStyles = map[string][]string{
	"charts/chart.css":              {".chart-box", ".legend", ".values"},
	"range/range-bar.css":           {".range-bar", ".segments"},
	"styles/editor.css":             {"html:has(.editor)", ".editor"},
	"styles/tables.css":             {".table", ".pages"},
	"result-table/result-table.css": {".table-container"},
}

// TestStylesOfViewsAreScoped checks that the styles of a view can't affect another view: all rules are nested in the rule of
// the element that contains the view.
func TestStylesOfViewsAreScoped(t *testing.T) {
	files, err := fs.Glob(frontend.App(), "views/*/*.css")
	if err != nil || len(files) < 10 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		folder := path.Dir(file)
		imported := checkScope(t, file, "[data-view='"+path.Base(folder)+"']")
		for _, other := range imported {
			inFolder := path.Dir(other) == folder
			if shared := sharedStyles[other] != nil; !inFolder && !shared && path.Dir(other) != "lib" {
				t.Errorf("%s imports %s, which is neither its own nor shared", file, other)
			}
		}
	}
	for file, roots := range sharedStyles {
		checkScope(t, file, roots...)
	}
}

// checkScope reports the rules of a style sheet that are not nested in one of the roots. It returns the imported files.
func checkScope(t *testing.T, file string, roots ...string) []string {
	t.Helper()
	content, err := fs.ReadFile(frontend.App(), file)
	if err != nil {
		t.Error(err)
	}
	css := cssComment.ReplaceAllString(string(content), "")
	for _, selector := range outermost(cssImport.ReplaceAllString(css, "")) {
		if !slices.Contains(roots, selector) && !cssNameRule.MatchString(selector) {
			t.Errorf("%s: %s is not nested in %s", file, selector, strings.Join(roots, " or "))
		}
	}
	for _, rule := range reachesOut.FindAllString(css, -1) {
		t.Errorf("%s: %s affects elements outside of the view", file, strings.TrimSpace(rule))
	}
	var imported []string
	for _, match := range cssImport.FindAllStringSubmatch(css, -1) {
		imported = append(imported, path.Join(path.Dir(file), match[1]))
	}
	return imported
}

// outermost returns what precedes the braces of the rules that are not nested in others.
func outermost(css string) []string {
	var found []string
	depth, start := 0, 0
	for i, char := range css {
		switch char {
		case '{':
			if depth == 0 {
				found = append(found, strings.TrimSpace(css[start:i]))
			}
			depth++
		case '}':
			depth--
			start = i + 1
		}
	}
	return found
}
