package docs

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// recipe is one of the justfile, with its parameters after it, and its comment and perhaps attributes before it.
var recipe = regexp.MustCompile(`(?m)^# (.+)\n(?:\[.+\]\n)?([a-z][a-z-]*)(?: [^:\n]*)?:(?:[^=]|$)`)

// recipes are the comments of the justfile's recipes, by name.
func recipes(t *testing.T) map[string]string {
	t.Helper()
	comments := make(map[string]string)
	for _, found := range recipe.FindAllStringSubmatch(read(t, "justfile"), -1) {
		comments[found[2]] = found[1]
	}
	return comments
}

// recipeTable is the named recipes with what they do.
func recipeTable(t *testing.T, names []string) string {
	t.Helper()
	comments := recipes(t)
	made := "| recipe | |\n|---|---|\n"
	for _, name := range names {
		if comments[name] == "" {
			t.Errorf("the justfile has no recipe %s with a comment", name)
			continue
		}
		comment := strings.TrimPrefix(comments[name], "Develop: ")
		made += fmt.Sprintf("| `%s` | %s |\n", name, cell(strings.ToUpper(comment[:1])+comment[1:]))
	}
	return made
}
