package metrics

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"nanomon/services/common/monitor"
	"nanomon/services/runner/engine"
)

// What a monitor's family holds beside the outputs, as values of the label result.
const (
	resultStatus = "_status"
	resultValue  = "_value"
)

// monitorHelp goes for all families that are named after monitors, which may share one.
const monitorHelp = "What the newest result of the monitors of this name holds: status, value and numeric outputs."

// collector reads an engine and an alerter at every scrape. It describes nothing beforehand, because families come and go
// with the monitors.
type collector struct {
	engine  Engine
	alerter Alerter
	taken   map[string]bool

	status, value, excluded                        *prometheus.Desc
	monitors, queue, skipped, dropped, storeErrors *prometheus.Desc
	alertsSent, alertsFailed                       *prometheus.Desc
}

func newCollector(e Engine, a Alerter) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &collector{
		engine: e, alerter: a, taken: taken(),
		status:   desc(monitorStatus, "Status of the monitor's newest result: 0 OK, 1 error, 2 failed.", "id", "name", "type", "group"),
		value:    desc(monitorValue, "Value of the monitor's newest result.", "id", "name", "type", "group"),
		excluded: desc(monitorExcluded, "Always 1; only there while the monitor's newest result doesn't count, for a reason.", "id", "name", "type", "group", "reason"),

		monitors:     desc(runnerMonitors, "Monitors that this runner runs."),
		queue:        desc(runnerQueue, "Results that wait to be written to the store."),
		skipped:      desc(runnerSkipped, "Runs that didn't begin when they were due: the monitor was still running, or the process stood still."),
		dropped:      desc(runnerDropped, "Results that were lost."),
		storeErrors:  desc(runnerStoreErrors, "Operations on the store that failed."),
		alertsSent:   desc(runnerAlertsSent, "Notification messages that were delivered, by channel and once per recipient.", "channel"),
		alertsFailed: desc(runnerAlertsFailed, "Attempts to deliver an alert message that failed, by channel and once per recipient.", "channel"),
	}
}

// Describe describes nothing.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect gives all metrics but those that the exporter itself counts.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	s := scrape{collector: c, metrics: metrics, families: make(map[string]*prometheus.Desc)}
	for m, latest := range c.engine.Running() {
		if latest != nil {
			s.monitor(m, *latest)
		}
	}
	s.runner(c.engine.Stats())
	for _, d := range c.alerter.Counts() {
		s.counter(c.alertsSent, d.Sent, d.Channel)
		s.counter(c.alertsFailed, d.Failed, d.Channel)
	}
}

// scrape is one collection.
type scrape struct {
	*collector
	metrics chan<- prometheus.Metric
	// families are those that are named after monitors, by name.
	families map[string]*prometheus.Desc
}

func (s scrape) monitor(m monitor.Monitor, r monitor.Result) {
	status := float64(r.Status)
	s.gauge(s.status, status, m.ID, m.Name, m.Type, m.Group)
	s.gauge(s.value, r.Value, m.ID, m.Name, m.Type, m.Group)
	if r.Ignored != "" {
		s.gauge(s.excluded, 1, m.ID, m.Name, m.Type, m.Group, string(r.Ignored))
	}
	family := s.family(m.Name)
	s.gauge(family, status, m.ID, m.Type, resultStatus)
	s.gauge(family, r.Value, m.ID, m.Type, resultValue)
	for output, value := range r.Outputs {
		if number, ok := value.(float64); ok {
			s.gauge(family, number, m.ID, m.Type, output)
		}
	}
}

func (s scrape) family(monitorName string) *prometheus.Desc {
	name := familyOf(monitorName, s.taken)
	if s.families[name] == nil {
		s.families[name] = prometheus.NewDesc(name, monitorHelp, []string{"id", "type", "result"}, nil)
	}
	return s.families[name]
}

func (s scrape) runner(stats engine.Stats) {
	s.gauge(s.collector.monitors, float64(stats.Monitors))
	s.gauge(s.queue, float64(stats.Queued))
	s.counter(s.skipped, stats.Skipped)
	s.counter(s.dropped, stats.Dropped)
	s.counter(s.storeErrors, stats.StoreErrors)
}

// gauge leaves out what is not a finite number, as the API does, which speaks JSON.
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
