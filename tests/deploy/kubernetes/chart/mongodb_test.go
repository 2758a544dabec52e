package chart

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"nanomon/tests/deploy/kubernetes"
)

// setup runs mongodb-setup.js once for each start on a model of a MongoDB server, and returns the final state of the
// model or the error output. Each start is the passwords of root and nanomon, separated by a comma.
func setup(t *testing.T, starts ...string) (state map[string]any, errorOutput string) {
	t.Helper()
	script := filepath.Join(kubernetes.ChartFolder(), "files", "mongodb-setup.js")
	command := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join("testdata", "mongosh.mjs"), script}, starts...)...)
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, stderr.String()
	}
	if err := json.Unmarshal(output, &state); err != nil {
		t.Fatal(err)
	}
	return state, ""
}

func TestMongoDBSetup(t *testing.T) {
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
		state, errorOutput := setup(t, c.starts...)
		want := map[string]any{
			"initiated": 1.0, "set": "rs0", "members": []any{"localhost:27017"},
			"users": map[string]any{"root": root, "nanomon": user(c.password, "readWrite", "shop")},
		}
		if diff := cmp.Diff(want, state); diff != "" || errorOutput != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, errorOutput, diff)
		}
	}
	if _, errorOutput := setup(t, "r,one", "other,one"); !strings.Contains(errorOutput, "AuthenticationFailed") {
		t.Errorf("with another password of root: %q", errorOutput)
	}
}

// standIns replace programs of the MongoDB image: mongosh fails at the first call and then succeeds, and the server
// runs until the setup is complete.
var standIns = map[string]string{
	"mongosh":              "#!/bin/sh\n[ -e $ROOT/tried ] || { touch $ROOT/tried; echo not yet >&2; exit 1; }\n",
	"docker-entrypoint.sh": "#!/bin/sh\necho \"$*\"; cat $ROOT/tmp/keyFile; until [ -e $ROOT/tmp/set-up ]; do :; done\n",
}

func TestMongoDBStarts(t *testing.T) {
	t.Run("with IPv6", func(t *testing.T) { startMongoDB(t, "00000000000000000000000000000001 01 80 10 80 lo\n", "--ipv6 ") })
	t.Run("with IPv4 alone", func(t *testing.T) { startMongoDB(t, "", "") })
}

// startMongoDB runs the command of the container with its folders below a temporary root.
func startMongoDB(t *testing.T, addresses, option string) {
	installed := install(t, "")
	container := object[*apps.StatefulSet](t, installed, "StatefulSet/shop-nanomon-mongodb").Spec.Template.Spec.Containers[0]
	root := t.TempDir()
	relocate := strings.NewReplacer("/tmp/", root+"/tmp/", "/key/", root+"/key/", "/setup/", root+"/setup/", "/proc/", root+"/proc/")
	files := map[string]string{"tmp/set-up": "left by the previous start", "key/keyFile": "swordfish\n", "proc/net/if_inet6": addresses}
	for name, content := range object[*core.ConfigMap](t, installed, "ConfigMap/shop-nanomon-mongodb").Data {
		files["setup/"+name] = relocate.Replace(content)
	}
	for name, content := range standIns {
		files["bin/"+name] = content
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), container.Command[0], relocate.Replace(container.Command[1]))
	command.Env = []string{"PATH=" + root + "/bin:" + os.Getenv("PATH"), "ROOT=" + root}
	output, err := command.CombinedOutput()
	for _, want := range []string{"mongod --replSet rs0 --bind_ip_all " + option + "--keyFile " + root + "/tmp/keyFile\n", "swordfish\n", "not yet\n"} {
		if err != nil || !strings.Contains(string(output), want) {
			t.Errorf("%v: want %q in\n%s", err, want, output)
		}
	}
	if info, err := os.Stat(filepath.Join(root, "tmp", "keyFile")); err != nil || info.Mode() != 0o400 {
		t.Errorf("the key file: %v, %v", info, err)
	}
	if probe := container.StartupProbe.Exec.Command; !slices.Equal(probe, []string{"test", "-e", "/tmp/set-up"}) {
		t.Errorf("the startup probe is %v", probe)
	}
}
