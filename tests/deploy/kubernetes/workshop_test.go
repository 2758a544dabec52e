package kubernetes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

var (
	// command matches a command in a code block or between backticks.
	command = regexp.MustCompile("(?m)^kubectl .*$|`kubectl [^`]*`")
	// named matches an object in a command, such as deployment/api or "pod mongodb-0".
	named = regexp.MustCompile(`\b(deployment|statefulset|service|pod|configmap|secret|ingress|horizontalpodautoscaler)[ /]([a-z][a-z0-9-]*)`)
	// component matches a label in a command.
	component = regexp.MustCompile(`component=([a-z]+)`)
	// numbered matches the name of a StatefulSet's pod.
	numbered = regexp.MustCompile(`^(.*)-[0-9]+$`)
)

// TestWorkshopObjectsExist checks that the commands of the workshop name existing objects. It skips commands that
// create what they name, and commands on other namespaces.
func TestWorkshopObjectsExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), "docs", "workshop.md"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Manifests("basic", "ingress", "steps")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, o := range objects {
		known[strings.ToLower(ID(o))] = true
		known["component="+o.GetLabels()["app.kubernetes.io/component"]] = true
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
			if !known[id] {
				t.Errorf("%s doesn't exist, but is used in: %s", id, line)
			}
		}
		for _, found := range component.FindAllString(line, -1) {
			if !known[found] {
				t.Errorf("no object has the label %s, which is used in: %s", found, line)
			}
		}
	}
	if seen < 20 {
		t.Errorf("found only %d names of objects in the workshop: do the patterns still match?", seen)
	}
}
