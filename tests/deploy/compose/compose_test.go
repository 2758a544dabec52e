// Package compose checks build/compose.yaml with the parser of Docker Compose, without a container engine.
package compose

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const root = "../../.."

// load reads the file with the variables of build/.env.
func load(t *testing.T, variables ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "build", "compose.yaml")}, cli.WithEnv(variables))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
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
			if after = append(after, on); dependency.Condition != types.ServiceConditionHealthy {
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
	project := load(t)
	for name, ports := range map[string]string{"api": "8000", "runner": "", "frontend": "8001"} {
		s := project.Services[name]
		if s.PullPolicy != types.PullPolicyBuild || s.Image != "nanomon/"+name || s.Build == nil {
			t.Fatalf("%s is not built: %+v", name, s)
		}
		text, err := os.ReadFile(filepath.Join(s.Build.Context, s.Build.Dockerfile))
		if err != nil {
			t.Fatal(err)
		}
		var published []string
		for _, port := range s.Ports {
			published = append(published, port.Published)
			if !strings.Contains(string(text), "\nEXPOSE "+port.Published+"\n") {
				t.Errorf("the image of %s doesn't expose port %s", name, port.Published)
			}
		}
		if strings.Join(published, " ") != ports {
			t.Errorf("%s publishes %q", name, published)
		}
	}
	if len(project.Services["mongo"].Ports) > 0 {
		t.Error("the database publishes ports")
	}
}

func TestSettingsExist(t *testing.T) {
	sample, err := os.ReadFile(filepath.Join(root, ".env.sample"))
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

func TestAddressesCanBeSet(t *testing.T) {
	for _, c := range []struct{ service, name, want string }{
		{"frontend", "API_ENDPOINT", "http://localhost:8000/api"},
		{"runner", "ALERT_LINK_BASEURL", "http://localhost:8001"},
	} {
		if value := load(t).Services[c.service].Environment[c.name]; value == nil || *value != c.want {
			t.Errorf("%s is %v", c.name, value)
		}
		other := "https://nanomon.example.org"
		if value := load(t, c.name+"="+other).Services[c.service].Environment[c.name]; value == nil || *value != other {
			t.Errorf("%s is %v, but another value is set", c.name, value)
		}
	}
}

func TestAllowedHosts(t *testing.T) {
	for _, c := range []struct {
		set  []string
		want string
	}{
		{nil, ""},
		{[]string{"API_ENDPOINT=http://nas.lan:8000/api"}, "*"},
		{[]string{"ALLOWED_HOSTS=nas.lan"}, "nas.lan"},
		{[]string{"ALLOWED_HOSTS=nas.lan", "API_ENDPOINT=http://nas.lan:8000/api"}, "nas.lan"},
	} {
		if value := load(t, c.set...).Services["api"].Environment["ALLOWED_HOSTS"]; value == nil || *value != c.want {
			t.Errorf("%v: ALLOWED_HOSTS is %v, want %q", c.set, value, c.want)
		}
	}
}
