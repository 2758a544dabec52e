package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

// recipe matches a recipe of the justfile with its comment, optional attributes and parameters.
var recipe = regexp.MustCompile(`(?m)^# (.+)\n(?:\[.+\]\n)?([a-z][a-z-]*)(?: [^:\n]*)?:(?:[^=]|$)`)

// recipes returns the comments of the justfile's recipes by name.
func recipes(t *testing.T) map[string]string {
	t.Helper()
	comments := make(map[string]string)
	for _, found := range recipe.FindAllStringSubmatch(read(t, "justfile"), -1) {
		comments[found[2]] = found[1]
	}
	return comments
}

// recipeTable returns a table of the named recipes with their comments.
func recipeTable(t *testing.T, names []string) string {
	t.Helper()
	comments := recipes(t)
	table := "| recipe | what it does |\n|---|---|\n"
	for _, name := range names {
		if comments[name] == "" {
			t.Errorf("the justfile has no recipe %s with a comment", name)
			continue
		}
		comment := strings.TrimPrefix(comments[name], "Develop: ")
		table += fmt.Sprintf("| `%s` | %s |\n", name, cell(strings.ToUpper(comment[:1])+comment[1:]))
	}
	return table
}

var (
	scriptedCall = regexp.MustCompile(`scripts/just ([a-z-]+)`)
	// namedPath matches a file or folder of the repository in a workflow or script.
	namedPath = regexp.MustCompile(`(?m)(?:^|[\s"=])(?:\./)?((?:\.ci|\.github|build|deploy|frontend|scripts|tests)/[\w./-]+\w|go\.mod)(?:["\s]|$)`)
)

func TestWorkflowsAndScriptsReferToExistingFiles(t *testing.T) {
	known := recipes(t)
	for _, pattern := range []string{".ci/run", ".github/workflows/*.yaml", "scripts/*"} {
		paths, err := filepath.Glob(filepath.Join(servicetest.Root(), pattern))
		if err != nil || paths == nil {
			t.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range scriptedCall.FindAllStringSubmatch(string(text), -1) {
				if known[call[1]] == "" {
					t.Errorf("%s: there is no recipe %s", path, call[1])
				}
			}
			for _, named := range namedPath.FindAllStringSubmatch(string(text), -1) {
				if _, err := os.Stat(filepath.Join(servicetest.Root(), named[1])); err != nil {
					t.Errorf("%s: there is no %s", path, named[1])
				}
			}
		}
	}
}

func TestDevcontainerRefersToExistingFiles(t *testing.T) {
	const folder = "build/devcontainer/"
	var container struct {
		Build             struct{ Dockerfile string }
		PostCreateCommand string
	}
	if err := json.Unmarshal([]byte(read(t, folder+"devcontainer.json")), &container); err != nil {
		t.Fatal(err)
	}
	read(t, folder+container.Build.Dockerfile)
	call := scriptedCall.FindStringSubmatch(container.PostCreateCommand)
	if call == nil || recipes(t)[call[1]] == "" {
		t.Errorf("postCreateCommand is %s", container.PostCreateCommand)
	}
}
