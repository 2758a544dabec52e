package pods

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/clustertest"
	"nanomon/tests/support/dockertest"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

const (
	namespace = "shop"
	// interval is that of all monitors.
	interval = time.Second
	// startLimit is the maximum duration of the start of pods.
	startLimit = 3 * time.Minute
)

// shop is an installation of the chart, which the tests use one after another.
type shop struct {
	// page and api are URLs behind a proxy that does the job of an ingress controller. The tests' browser resolves only
	// localhost, so it uses the same proxy at browserPage.
	page, api, browserPage string
	database               *mongotest.Server
	target                 *servicetest.Target
	// monitors check the target. Their names are its paths.
	monitors []monitor.Monitor
}

// install installs the chart with an external database, in a namespace that admits only restricted pods.
func install(t *testing.T) *shop {
	t.Helper()
	run(t, "kubectl", "create", "namespace", namespace)
	run(t, "kubectl", "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
	s := &shop{database: mongotest.FerretDBAt(t, clustertest.Gateway+":0"), target: &servicetest.Target{}}
	routes := http.NewServeMux()
	_, port := dockertest.Serve(t, routes, false)
	_, targetPort := dockertest.Serve(t, s.target, false)
	s.target.URL = "http://" + clustertest.Gateway + ":" + targetPort
	s.page = "http://" + clustertest.Gateway + ":" + port
	s.api, s.browserPage = s.page+"/api", "http://localhost:"+port
	run(t, "helm", "install", "shop", "deploy/helm/nanomon", "--namespace", namespace, "--wait", "--timeout", startLimit.String(),
		"--set", "image.regRepo=docker.io/nanomon,image.tag="+tags[0], "--set", "mongodb.connectionURI="+s.database.URI,
		"--set", "publicURL="+s.page, "--set", "runner.pollingInterval=1s")
	routes.Handle("/", proxy(t, "frontend"))
	for _, path := range []string{"/api/", "/status/", "/badges/"} {
		routes.Handle(path, proxy(t, "api"))
	}
	return s
}

// proxy returns a proxy to a service. Like an ingress controller, it doesn't wait without end for a response: its
// connection may lead to a pod that is gone.
func proxy(t *testing.T, service string) http.Handler {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 10 * time.Second
	proxy := httputil.NewSingleHostReverseProxy(serviceURL(t, service))
	proxy.Transport = transport
	return proxy
}

// serviceURL returns the URL of a service in the cluster.
func serviceURL(t *testing.T, name string) *url.URL {
	t.Helper()
	return &url.URL{Scheme: "http", Host: kubectl(t, "get", "service", "shop-nanomon-"+name, "-o", "jsonpath={.spec.clusterIP}")}
}

// createMonitors creates monitors that check the target.
func (s *shop) createMonitors(t *testing.T) {
	t.Helper()
	for i := range 5 {
		m := servicetest.Create(t, s.api, s.target.Monitor(fmt.Sprintf("/%d", i), interval.String()))
		s.monitors = append(s.monitors, m)
	}
}

// waitChecked waits until the API answers and each monitor has a result of a check after a time. A service reaches a pod
// only some time after it is ready.
func (s *shop) waitChecked(t *testing.T, from time.Time) {
	t.Helper()
	servicetest.EventuallyWithin(t, startLimit, "the API", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, s.api+"/status", nil)
		return status == http.StatusOK
	})
	servicetest.EventuallyWithin(t, startLimit, "new results of all monitors", func() bool {
		for _, m := range s.monitors {
			results := servicetest.Results(t, s.api, m.ID)
			if len(results) == 0 || !results[0].Date.After(from) {
				return false
			}
		}
		return true
	})
}

// checkResults fails the test if a monitor has no result for longer than the limit at a time after from, or two results
// of one check, or if all monitors together lack the results of more checks than the number lost. Checks that are newer than
// the newest result of their monitor don't count, because their results may not be stored yet.
func (s *shop) checkResults(t *testing.T, from time.Time, limit time.Duration, lost int) {
	t.Helper()
	checks, missing := s.target.Checks(), []servicetest.Check{}
	for _, m := range s.monitors {
		dates, stored := s.results(t, m.ID, from)
		gap := longestGap(dates)
		t.Logf("%s: %d results, the longest gap is %s", m.Name, len(dates), gap)
		if gap > limit {
			t.Errorf("%s has no result for %s", m.Name, gap)
		}
		for number, check := range checks {
			if check.Path == m.Name && !check.Time.Before(from) && check.Time.Before(dates[0]) && !stored[float64(number)] {
				missing = append(missing, check)
			}
		}
	}
	t.Logf("checks without a result: %v", missing)
	if len(missing) > lost {
		t.Errorf("%d checks have no result", len(missing))
	}
}

// results returns the dates of a monitor's results after from, newest first, and the numbers of the checks that have a
// result. It fails the test if a result is not OK, or if two belong to the same check.
func (s *shop) results(t *testing.T, id string, from time.Time) (dates []time.Time, stored map[float64]bool) {
	t.Helper()
	stored = map[float64]bool{}
	for _, r := range servicetest.Results(t, s.api, id) {
		if r.Status != monitor.StatusOK || stored[r.Value] {
			t.Errorf("the result is not OK or the second one of its check: %+v", r)
		}
		stored[r.Value] = true
		if !r.Date.Before(from) {
			dates = append(dates, r.Date)
		}
	}
	return dates, stored
}

// longestGap returns the longest time between two of the dates, newest first.
func longestGap(dates []time.Time) (longest time.Duration) {
	for i := range len(dates) - 1 {
		longest = max(longest, dates[i].Sub(dates[i+1]))
	}
	return longest
}

// pod returns the name of the pod of a service, or nothing if there is none.
func pod(t *testing.T, service string) string {
	t.Helper()
	return kubectl(t, "get", "pods", "--selector", "app.kubernetes.io/component="+service, "-o", "jsonpath={.items[*].metadata.name}")
}

// restarts returns how often the container of each service was restarted.
func restarts(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(kubectl(t, "get", "pods", "-o",
		`jsonpath={range .items[*]}{.metadata.labels.app\.kubernetes\.io/component}={.status.containerStatuses[0].restartCount} {end}`))
}
