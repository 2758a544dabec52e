package workshop

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

var (
	// code matches a block of shell commands, or a text between backticks.
	code = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```|`([^`\n]+)`")
	// block matches the start and the end of other code blocks, whose backticks would confuse the pattern above.
	block = regexp.MustCompile("(?ms)^ *```[a-rt-z].*?^ *```")
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
	for _, match := range code.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		if tool.MatchString(match[2]) {
			found = append(found, match[2])
		}
		if allBlocks || tool.MatchString(match[1]) {
			found = append(found, lines(match[1])...)
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
