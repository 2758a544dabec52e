package chart

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	core "k8s.io/api/core/v1"
)

// setup runs the script that makes the replica set and its users, once for each start of the server, on a model of one: there is
// no real server here.
func setup(t *testing.T, starts ...string) (held map[string]any, complaint string) {
	t.Helper()
	script := filepath.Join(folder(), "files", "mongodb-setup.js")
	command := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join("testdata", "mongosh.mjs"), script}, starts...)...)
	var faults strings.Builder
	command.Stderr = &faults
	output, err := command.Output()
	if err != nil {
		return nil, faults.String()
	}
	if err := json.Unmarshal(output, &held); err != nil {
		t.Fatal(err)
	}
	return held, ""
}

func TestMongoDBIsSetUp(t *testing.T) {
	user := func(password, role, database string) map[string]any {
		return map[string]any{"pwd": password, "roles": []any{map[string]any{"role": role, "db": database}}}
	}
	root := map[string]any{"pwd": "r", "roles": []any{"root"}}
	for name, c := range map[string]struct {
		starts   []string
		password string
	}{
		"new":                   {[]string{"r,one"}, "one"},
		"started again":         {[]string{"r,one", "r,one"}, "one"},
		"with another password": {[]string{"r,one", "r,two"}, "two"},
	} {
		held, complaint := setup(t, c.starts...)
		want := map[string]any{
			"initiated": 1.0, "set": "rs0", "members": []any{"localhost:27017"},
			"users": map[string]any{"root": root, "nanomon": user(c.password, "readWrite", "shop")},
		}
		if diff := cmp.Diff(want, held); diff != "" || complaint != "" {
			t.Errorf("%s: %s - wanted, + made:\n%s", name, complaint, diff)
		}
	}
	if _, complaint := setup(t, "r,one", "other,one"); !strings.Contains(complaint, "AuthenticationFailed") {
		t.Errorf("another password of root: %q", complaint)
	}
}

func TestMongoDBsScriptsAreShell(t *testing.T) {
	content := object[*core.ConfigMap](t, install(t, ""), "ConfigMap/shop-nanomon-mongodb").Data
	for _, name := range []string{"mongodb-start.sh", "mongodb-setup.sh"} {
		command := exec.CommandContext(t.Context(), "bash", "-n")
		command.Stdin = strings.NewReader(content[name])
		if output, err := command.CombinedOutput(); err != nil || content[name] == "" {
			t.Errorf("%s: %v\n%s", name, err, output)
		}
	}
}
