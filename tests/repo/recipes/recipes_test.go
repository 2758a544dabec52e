// Package recipes tests the recipes of the justfile that the original NanoMon has too.
package recipes

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/tests/support/servicetest"
)

// commands returns the commands that a recipe would run.
func commands(t *testing.T, arguments ...string) string {
	t.Helper()
	just := exec.Command(filepath.Join(servicetest.Root(), "scripts", "just"), append([]string{"--dry-run"}, arguments...)...)
	output, err := just.CombinedOutput()
	if err != nil {
		t.Fatalf("just %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return string(output)
}

func TestRecipesOfTheOriginal(t *testing.T) {
	for _, c := range []struct {
		recipe []string
		want   string
		found  bool
	}{
		{[]string{"image-standalone"}, "docker build --file build/Dockerfile.standalone", true},
		{[]string{"lint", "fix=true"}, "format && npm --prefix frontend run --silent lint -- --fix", true},
		{[]string{"lint", "true"}, "lint -- --fix", true},
		{[]string{"lint", "fix=false"}, "--fix", false},
		{[]string{"lint"}, "--fix", false},
		{[]string{"lint", "fix=true"}, "go vet ./...", true},
		{[]string{"test-api", "report=true"}, "test-api.mjs api-test-results.xml", true},
		{[]string{"test-api", "report=false"}, "api-test-results.xml", false},
		{[]string{"test-api"}, "api-test-results.xml", false},
	} {
		if got := commands(t, c.recipe...); strings.Contains(got, c.want) != c.found {
			t.Errorf("%v: found %q is not %v in\n%s", c.recipe, c.want, c.found, got)
		}
	}
}

// push runs `just push` with settings and a stand-in for docker. It returns the output, which contains the commands for
// docker.
func push(t *testing.T, settings ...string) (output string, err error) {
	t.Helper()
	folder := t.TempDir()
	script := "#!/bin/sh\necho docker \"$@\"\ncase $2 in refused*) exit 1; esac\n"
	if err := os.WriteFile(filepath.Join(folder, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	just := exec.Command(filepath.Join(servicetest.Root(), "scripts", "just"), "push")
	just.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "VERSION=v1.2.3", "IMAGE_REG=", "IMAGE_NAME=", "IMAGE_TAG=")
	just.Env = append(just.Env, settings...)
	text, err := just.CombinedOutput()
	return string(text), err
}

func TestPush(t *testing.T) {
	var want strings.Builder
	for _, service := range []string{"api", "runner", "frontend", "standalone"} {
		image := "registry.example.org/shop/watch/" + service + ":latest"
		want.WriteString("docker tag nanomon/" + service + ":1.2.3 " + image + "\ndocker push " + image + "\n")
	}
	output, err := push(t, "IMAGE_REG=registry.example.org", "IMAGE_NAME=shop/watch", "IMAGE_TAG=latest")
	if diff := cmp.Diff(want.String(), output); diff != "" || err != nil {
		t.Errorf("%v, - want, + got:\n%s", err, diff)
	}
	if output, err := push(t, "IMAGE_REG=registry.example.org"); err != nil || !strings.Contains(output, "docker push registry.example.org/nanomon/api:1.2.3\n") {
		t.Errorf("without a name and a tag: %v\n%s", err, output)
	}
	for settings, message := range map[string]string{
		"IMAGE_REG=":        "IMAGE_REG is not set: set it to your registry, for example registry.example.org\n",
		"IMAGE_REG=refused": "docker push refused/nanomon/api:1.2.3 failed\n",
	} {
		if output, err := push(t, settings); err == nil || !strings.Contains(output, message) {
			t.Errorf("%s: %v\n%s", settings, err, output)
		}
	}
}

// TestDatabaseOfRunAll checks for which MONGO_URI `just run-all` starts a database, and on which port.
func TestDatabaseOfRunAll(t *testing.T) {
	want := map[string]any{
		"mongodb://localhost:27017":                    27017.0,
		"mongodb://localhost":                          27017.0,
		"mongodb://LOCALHOST:27018/?replicaSet=rs0":    27018.0,
		"mongodb://user:p%40ss@127.0.0.1:1/nanomon":    1.0,
		"mongodb://[::1]:27017/":                       27017.0,
		"mongodb://db.example.org":                     nil,
		"mongodb://localhost.example.org":              nil,
		"mongodb://localhost:1,db.example.org":         nil,
		"mongodb://db.example.org/?x=@localhost:27017": nil,
		"mongodb+srv://localhost":                      nil,
	}
	const script = `import { localPort } from './scripts/local-mongo.mjs';
		console.log(JSON.stringify(Object.fromEntries(process.argv.slice(1).map((uri) => [uri, localPort(uri)]))));`
	node := exec.Command("node", append([]string{"--input-type=module", "--eval", script}, slices.Collect(maps.Keys(want))...)...)
	node.Dir = servicetest.Root()
	output, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var got map[string]any
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ports, - want, + got:\n%s", diff)
	}
}
