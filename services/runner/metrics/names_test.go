package metrics

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"nanomon/services/common/monitor"
)

func TestFamilyOf(t *testing.T) {
	for name, want := range map[string]string{
		"shop":                                  "nanomon_shop",
		"Shop (EU)":                             "nanomon_shop__eu_",
		"a:b.c-d/e":                             "nanomon_a_b_c_d_e",
		"5xx":                                   "nanomon_5xx",
		"_status":                               "nanomon__status",
		"ÜBER":                                  "nanomon__ber",
		"日本":                                    "nanomon___",
		" \t\n":                                 "nanomon____",
		"\xff":                                  "nanomon__",
		"":                                      "nanomon_",
		"\u212a":                                "nanomon_k", // the Kelvin sign; its lower case is the letter k
		strings.Repeat("日", 300):                "nanomon_" + strings.Repeat("_", 300),
		"Monitor Status":                        "nanomon_monitor_status_",
		"monitor-value":                         "nanomon_monitor_value_",
		"Monitor Status ":                       "nanomon_monitor_status_",
		"Monitor Status Total":                  "nanomon_monitor_status_total",
		"monitor":                               "nanomon_monitor",
		"Runner":                                "nanomon_runner",
		"runner runs":                           "nanomon_runner_runs_",
		"runner runs total":                     "nanomon_runner_runs_total_",
		"runner runs created":                   "nanomon_runner_runs_created_",
		"runner lateness":                       "nanomon_runner_lateness",
		"runner lateness seconds":               "nanomon_runner_lateness_seconds_",
		"runner lateness seconds bucket":        "nanomon_runner_lateness_seconds_bucket_",
		"runner lateness seconds sum":           "nanomon_runner_lateness_seconds_sum_",
		"runner lateness seconds count":         "nanomon_runner_lateness_seconds_count_",
		"runner lateness seconds created":       "nanomon_runner_lateness_seconds_created_",
		"runner build info":                     "nanomon_runner_build_info_",
		"api request duration seconds":          "nanomon_api_request_duration_seconds_",
		"api request duration seconds quantile": "nanomon_api_request_duration_seconds_quantile",
	} {
		if got := familyOf(name, reservedNames()); got != want {
			t.Errorf("%.40q: %s, want %s", name, got, want)
		}
	}
}

// Monitors with the names of existing families and series do not affect these.
func TestMonitorNamesDoNotCollideWithFixedFamilies(t *testing.T) {
	x := newExporter([]string{"http"})
	r := &fakeRunner{}
	h := r.handler(x)
	before, _ := read(t, h, textFormat)
	var names []string
	for name := range reservedNames() {
		names = append(names, strings.TrimPrefix(name, prefix))
	}
	for name := range before {
		for _, suffix := range []string{"", "_total", "_bucket", "_sum", "_count", "_created", "_info"} {
			names = append(names, strings.TrimPrefix(name, prefix)+suffix)
		}
	}
	for i, name := range names {
		r.add(fmt.Sprintf("%024x", i), name, monitor.Result{Value: 7})
	}
	for _, format := range []string{textFormat, openMetrics} {
		after, _ := read(t, h, format)
		for _, name := range names {
			family := after[familyOf(name, reservedNames())]
			if family == nil || values(family, "result")[resultValue] != 7 {
				t.Errorf("%s: the monitor %s has %v", format, name, family)
			}
		}
		if n := len(after[monitorStatus].GetMetric()); n != len(names) {
			t.Errorf("%s: %d monitors have a status, %d have a result", format, n, len(names))
		}
	}
}

// The lists of fixed families contain every family that is exported, and no other.
func TestFixedFamiliesAreListed(t *testing.T) {
	r := &fakeRunner{}
	r.add("1", "m", monitor.Result{Ignored: monitor.IgnoredBlocked})
	r.monitors[0].Properties = map[string]string{monitor.Warn: "respTime > 5"}
	all := slices.Concat(gauges[:], counters[:], histograms[:])
	families, _ := read(t, r.handler(newExporter([]string{"http"})), textFormat)
	for name := range families {
		if strings.HasPrefix(name, prefix) && name != "nanomon_m" && !slices.Contains(all, name) {
			t.Errorf("%s is not listed", name)
		}
	}
	for _, name := range all {
		needsChannel := name == runnerAlertsSent || name == runnerAlertsFailed
		if families[name] == nil && !needsChannel && !strings.HasPrefix(name, prefix+"api_") {
			t.Errorf("%s is listed but not exported", name)
		}
	}
}

var nameInDocs = regexp.MustCompile("`(nanomon_(?:runner|monitor)_[a-z_]+)`")

func TestFixedFamiliesAreDocumented(t *testing.T) {
	reference, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]bool)
	for _, found := range nameInDocs.FindAllStringSubmatch(string(reference), -1) {
		documented[found[1]] = true
	}
	for _, name := range slices.Concat(gauges[:], counters[:], histograms[:]) {
		if !documented[name] && !strings.HasPrefix(name, prefix+"api_") {
			t.Errorf("%s is not in docs/metrics.md", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/metrics.md documents %s, which does not exist", name)
	}
}

func FuzzNames(f *testing.F) {
	f.Add("shop", "Shop", "group")
	f.Add("Monitor Status", "monitor_status", "")
	f.Add("日本", "  ", "\xff\"\\\n")
	f.Add("m", "n", resultValue)
	f.Add("runner_runs", "runner_lateness_seconds_bucket", "a,b=\"c\"}")
	f.Fuzz(func(t *testing.T, first, second, group string) {
		r := &fakeRunner{}
		outputs := map[string]any{"respTime": 1.5, group: 2.0, "body": first}
		r.add("1", first, monitor.Result{Status: monitor.StatusError, Value: 3, Outputs: outputs})
		r.add("2", second, monitor.Result{Value: 4, Outputs: outputs, Ignored: monitor.IgnoreReason(group)})
		r.monitors[0].Group, r.monitors[1].Group, r.monitors[1].Type = group, group, group
		r.monitors[0].Labels = map[string]string{first: second, second: group}
		h := r.handler(newExporter([]string{"http"}))
		for _, format := range []string{textFormat, openMetrics} {
			families, _ := read(t, h, format)
			for id, name := range map[string]string{"1": first, "2": second} {
				family := familyOf(name, reservedNames())
				if !model.LegacyValidation.IsValidMetricName(family) || utf8.RuneCountInString(family) > utf8.RuneCountInString(name)+9 {
					t.Errorf("%q has the family %s", name, family)
				}
				if _, found := values(families[family], "id")[id]; !found {
					t.Errorf("%s lacks monitor %s: %v", family, id, families[family])
				}
			}
			if got := values(families[monitorLabels], "id"); got["1"] != 1 || got["2"] != 1 {
				t.Errorf("labels %v", got)
			}
			if got := values(families[monitorValue], "id"); got["1"] != 3 || got["2"] != 4 {
				t.Errorf("values %v", got)
			}
		}
	})
}
