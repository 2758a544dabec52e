package metrics

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/runner/engine"
)

// Values of the label result for series that are not outputs.
const (
	resultStatus = "_status"
	resultValue  = "_value"
)

// labelsHelp is the help text of the family with the labels of monitors.
const labelsHelp = "Always 1. It has the labels of the monitor, with the prefix label_."

// collector reads an engine and an alerter at each scrape.
type collector struct {
	engine   Engine
	alerter  Alerter
	reserved map[string]bool

	status, value, excluded, warning                         *prometheus.Desc
	monitors, problems, queue, skipped, dropped, storeErrors *prometheus.Desc
	storeHealthy                                             *prometheus.Desc
	notChecked, alertsSent, alertsFailed                     *prometheus.Desc
	incidents, opened, resolved                              *prometheus.Desc
}

func newCollector(e Engine, a Alerter) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	identity := []string{"id", "name", "type", "group"}
	return &collector{
		engine: e, alerter: a, reserved: reservedNames(),
		status: desc(monitorStatus, "Status of the newest result of the monitor: 0 OK, 1 error, 2 failed.", identity...),
		value:  desc(monitorValue, "Value of the newest result of the monitor.", identity...),
		excluded: desc(monitorExcluded, "Always 1. Exists only while the newest result of the monitor is ignored.",
			"id", "name", "type", "group", "reason"),
		warning: desc(monitorWarning, "1 while the newest result of the monitor has a warning, else 0. Exists only for "+
			"monitors with the property warn.", identity...),

		monitors: desc(runnerMonitors, "Number of monitors that this runner runs."),
		problems: desc(runnerProblems, "Number of problems of this runner itself."),
		queue:    desc(runnerQueue, "Number of results that are not yet written to the store."),
		skipped: desc(runnerSkipped, "Checks that did not start at their due time, because the previous check was still "+
			"running or the process was suspended."),
		notChecked: desc(runnerNotChecked, "Checks that this runner could not make for a reason of its own, by cause. "+
			"They have no result.", "cause"),
		dropped:      desc(runnerDropped, "Results that were dropped before they could be written to the store."),
		storeErrors:  desc(runnerStoreErrors, "Failed store operations."),
		storeHealthy: desc(runnerStoreHealthy, "0 while results or heartbeats can't be written to the store, else 1."),
		alertsSent:   desc(runnerAlertsSent, "Delivered notifications, by channel, counted per recipient.", "channel"),
		alertsFailed: desc(runnerAlertsFailed, "Failed delivery attempts, by channel, counted per recipient.", "channel"),
		incidents:    desc(runnerIncidents, "Open incidents of this runner's monitors, by severity.", "severity"),
		opened:       desc(runnerOpened, "Incidents that this runner opened."),
		resolved:     desc(runnerResolved, "Incidents that this runner resolved or closed."),
	}
}

// Describe sends nothing: the families depend on the monitors at the time of the scrape.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the current metrics of the engine and the alerter.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	s := scrape{
		collector: c, metrics: metrics, families: make(map[string]*prometheus.Desc),
		labelled: make(map[string]*prometheus.Desc),
	}
	for m, latest := range c.engine.Running() {
		s.labels(m)
		if latest != nil {
			s.monitor(m, *latest)
		}
	}
	s.runner(c.engine.Stats())
	for _, d := range c.alerter.Counts() {
		s.counter(c.alertsSent, d.Sent, d.Channel)
		s.counter(c.alertsFailed, d.Failed, d.Channel)
	}
	incidents := c.alerter.Incidents()
	s.gauge(c.incidents, float64(incidents.OpenError), monitor.StatusError.String())
	s.gauge(c.incidents, float64(incidents.OpenFailed), monitor.StatusFailed.String())
	s.counter(c.opened, incidents.Opened)
	s.counter(c.resolved, incidents.Resolved)
}

// scrape is one collection.
type scrape struct {
	*collector
	metrics chan<- prometheus.Metric
	// families holds the families that are named after monitors, by name.
	families map[string]*prometheus.Desc
	// labelled holds the variants of the family monitorLabels, by the names of their labels.
	labelled map[string]*prometheus.Desc
}

// labels sends the series with the labels of a monitor. Every monitor has one, so that a join with this family loses
// none. Monitors with other keys have other labels in the same family, which Prometheus allows.
func (s scrape) labels(m monitor.Monitor) {
	names, values := []string{"id"}, []string{m.ID}
	for _, key := range slices.Sorted(maps.Keys(m.Labels)) {
		// The API refuses keys with the same name here. If another program has stored them, the first one is used.
		if name := monitor.MetricLabel(key); !slices.Contains(names, name) {
			names, values = append(names, name), append(values, m.Labels[key])
		}
	}
	variant := strings.Join(names, ",")
	if s.labelled[variant] == nil {
		s.labelled[variant] = prometheus.NewDesc(monitorLabels, labelsHelp, names, nil)
	}
	s.gauge(s.labelled[variant], 1, values...)
}

func (s scrape) monitor(m monitor.Monitor, r monitor.Result) {
	status := float64(r.Status)
	s.gauge(s.status, status, m.ID, m.Name, m.Type, m.Group)
	s.gauge(s.value, r.Value, m.ID, m.Name, m.Type, m.Group)
	if r.Ignored != "" {
		s.gauge(s.excluded, 1, m.ID, m.Name, m.Type, m.Group, string(r.Ignored))
	}
	if m.Properties[monitor.Warn] != "" {
		warning := 0.0
		if r.IsWarning() {
			warning = 1
		}
		s.gauge(s.warning, warning, m.ID, m.Name, m.Type, m.Group)
	}
	family := s.family(m)
	s.gauge(family, status, m.ID, m.Type, resultStatus)
	s.gauge(family, r.Value, m.ID, m.Type, resultValue)
	for output, value := range r.Outputs {
		if number, ok := value.(float64); ok {
			s.gauge(family, number, m.ID, m.Type, output)
		}
	}
}

// family returns the family of a monitor. If several monitors share it, the first one gives its help text.
func (s scrape) family(m monitor.Monitor) *prometheus.Desc {
	name := familyOf(m.Name, s.reserved)
	if s.families[name] == nil {
		help := strings.ToValidUTF8(fmt.Sprintf("%s (%s)", m.Name, m.Type), string(utf8.RuneError))
		s.families[name] = prometheus.NewDesc(name, help, []string{"id", "type", "result"}, nil)
	}
	return s.families[name]
}

func (s scrape) runner(stats engine.Stats) {
	s.gauge(s.collector.monitors, float64(stats.Monitors))
	s.gauge(s.problems, float64(stats.Problems))
	s.gauge(s.queue, float64(stats.Queued))
	s.counter(s.skipped, stats.Skipped)
	for _, cause := range probe.Causes {
		s.counter(s.notChecked, stats.NotChecked[cause], string(cause))
	}
	s.counter(s.dropped, stats.Dropped)
	s.counter(s.storeErrors, stats.StoreErrors)
	healthy := 0.0
	if stats.StoreHealthy {
		healthy = 1
	}
	s.gauge(s.storeHealthy, healthy)
}

// gauge sends a value. It skips values that are not finite, which the API cannot return as JSON either.
func (s scrape) gauge(desc *prometheus.Desc, value float64, labels ...string) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		s.send(desc, prometheus.GaugeValue, value, labels)
	}
}

func (s scrape) counter(desc *prometheus.Desc, value int64, labels ...string) {
	s.send(desc, prometheus.CounterValue, float64(value), labels)
}

func (s scrape) send(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels []string) {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, string(utf8.RuneError))
	}
	s.metrics <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
}
