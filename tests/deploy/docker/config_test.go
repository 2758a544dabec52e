package docker

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

// project is build/compose.yaml as Docker Compose understands it.
type project struct {
	Services map[string]struct {
		Image       string
		PullPolicy  string `json:"pull_policy"`
		Build       *struct{ Context, Dockerfile string }
		Ports       []struct{ Published string }
		Environment map[string]*string
		Restart     string
		ReadOnly    bool                                  `json:"read_only"`
		Privileged  bool                                  `json:"privileged"`
		CapDrop     []string                              `json:"cap_drop"`
		CapAdd      []string                              `json:"cap_add"`
		SecurityOpt []string                              `json:"security_opt"`
		HealthCheck any                                   `json:"healthcheck"`
		DependsOn   map[string]struct{ Condition string } `json:"depends_on"`
	}
}

// load reads the file with additional variables. Docker Compose also reads build/.env.
func load(t *testing.T, variables ...string) project {
	t.Helper()
	command := exec.Command("docker", "compose", "-f", "build/compose.yaml", "config", "--format", "json")
	command.Dir = servicetest.Root()
	command.Env = append(os.Environ(), variables...)
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var p project
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryServiceIsRestricted(t *testing.T) {
	for name, s := range load(t).Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.Privileged ||
			!slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) || s.Restart != "unless-stopped" {
			t.Errorf("%s is not restricted: %+v", name, s)
		}
	}
}

func TestServicesStartInOrder(t *testing.T) {
	services := load(t).Services
	for name, want := range map[string]string{"mongo": "", "api": "mongo", "runner": "mongo", "frontend": "api"} {
		var after []string
		for on, dependency := range services[name].DependsOn {
			if after = append(after, on); dependency.Condition != "service_healthy" {
				t.Errorf("%s: condition for %s is %s", name, on, dependency.Condition)
			}
		}
		if strings.Join(after, " ") != want {
			t.Errorf("%s depends on %q", name, after)
		}
	}
	if len(services) != 4 || services["mongo"].HealthCheck == nil {
		t.Errorf("the services are %v", services)
	}
}

// TestImagesAreBuilt checks that images are built and never pulled, because an image of the same name in a registry
// could be foreign.
func TestImagesAreBuilt(t *testing.T) {
	services := load(t).Services
	for name, ports := range map[string]string{"api": "8000", "runner": "", "frontend": "8001"} {
		s := services[name]
		if s.PullPolicy != "build" || s.Image != "nanomon/"+name || s.Build == nil || s.Build.Dockerfile != "build/Dockerfile."+name {
			t.Fatalf("%s is not built: %+v", name, s)
		}
		var published []string
		for _, port := range s.Ports {
			published = append(published, port.Published)
		}
		if strings.Join(published, " ") != ports {
			t.Errorf("%s publishes %q", name, published)
		}
	}
	if len(services["mongo"].Ports) > 0 {
		t.Error("the database publishes ports")
	}
}

func TestSettingsExist(t *testing.T) {
	sample, err := os.ReadFile(filepath.Join(servicetest.Root(), ".env.sample"))
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, line := range regexp.MustCompile(`(?m)^#([A-Z_]+)=`).FindAllStringSubmatch(string(sample), -1) {
		known = append(known, line[1])
	}
	services := load(t).Services
	delete(services, "mongo")
	for name, s := range services {
		for setting := range s.Environment {
			if !slices.Contains(known, setting) {
				t.Errorf("%s: unknown setting %s", name, setting)
			}
		}
	}
}

func TestSettingsFromVariables(t *testing.T) {
	const other = "https://nanomon.example.org"
	for _, c := range []struct {
		service, setting string
		variables        []string
		want             string
	}{
		{"frontend", "API_ENDPOINT", nil, "http://localhost:8000/api"},
		{"frontend", "API_ENDPOINT", []string{"API_ENDPOINT=" + other}, other},
		{"runner", "ALERT_LINK_BASEURL", nil, "http://localhost:8001"},
		{"runner", "ALERT_LINK_BASEURL", []string{"ALERT_LINK_BASEURL=" + other}, other},
		{"api", "ALLOWED_HOSTS", nil, ""},
		{"api", "ALLOWED_HOSTS", []string{"API_ENDPOINT=http://nas.lan:8000/api"}, "*"},
		{"api", "ALLOWED_HOSTS", []string{"ALLOWED_HOSTS=nas.lan"}, "nas.lan"},
		{"api", "ALLOWED_HOSTS", []string{"ALLOWED_HOSTS=nas.lan", "API_ENDPOINT=http://nas.lan:8000/api"}, "nas.lan"},
	} {
		if value := load(t, c.variables...).Services[c.service].Environment[c.setting]; value == nil || *value != c.want {
			t.Errorf("%v: %s of %s is %v, want %q", c.variables, c.setting, c.service, value, c.want)
		}
	}
}
