package kubernetes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// command is one in a block, or between backticks.
	command = regexp.MustCompile("(?m)^kubectl .*$|`kubectl [^`]*`")
	// named is an object in a command, such as deployment/api or "pod mongodb-0".
	named = regexp.MustCompile(`\b(deployment|statefulset|service|pod|configmap|secret|ingress|horizontalpodautoscaler)[ /]([a-z][a-z0-9-]*)`)
	// component is a label in a command.
	component = regexp.MustCompile(`component=([a-z]+)`)
	numbered  = regexp.MustCompile(`^(.*)-[0-9]+$`)
)

// TestTheWorkshopNamesWhatIsThere: its commands on the workshop's own namespace, but for those that make what they name.
func TestTheWorkshopNamesWhatIsThere(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(), "docs", "workshop.md"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Manifests("basic", "ingress", "steps")
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[string]bool)
	for _, o := range objects {
		there[strings.ToLower(ID(o))] = true
		there["component="+o.GetLabels()["app.kubernetes.io/component"]] = true
	}
	seen := 0
	for _, line := range command.FindAllString(string(text), -1) {
		if strings.Contains(line, "--namespace") || strings.Contains(line, "create configmap") {
			continue
		}
		for _, found := range named.FindAllStringSubmatch(line, -1) {
			seen++
			id := found[1] + "/" + found[2]
			if pod := numbered.FindStringSubmatch(found[2]); found[1] == "pod" && pod != nil {
				id = "statefulset/" + pod[1]
			}
			if !there[id] {
				t.Errorf("there is no %s for: %s", id, line)
			}
		}
		for _, found := range component.FindAllString(line, -1) {
			if !there[found] {
				t.Errorf("nothing has the label %s for: %s", found, line)
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d names of objects in the workshop: aren't they recognised any more?", seen)
	}
}
