// Package azure tests deploy/azure/deploy.sh with a stand-in for the Azure CLI, and checks the names in the Bicep
// files.
package azure

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

// az replaces the Azure CLI. It logs its arguments and responds like the real one; only the resource group "old"
// exists.
const az = `#!/bin/sh
echo "$*" >>"$AZ_LOG"
case "$1 $2 $3" in
"account show --query") [ -z "$AZ_SIGNED_OUT" ] && echo Mine ;;
"group exists --name") [ "$4" = old ] && echo true || echo false ;;
"deployment group create") printf 'https://nanomon.example.org\n%s\n' "$AZ_REACHABLE" ;;
"deployment group what-if") [ -z "$AZ_BROKEN" ] ;;
esac
`

// run runs the script with input on stdin. It returns the output, the exit code, and the calls of the Azure CLI that
// change something or preview a change.
func run(t *testing.T, input string, environment []string, args ...string) (output string, code int, calls []string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "az"), []byte(az), 0o755); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(folder, "log")
	command := exec.Command(filepath.Join(servicetest.Root(), "deploy", "azure", "deploy.sh"), args...)
	command.Stdin = strings.NewReader(input)
	command.Env = append(append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "AZ_LOG="+log), environment...)
	combined, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	commands, err := os.ReadFile(log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(commands)) {
		if call := regexp.MustCompile(`^((deployment )?group (create|delete|what-if)) .*$`).FindStringSubmatch(strings.TrimSpace(line)); call != nil {
			calls = append(calls, call[1])
		}
	}
	return string(combined), command.ProcessState.ExitCode(), calls
}

func TestDeploy(t *testing.T) {
	const createGroup, whatIf, deploy, remove = "group create", "deployment group what-if", "deployment group create", "group delete"
	for _, c := range []struct {
		name        string
		input       string
		environment []string
		args        []string
		code        int
		output      string
		calls       []string
	}{
		{"first deployment", "y\ny\n", []string{"AZ_REACHABLE=false"}, nil, 0, "scripts/aad-app-reg.sh https://nanomon.example.org/", []string{createGroup, whatIf, deploy}},
		{"second deployment, reachable", "y\n", []string{"AZ_REACHABLE=True"}, []string{"--group", "old"}, 0, "The page is at https://nanomon.example.org\n", []string{whatIf, deploy}},
		{"without confirmation", "", []string{"AZ_REACHABLE=true"}, []string{"--yes"}, 0, "The page is at", []string{createGroup, whatIf, deploy}},
		{"group declined", "n\n", nil, nil, 1, "nothing was changed", nil},
		{"changes declined", "\n", nil, []string{"--group", "old"}, 1, "nothing was changed", []string{whatIf}},
		{"no answer", "", nil, []string{"--group", "old"}, 1, "nothing was changed", []string{whatIf}},
		{"invalid template", "y\n", []string{"AZ_BROKEN=1"}, []string{"--group", "old"}, 1, "", []string{whatIf}},
		{"signed out", "y\n", []string{"AZ_SIGNED_OUT=1"}, nil, 1, "run az login", nil},
		{"missing parameter file", "y\n", nil, []string{"--parameters", "/nowhere"}, 1, "parameter file /nowhere not found", nil},
		{"unknown option", "", nil, []string{"--force"}, 2, "usage:", nil},
		{"delete", "y\n", nil, []string{"--delete", "--group", "old"}, 0, "Deleted the resource group old", []string{remove}},
		{"delete declined", "n\n", nil, []string{"--delete", "--group", "old"}, 1, "nothing was changed", nil},
		{"delete missing group", "y\n", nil, []string{"--delete"}, 1, "resource group nanomon not found", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			output, code, calls := run(t, c.input, c.environment, c.args...)
			if code != c.code || !strings.Contains(output, c.output) {
				t.Errorf("code %d: %s", code, output)
			}
			if !slices.Equal(calls, c.calls) {
				t.Errorf("calls of the Azure CLI: %q, want %q", calls, c.calls)
			}
		})
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{servicetest.Root()}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTemplateNamesExist(t *testing.T) {
	template, parameters, sample := read(t, "deploy", "azure", "main.bicep"), read(t, "deploy", "azure", "nanomon.bicepparam"), read(t, ".env.sample")
	settings := regexp.MustCompile(`\b[A-Z]+(_[A-Z]+)+\b`).FindAllString(template+parameters, -1)
	if len(settings) < 8 {
		t.Errorf("found only %v", settings)
	}
	for _, name := range settings {
		if !strings.Contains(sample, "\n#"+name+"=") {
			t.Errorf("unknown setting %s", name)
		}
	}
	for _, parameter := range regexp.MustCompile(`(?m)^param \w+ `).FindAllString(parameters, -1) {
		if !strings.Contains(template, "\n"+parameter) {
			t.Errorf("main.bicep has no %s", parameter)
		}
	}
	for _, output := range regexp.MustCompile(`properties\.outputs\.(\w+)\.value`).FindAllStringSubmatch(read(t, "deploy", "azure", "deploy.sh"), -1) {
		if !strings.Contains(template, "\noutput "+output[1]+" ") {
			t.Errorf("main.bicep has no output %s", output[1])
		}
	}
}
