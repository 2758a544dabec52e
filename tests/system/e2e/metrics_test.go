package e2e

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

func TestMetricsReflectMonitorsAndResults(t *testing.T) {
	service, api, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{"PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": "0"})
	url := service.MetricsURL(t)
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	target := strings.Replace(web.URL, "http://", "http://user:s3cret@", 1)
	properties := map[string]string{"headers": `{"Authorization": "s3cret"}`, "bodyRegex": `.*`}
	shop := newMonitor("Shop (EU)", "http", target, properties, "status == 200")
	shop.Interval, shop.Group = "1h", "web"
	shop = servicetest.Create(t, api, shop)
	other := newMonitor("Monitor Status", "tcp", web.Listener.Addr().String(), nil, "")
	other.Interval = "1h"
	other = servicetest.Create(t, api, other)

	families := waitForFamilies(t, url, "nanomon_shop__eu_", "nanomon_monitor_status_")
	checkAgainstAPI(t, api, shop, families["nanomon_shop__eu_"])
	checkAgainstAPI(t, api, other, families["nanomon_monitor_status_"])
	if got := byLabel(families["nanomon_monitor_status"], "name"); !maps.Equal(got, map[string]float64{"Shop (EU)": 1, "Monitor Status": 0}) {
		t.Errorf("statuses %v", got)
	}
	if status, body := servicetest.Call(t, http.MethodGet, url, nil); status != http.StatusOK || strings.Contains(string(body), "s3cret") {
		t.Errorf("status %d; contains a secret: %t", status, strings.Contains(string(body), "s3cret"))
	}

	shop.Name = "Store"
	update(t, api, shop)
	servicetest.Eventually(t, "the new name", func() bool {
		families = servicetest.Scrape(t, url)
		old, renamed := families["nanomon_shop__eu_"], families["nanomon_store"]
		if (old == nil) == (renamed == nil) {
			t.Errorf("not exactly one family of the renamed monitor: old name %v, new name %v", old, renamed)
		}
		return renamed != nil
	})
	if got := byLabel(families["nanomon_monitor_value"], "name"); len(got) != 2 || got["Shop (EU)"] != 0 {
		t.Errorf("values after the rename: %v", got)
	}
	other.Enabled = false
	update(t, api, other)
	waitForNames(t, url, "Store")
	other.Enabled, other.Name = true, "store"
	update(t, api, other)
	waitForNames(t, url, "Store", "store")
	if got := byLabel(servicetest.Scrape(t, url)["nanomon_store"], "id"); len(got) != 2 {
		t.Errorf("two monitors with the same family name: %v", got)
	}
	if status, body := servicetest.Call(t, http.MethodDelete, api+"/monitors/"+shop.ID, nil); status != http.StatusNoContent {
		t.Fatalf("delete: %d %s", status, body)
	}
	waitForNames(t, url, "store")

	if code := service.Stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkNothingListens(t, strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/metrics"))
}

// waitForFamilies scrapes until the named families exist, and returns all families.
func waitForFamilies(t *testing.T, url string, names ...string) (families map[string]*dto.MetricFamily) {
	t.Helper()
	servicetest.Eventually(t, "metrics of "+strings.Join(names, ", "), func() bool {
		families = servicetest.Scrape(t, url)
		return !slices.ContainsFunc(names, func(name string) bool { return families[name] == nil })
	})
	return families
}

// waitForNames scrapes until exactly the named monitors have a status.
func waitForNames(t *testing.T, url string, names ...string) {
	t.Helper()
	servicetest.Eventually(t, "the monitors "+strings.Join(names, ", "), func() bool {
		got := byLabel(servicetest.Scrape(t, url)["nanomon_monitor_status"], "name")
		return slices.Equal(slices.Sorted(maps.Keys(got)), names)
	})
}

// checkAgainstAPI compares a family with the only result of its only monitor.
func checkAgainstAPI(t *testing.T, api string, m monitor.Monitor, family *dto.MetricFamily) {
	t.Helper()
	var results []monitor.Result
	servicetest.Eventually(t, "a result of "+m.Name, func() bool {
		results = servicetest.Results(t, api, m.ID)
		return len(results) == 1
	})
	want := map[string]float64{"_status": float64(results[0].Status), "_value": results[0].Value}
	for output, value := range results[0].Outputs {
		if number, ok := value.(float64); ok {
			want[output] = number
		}
	}
	if got := byLabel(family, "result"); !maps.Equal(got, want) || len(want) < 3 {
		t.Errorf("%s: metrics %v, result of the API %v", m.Name, got, want)
	}
	for _, series := range family.GetMetric() {
		for _, label := range series.GetLabel() {
			if label.GetName() == "id" && label.GetValue() != m.ID || label.GetName() == "type" && label.GetValue() != m.Type {
				t.Errorf("%s: %v", m.Name, series)
			}
		}
	}
}

// byLabel returns the values of a gauge by one of its labels.
func byLabel(family *dto.MetricFamily, name string) map[string]float64 {
	values := make(map[string]float64)
	for _, series := range family.GetMetric() {
		for _, label := range series.GetLabel() {
			if label.GetName() == name {
				values[label.GetValue()] = series.GetGauge().GetValue()
			}
		}
	}
	return values
}

func update(t *testing.T, api string, m monitor.Monitor) {
	t.Helper()
	if status, body := servicetest.Call(t, http.MethodPut, api+"/monitors/"+m.ID, m); status != http.StatusOK {
		t.Fatalf("update %s: %d %s", m.Name, status, body)
	}
}

// checkNothingListens fails the test if an address accepts connections.
func checkNothingListens(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if connection, err := new(net.Dialer).DialContext(ctx, "tcp", address); err == nil {
		connection.Close()
		t.Errorf("something listens on %s", address)
	}
}

func TestMetricsPortIsClosedUnlessEnabled(t *testing.T) {
	address := servicetest.RefusedAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	service, api, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{"PROMETHEUS_PORT": port})
	servicetest.Get[[]monitor.Monitor](t, api+"/monitors")
	checkNothingListens(t, address)
	if strings.Contains(service.Log(), "for=metrics") {
		t.Errorf("log:\n%s", service.Log())
	}
}
