package chart

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"nanomon/tests/kubernetes/simulate"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// TestServicesWorkAsInstalled makes a monitor on the page behind the ingress, and sees it there and in what Prometheus scrapes.
func TestServicesWorkAsInstalled(t *testing.T) {
	made := install(t, `{ingress: {enabled: true}, metrics: {serviceMonitor: {enabled: true}}}`)
	nanomon := simulate.Start(t, made.objects, mongotest.Start(t))
	ports := map[string]string{"api": nanomon.Services["api"].Port(t), "frontend": nanomon.Services["frontend"].Port(t)}
	if nanomon.API != nanomon.Page+"/api" {
		t.Errorf("the page finds the API at %s, and is itself at %s", nanomon.API, nanomon.Page)
	}
	nanomon.Use(t)
	runner := strings.TrimSuffix(nanomon.Services["runner"].MetricsURL(t), "/metrics")
	if servicetest.Scrape(t, runner+scrapedPath(t, made, "runner"))["nanomon_monitor_status"] == nil {
		t.Error("the runner's metrics have no monitor")
	}
	servicetest.Scrape(t, "http://localhost:"+ports["api"]+scrapedPath(t, made, "api"))
	helmTest(t, made, ports)
	for name, service := range nanomon.Services {
		if code := service.Stop(t); code != 0 {
			t.Errorf("the %s ended with the code %d", name, code)
		}
	}
}

func scrapedPath(t *testing.T, made installation, service string) string {
	t.Helper()
	return object[*monitoring.ServiceMonitor](t, made, "ServiceMonitor/shop-nanomon-"+service).Spec.Endpoints[0].Path
}

// helmTest runs what "helm test" does: it must succeed with the services that it names, and fail with others.
func helmTest(t *testing.T, made installation, ports map[string]string) {
	t.Helper()
	container := object[*core.Pod](t, made, "Pod/shop-nanomon-test").Spec.Containers[0]
	ask := func(api, page string) (string, error) {
		command := exec.CommandContext(t.Context(), container.Command[0], append(container.Command[1:], container.Args...)...)
		command.Env = []string{"PATH=" + os.Getenv("PATH"), "API=localhost/" + api, "PAGE=localhost/" + page}
		output, err := command.CombinedOutput()
		return string(output), err
	}
	named := make(map[string]string)
	for _, variable := range container.Env {
		name, port, _ := strings.Cut(variable.Value, "/")
		service := object[*core.Service](t, made, "Service/"+name)
		if strconv.Itoa(int(service.Spec.Ports[0].Port)) != port {
			t.Errorf("%s=%s is no port of it", variable.Name, variable.Value)
		}
		named[variable.Name] = ports[service.Labels["app.kubernetes.io/component"]]
	}
	api, page := named["API"], named["PAGE"]
	if output, err := ask(api, page); err != nil {
		t.Errorf("helm test: %v\n%s", err, output)
	}
	for _, other := range []struct{ api, page string }{{"1", page}, {api, "1"}, {page, page}, {api, api}} {
		if output, err := ask(other.api, other.page); err == nil {
			t.Errorf("helm test succeeds with %+v:\n%s", other, output)
		}
	}
}

func TestGatewayRoutesAsTheIngressDoes(t *testing.T) {
	made := install(t, everything)
	byIngress, byGateway := make(map[string]string), make(map[string]string)
	for _, path := range object[*networking.Ingress](t, made, "Ingress/shop-nanomon").Spec.Rules[0].HTTP.Paths {
		byIngress[path.Path+" "+string(*path.PathType)] = path.Backend.Service.Name
	}
	for _, rule := range object[*gateway.HTTPRoute](t, made, "HTTPRoute/shop-nanomon").Spec.Rules {
		path := rule.Matches[0].Path
		byGateway[*path.Value+" "+strings.TrimPrefix(string(*path.Type), "Path")] = string(rule.BackendRefs[0].Name)
	}
	if diff := cmp.Diff(byIngress, byGateway); diff != "" {
		t.Errorf("- ingress, + gateway:\n%s", diff)
	}
}
