package chart

import (
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	core "k8s.io/api/core/v1"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/tests/deploy/kubernetes/simulate"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestServicesWorkAsInstalled creates a monitor on the page behind the ingress, and expects it on the page, in the scraped
// metrics and on a status page.
func TestServicesWorkAsInstalled(t *testing.T) {
	installed := install(t, `{ingress: {enabled: true, statusHosts: [{host: status.example.org}]}, metrics: {serviceMonitor: {enabled: true}}}`)
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
	readStatusPage(t, nanomon)
	helmTest(t, installed, ports)
	for name, service := range nanomon.Services {
		if code := service.Stop(t); code != 0 {
			t.Errorf("the %s exited with code %d", name, code)
		}
	}
}

// readStatusPage creates a status page and requests it and its badge behind the ingress, on the host of the page and on a
// host name of its own, where nothing else exists.
func readStatusPage(t *testing.T, nanomon simulate.NanoMon) {
	t.Helper()
	const own, entry = "status.example.org", "0a0b0c0d"
	id := servicetest.Get[[]monitor.Monitor](t, nanomon.API+"/monitors")[0].ID
	servicetest.CreateStatusPage(t, nanomon.API, statuspage.Page{
		Slug: "shop", Title: "Shop", Hosts: []string{own},
		Sections: []statuspage.Section{{Entries: []statuspage.Entry{{ID: entry, Name: "Web", Monitor: id}}}},
	})
	pageHost := strings.TrimPrefix(nanomon.Page, "http://")
	servicetest.Eventually(t, "the status page", func() bool { return statusOf(t, nanomon, pageHost, "/status/shop") == http.StatusOK })
	for _, c := range []struct {
		host, path string
		want       int
	}{
		{pageHost, "/status/shop.json", http.StatusOK}, {pageHost, "/badges/shop/" + entry + "/status.svg", http.StatusOK},
		{pageHost, "/status/other", http.StatusNotFound}, {pageHost, "/", http.StatusOK},
		{own, "/", http.StatusFound}, {own, "/status/shop", http.StatusOK}, {own, "/badges/shop/" + entry + "/status.svg", http.StatusOK},
		{own, "/api/monitors", http.StatusNotFound}, {own, "/config", http.StatusNotFound}, {own, "/docs/", http.StatusNotFound},
	} {
		if got := statusOf(t, nanomon, c.host, c.path); got != c.want {
			t.Errorf("http://%s%s: status %d, want %d", c.host, c.path, got, c.want)
		}
	}
}

// statusOf sends a request for a host name to the ingress and returns the status of the response.
func statusOf(t *testing.T, nanomon simulate.NanoMon, host, path string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, nanomon.Page+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
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
