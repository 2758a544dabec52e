package workshop

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/support/markdown"
	"nanomon/tests/support/servicetest"
)

var (
	// tool matches a command of kubectl or helm with at least two arguments: "kubectl apply" only mentions one.
	tool = regexp.MustCompile(`\b(kubectl|helm)( +\S+){2}`)
	// continued matches the end of a line that continues on the next one, assigned a line that sets a variable for it.
	continued = regexp.MustCompile(`\\\n *`)
	assigned  = regexp.MustCompile(`(?m)^(\w+=.*)\n`)
	// comment matches a comment behind a command.
	comment = regexp.MustCompile(` +# .*| *&$`)
)

// commands returns the commands of a document in their order: those between backticks that use kubectl or helm, and all
// commands of code blocks, or only of the blocks that use kubectl or helm.
func commands(text string, allBlocks bool) []string {
	var found []string
	for _, code := range markdown.ReadCode([]byte(text)) {
		if code.Span && tool.MatchString(code.Text) {
			found = append(found, code.Text)
		}
		if code.Shell && (allBlocks || tool.MatchString(code.Text)) {
			found = append(found, lines(code.Text)...)
		}
	}
	return found
}

// lines returns the commands of a code block without their comments.
func lines(block string) []string {
	var found []string
	block = assigned.ReplaceAllString(continued.ReplaceAllString(block, ""), "$1; ")
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, comment.ReplaceAllString(line, ""))
		}
	}
	return found
}

func read(t *testing.T, document string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), document))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEveryDocumentIsFollowed fails if a document has commands that no test of this package runs.
func TestEveryDocumentIsFollowed(t *testing.T) {
	var found []string
	for _, pattern := range []string{"*.md", "*/*.md", "deploy/*/*.md", "deploy/helm/nanomon/*.md"} {
		files, err := filepath.Glob(filepath.Join(servicetest.Root(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name, _ := filepath.Rel(servicetest.Root(), file)
			if len(commands(read(t, name), false)) > 0 {
				found = append(found, name)
			}
		}
	}
	want := []string{"docs/workshop.md"}
	for _, d := range documents {
		want = append(want, d.name)
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("documents with commands: %q\nthe tests follow: %q", found, want)
	}
}
