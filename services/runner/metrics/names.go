package metrics

import "strings"

// prefix begins the name of every family of ours.
const prefix = "nanomon_"

// The fixed families: those that are not named after monitors.
const (
	monitorStatus   = prefix + "monitor_status"
	monitorValue    = prefix + "monitor_value"
	monitorExcluded = prefix + "monitor_excluded"

	runnerRuns         = prefix + "runner_runs_total"
	runnerSkipped      = prefix + "runner_skipped_runs_total"
	runnerDuration     = prefix + "runner_check_duration_seconds"
	runnerLateness     = prefix + "runner_lateness_seconds"
	runnerQueue        = prefix + "runner_queued_results"
	runnerDropped      = prefix + "runner_dropped_results_total"
	runnerStoreErrors  = prefix + "runner_store_errors_total"
	runnerAlertsSent   = prefix + "runner_alerts_sent_total"
	runnerAlertsFailed = prefix + "runner_alerts_failed_total"
	runnerMonitors     = prefix + "runner_monitors"
	runnerBuildInfo    = prefix + "runner_build_info"
)

// The fixed families by their type. The API's are among them, for the same Prometheus reads both.
var (
	gauges = [...]string{
		monitorStatus, monitorValue, monitorExcluded, runnerQueue, runnerMonitors, runnerBuildInfo,
		prefix + "api_requests_in_flight", prefix + "api_event_clients", prefix + "api_build_info",
	}
	counters = [...]string{
		runnerRuns, runnerSkipped, runnerDropped, runnerStoreErrors, runnerAlertsSent, runnerAlertsFailed,
		prefix + "api_store_errors_total",
	}
	histograms = [...]string{
		runnerDuration, runnerLateness,
		prefix + "api_request_duration_seconds", prefix + "api_store_duration_seconds",
	}
)

// taken are the names that the fixed families have in either format: those of the families and those of their series.
func taken() map[string]bool {
	names := make(map[string]bool)
	for _, name := range gauges {
		names[name] = true
	}
	for _, name := range counters {
		base := strings.TrimSuffix(name, "_total")
		for _, suffix := range [...]string{"", "_total", "_created"} {
			names[base+suffix] = true
		}
	}
	for _, name := range histograms {
		for _, suffix := range [...]string{"", "_bucket", "_sum", "_count", "_created"} {
			names[name+suffix] = true
		}
	}
	return names
}

// familyOf is the family of the monitors called name. Colons become underscores too: they are for what recording rules make.
func familyOf(name string, taken map[string]bool) string {
	family := prefix + strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToLower(name))
	if taken[family] {
		family += "_"
	}
	return family
}
