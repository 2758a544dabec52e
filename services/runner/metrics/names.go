package metrics

import "strings"

// prefix starts the name of every metric family of NanoMon.
const prefix = "nanomon_"

// The fixed families, whose names do not depend on the names of monitors.
const (
	monitorStatus   = prefix + "monitor_status"
	monitorValue    = prefix + "monitor_value"
	monitorExcluded = prefix + "monitor_excluded"
	monitorWarning  = prefix + "monitor_warning"
	monitorLabels   = prefix + "monitor_labels"

	runnerRuns         = prefix + "runner_runs_total"
	runnerSkipped      = prefix + "runner_skipped_runs_total"
	runnerNotChecked   = prefix + "runner_not_checked_total"
	runnerDuration     = prefix + "runner_check_duration_seconds"
	runnerLateness     = prefix + "runner_lateness_seconds"
	runnerQueue        = prefix + "runner_queued_results"
	runnerDropped      = prefix + "runner_dropped_results_total"
	runnerStoreErrors  = prefix + "runner_store_errors_total"
	runnerStoreHealthy = prefix + "runner_store_healthy"
	runnerAlertsSent   = prefix + "runner_alerts_sent_total"
	runnerAlertsFailed = prefix + "runner_alerts_failed_total"
	runnerIncidents    = prefix + "runner_open_incidents"
	runnerOpened       = prefix + "runner_incidents_opened_total"
	runnerResolved     = prefix + "runner_incidents_resolved_total"
	runnerMonitors     = prefix + "runner_monitors"
	runnerProblems     = prefix + "runner_problems"
	runnerBuildInfo    = prefix + "runner_build_info"
)

// The fixed families by type. They include the families of the API, because one Prometheus server scrapes both.
var (
	gauges = [...]string{
		monitorStatus, monitorValue, monitorExcluded, monitorWarning, monitorLabels, runnerQueue, runnerStoreHealthy,
		runnerMonitors, runnerProblems, runnerIncidents, runnerBuildInfo,
		prefix + "api_requests_in_flight", prefix + "api_event_clients", prefix + "api_store_healthy",
		prefix + "api_build_info",
	}
	counters = [...]string{
		runnerRuns, runnerSkipped, runnerNotChecked, runnerDropped, runnerStoreErrors, runnerAlertsSent, runnerAlertsFailed,
		runnerOpened, runnerResolved,
		prefix + "api_store_errors_total",
	}
	histograms = [...]string{
		runnerDuration, runnerLateness,
		prefix + "api_request_duration_seconds", prefix + "api_store_duration_seconds",
	}
)

// reservedNames returns the names of the fixed families and of their series, in the text and the OpenMetrics format.
func reservedNames() map[string]bool {
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

// familyOf returns the name of the family for monitors with the given name. It replaces colons too, because they are
// reserved for recording rules.
func familyOf(monitorName string, reserved map[string]bool) string {
	family := prefix + strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToLower(monitorName))
	if reserved[family] {
		family += "_"
	}
	return family
}
