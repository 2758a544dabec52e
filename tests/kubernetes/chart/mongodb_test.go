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

// standIns are, in this world, the programs of MongoDB's image: mongosh succeeds the second time, and the server runs until the
// replica set and its users are made.
var standIns = map[string]string{
	"mongosh":              "#!/bin/sh\n[ -e $WORLD/tried ] || { touch $WORLD/tried; echo not yet >&2; exit 1; }\n",
	"docker-entrypoint.sh": "#!/bin/sh\necho \"$*\"; cat $WORLD/tmp/keyFile; until [ -e $WORLD/tmp/set-up ]; do :; done\n",
}

func TestMongoDBStarts(t *testing.T) {
	t.Run("with IPv6", func(t *testing.T) { startMongoDB(t, "00000000000000000000000000000001 01 80 10 80 lo\n", "--ipv6 ") })
	t.Run("with IPv4 alone", func(t *testing.T) { startMongoDB(t, "", "") })
}

// startMongoDB runs the command of the container, with its folders below one of the test.
func startMongoDB(t *testing.T, addresses, option string) {
	made := install(t, "")
	container := object[*apps.StatefulSet](t, made, "StatefulSet/shop-nanomon-mongodb").Spec.Template.Spec.Containers[0]
	world := t.TempDir()
	relocate := strings.NewReplacer("/tmp/", world+"/tmp/", "/key/", world+"/key/", "/setup/", world+"/setup/", "/proc/", world+"/proc/")
	files := map[string]string{"tmp/set-up": "of the start before", "key/keyFile": "swordfish\n", "proc/net/if_inet6": addresses}
	for name, content := range object[*core.ConfigMap](t, made, "ConfigMap/shop-nanomon-mongodb").Data {
		files["setup/"+name] = relocate.Replace(content)
	}
	for name, content := range standIns {
		files["bin/"+name] = content
	}
	for name, content := range files {
		path := filepath.Join(world, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), container.Command[0], relocate.Replace(container.Command[1]))
	command.Env = []string{"PATH=" + world + "/bin:" + os.Getenv("PATH"), "WORLD=" + world}
	output, err := command.CombinedOutput()
	for _, want := range []string{"mongod --replSet rs0 --bind_ip_all " + option + "--keyFile " + world + "/tmp/keyFile\n", "swordfish\n", "not yet\n"} {
		if err != nil || !strings.Contains(string(output), want) {
			t.Errorf("%v: want %q in\n%s", err, want, output)
		}
	}
	if info, err := os.Stat(filepath.Join(world, "tmp", "keyFile")); err != nil || info.Mode() != 0o400 {
		t.Errorf("the key file: %v, %v", info, err)
	}
	if probe := container.StartupProbe.Exec.Command; !slices.Equal(probe, []string{"test", "-e", "/tmp/set-up"}) {
		t.Errorf("the startup probe is %v", probe)
	}
}
