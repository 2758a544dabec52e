package simulate

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"nanomon/tests/deploy/kubernetes"
	"nanomon/tests/support/servicetest"
)

// pod simulates a pod of NanoMon: it runs the program of the container as a process on this machine.
type pod struct {
	core.Container
	labels      map[string]string
	environment map[string]string
	process     *servicetest.Service
	// address is the URL of its HTTP port, without a trailing slash. It is "" for the runner.
	address string
}

// ports maps each service to the variable that sets its port, and to the default.
var ports = map[string]struct{ variable, standard string }{
	"api": {"PORT", "8000"}, "frontend": {"PORT", "8001"}, "runner": {"PROMETHEUS_PORT", "8080"},
}

// newPod returns the pod of a service: the container with its name in a Deployment.
func newPod(t testing.TB, objects []kubernetes.Object, service string) *pod {
	t.Helper()
	for _, o := range objects {
		deployment, ok := o.(*apps.Deployment)
		if !ok {
			continue
		}
		for _, c := range deployment.Spec.Template.Spec.Containers {
			if c.Name == service {
				environment, err := kubernetes.Environment(objects, kubernetes.ID(o), service)
				if err != nil {
					t.Fatal(err)
				}
				p := &pod{Container: c, labels: deployment.Spec.Template.Labels, environment: environment}
				p.localise(t)
				return p
			}
		}
	}
	t.Fatalf("no Deployment has a container %s", service)
	return nil
}

// localise replaces ports and folders in the environment with free ports and temporary folders.
func (p *pod) localise(t testing.TB) {
	t.Helper()
	port := ports[p.Name]
	p.checkPort(t, port.variable, port.standard)
	p.environment[port.variable] = "0"
	root := t.TempDir()
	for _, variable := range []string{"SPOOL_DIR", "HEALTH_FILE"} {
		if path := p.environment[variable]; path != "" {
			p.environment[variable] = p.inVolume(t, variable, path, root)
		}
	}
}

// checkPort reports a port on which the service listens but which its container doesn't declare.
func (p *pod) checkPort(t testing.TB, variable, standard string) {
	t.Helper()
	port := standard
	if set := p.environment[variable]; set != "" {
		port = set
	}
	if !p.hasPort(port) {
		t.Errorf("the %s listens on port %s, which its container doesn't declare", p.Name, port)
	}
}

func (p *pod) hasPort(port string) bool {
	return slices.ContainsFunc(p.Ports, func(c core.ContainerPort) bool { return strconv.Itoa(int(c.ContainerPort)) == port })
}

// inVolume returns the path on this machine for a path in the container, which must be in a volume.
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
	t.Fatalf("%s of the %s is %s, which is in no volume", variable, p.Name, path)
	return ""
}

func (p *pod) start(t testing.TB) {
	t.Helper()
	p.process = servicetest.Start(t, p.Name, p.environment)
	if p.Name == "runner" {
		p.process.RunnerID(t)
		return
	}
	p.address = "http://localhost:" + p.process.Port(t)
}

// probe waits until each of the container's probes succeeds.
func (p *pod) probe(t testing.TB) {
	t.Helper()
	for _, probe := range []*core.Probe{p.StartupProbe, p.LivenessProbe, p.ReadinessProbe} {
		switch {
		case probe == nil:
		case probe.HTTPGet != nil:
			servicetest.Eventually(t, p.Name+" to answer at "+probe.HTTPGet.Path, func() bool {
				status, _ := servicetest.Call(t, http.MethodGet, p.address+probe.HTTPGet.Path, nil)
				return status == http.StatusOK
			})
		case probe.Exec != nil:
			p.execute(t, probe.Exec.Command)
		}
	}
}

// execute waits until a command in the container succeeds. The only program in a container is the service.
func (p *pod) execute(t testing.TB, command []string) {
	t.Helper()
	if command[0] != "/"+p.Name {
		t.Fatalf("the image of the %s has no program %s", p.Name, command[0])
	}
	servicetest.Eventually(t, strings.Join(command, " "), func() bool {
		c := exec.CommandContext(t.Context(), servicetest.Binary(t, p.Name), command[1:]...)
		for name, value := range p.environment {
			c.Env = append(c.Env, name+"="+value)
		}
		return c.Run() == nil
	})
}
