package docs

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const chartValues = "deploy/helm/nanomon/values.yaml"

var (
	valuesHeading = regexp.MustCompile(`^ *# --- (.+) ---$`)
	valuesKey     = regexp.MustCompile(`^( *)(\w+):(?: (.+))?$`)
)

// chartTables returns one table per heading of the chart's values file: value, default, and comment.
func chartTables(t *testing.T, _ []string) string {
	t.Helper()
	var tables strings.Builder
	var path, comment []string
	for line := range strings.Lines(read(t, chartValues)) {
		line = strings.TrimRight(line, "\n")
		if heading := valuesHeading.FindStringSubmatch(line); heading != nil {
			fmt.Fprintf(&tables, "\n### %s\n\n| value | default | meaning |\n|---|---|---|\n", heading[1])
			continue
		}
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok {
			comment = append(comment, text)
			continue
		}
		if key := valuesKey.FindStringSubmatch(line); key != nil {
			path = append(path[:len(key[1])/2], key[2])
			if key[3] != "" {
				name := strings.Join(path, ".")
				if len(comment) == 0 {
					t.Errorf("%s: %s has no comment", chartValues, name)
				}
				fmt.Fprintf(&tables, "| `%s` | %s | %s |\n", name, code(strings.Trim(key[3], `"`)), cell(strings.Join(comment, " ")))
			}
		} else if line != "" {
			t.Errorf("%s: line is neither a value nor a comment: %s", chartValues, line)
		}
		comment = nil
	}
	return strings.TrimPrefix(tables.String(), "\n")
}
