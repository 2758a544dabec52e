package simulate

import (
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"

	"nanomon/tests/kubernetes"
	"nanomon/tests/servicetest"
)

// pod is a container of NanoMon's as a process on this machine.
type pod struct {
	kubernetes.Container
	service     string
	environment map[string]string
	// address is that of its port for HTTP, without a slash at the end; "" for the runner.
	address string
}

// ports are the variables that say on which port a service listens, and their defaults.
var ports = map[string]struct{ variable, standard string }{
	"api": {"PORT", "8000"}, "frontend": {"PORT", "8001"}, "runner": {"PROMETHEUS_PORT", "8080"},
}

func newPod(t testing.TB, objects []kubernetes.Object, service string) *pod {
	t.Helper()
	container, err := kubernetes.Find(objects, service)
	if err != nil {
		t.Fatal(err)
	}
	p := &pod{Container: container, service: service, environment: maps.Clone(container.Environment)}
	port := ports[service]
	p.checkPort(t, port.variable, port.standard)
	p.environment[port.variable] = "0"
	root := t.TempDir()
	for _, variable := range []string{"SPOOL_DIR", "HEALTH_FILE"} {
		if path := p.environment[variable]; path != "" {
			p.environment[variable] = p.inVolume(t, variable, path, root)
		}
	}
	return p
}

// checkPort holds the port on which the service listens to those of its container.
func (p *pod) checkPort(t testing.TB, variable, standard string) {
	t.Helper()
	port := standard
	if set := p.environment[variable]; set != "" {
		port = set
	}
	if !slices.ContainsFunc(p.Ports, func(c core.ContainerPort) bool { return strconv.Itoa(int(c.ContainerPort)) == port }) {
		t.Errorf("the %s listens on port %s, which its container doesn't have", p.service, port)
	}
}

// inVolume is the path on this machine that stands for one in the container, which must be in a volume.
func (p *pod) inVolume(t testing.TB, variable, path, root string) string {
	t.Helper()
	for _, mount := range p.VolumeMounts {
		if path != mount.MountPath && !strings.HasPrefix(path, strings.TrimSuffix(mount.MountPath, "/")+"/") {
			continue
		}
		if err := os.MkdirAll(filepath.Join(root, mount.MountPath), 0o750); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(root, path)
	}
	t.Fatalf("%s of the %s is %s, which is in no volume", variable, p.service, path)
	return ""
}

func (p *pod) start(t testing.TB) {
	t.Helper()
	process := servicetest.Start(t, p.service, p.environment)
	if p.service == "runner" {
		process.RunnerID(t)
		return
	}
	p.address = "http://localhost:" + process.Port(t)
}

// probe waits until each of the container's probes succeeds.
func (p *pod) probe(t testing.TB) {
	t.Helper()
	for _, probe := range []*core.Probe{p.StartupProbe, p.LivenessProbe, p.ReadinessProbe} {
		switch {
		case probe == nil:
		case probe.HTTPGet != nil:
			servicetest.Eventually(t, p.service+" to answer at "+probe.HTTPGet.Path, func() bool {
				status, _ := servicetest.Call(t, http.MethodGet, p.address+probe.HTTPGet.Path, nil)
				return status == http.StatusOK
			})
		case probe.Exec != nil:
			p.execute(t, probe.Exec.Command)
		}
	}
}

// execute waits until a command in the container, which has no program but the service, succeeds.
func (p *pod) execute(t testing.TB, command []string) {
	t.Helper()
	if command[0] != "/"+p.service {
		t.Fatalf("the image of the %s has no program %s", p.service, command[0])
	}
	servicetest.Eventually(t, strings.Join(command, " "), func() bool {
		c := exec.CommandContext(t.Context(), servicetest.Binary(t, p.service), command[1:]...)
		for name, value := range p.environment {
			c.Env = append(c.Env, name+"="+value)
		}
		return c.Run() == nil
	})
}
