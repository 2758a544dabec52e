package chart

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	core "k8s.io/api/core/v1"

	"nanomon/tests/deploy/kubernetes/simulate"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestServicesWorkAsInstalled creates a monitor on the page behind the ingress, and expects it on the page and in the
// scraped metrics.
func TestServicesWorkAsInstalled(t *testing.T) {
	installed := install(t, `{ingress: {enabled: true}, metrics: {serviceMonitor: {enabled: true}}}`)
	nanomon := simulate.Start(t, installed.objects, mongotest.Start(t))
	ports := map[string]string{"api": nanomon.Services["api"].Port(t), "frontend": nanomon.Services["frontend"].Port(t)}
	if nanomon.API != nanomon.Page+"/api" {
		t.Errorf("the page uses the API at %s, but is itself at %s", nanomon.API, nanomon.Page)
	}
	nanomon.Use(t)
	runner := strings.TrimSuffix(nanomon.Services["runner"].MetricsURL(t), "/metrics")
	if servicetest.Scrape(t, runner+scrapedPath(t, installed, "runner"))["nanomon_monitor_status"] == nil {
		t.Error("the runner's metrics contain no monitor")
	}
	servicetest.Scrape(t, "http://localhost:"+ports["api"]+scrapedPath(t, installed, "api"))
	helmTest(t, installed, ports)
	for name, service := range nanomon.Services {
		if code := service.Stop(t); code != 0 {
			t.Errorf("the %s exited with code %d", name, code)
		}
	}
}

func scrapedPath(t *testing.T, installed installation, service string) string {
	t.Helper()
	return object[*monitoring.ServiceMonitor](t, installed, "ServiceMonitor/shop-nanomon-"+service).Spec.Endpoints[0].Path
}

// helmTest runs the command of "helm test". It must succeed with the right services and fail with the wrong ones.
func helmTest(t *testing.T, installed installation, ports map[string]string) {
	t.Helper()
	container := object[*core.Pod](t, installed, "Pod/shop-nanomon-test").Spec.Containers[0]
	check := func(api, page string) (string, error) {
		command := exec.CommandContext(t.Context(), container.Command[0], append(container.Command[1:], container.Args...)...)
		command.Env = []string{"PATH=" + os.Getenv("PATH"), "API=localhost/" + api, "PAGE=localhost/" + page}
		output, err := command.CombinedOutput()
		return string(output), err
	}
	named := make(map[string]string)
	for _, variable := range container.Env {
		name, port, _ := strings.Cut(variable.Value, "/")
		service := object[*core.Service](t, installed, "Service/"+name)
		if strconv.Itoa(int(service.Spec.Ports[0].Port)) != port {
			t.Errorf("%s=%s: the service has no such port", variable.Name, variable.Value)
		}
		named[variable.Name] = ports[service.Labels["app.kubernetes.io/component"]]
	}
	api, page := named["API"], named["PAGE"]
	if output, err := check(api, page); err != nil {
		t.Errorf("helm test: %v\n%s", err, output)
	}
	for _, other := range []struct{ api, page string }{{"1", page}, {api, "1"}, {page, page}, {api, api}} {
		if output, err := check(other.api, other.page); err == nil {
			t.Errorf("helm test succeeds with %+v:\n%s", other, output)
		}
	}
}
