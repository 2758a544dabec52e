// Package metrics tells Prometheus what the checks of a runner find, and how the runner itself is doing.
package metrics

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/version"
	"nanomon/services/common/web"
	"nanomon/services/runner/alerting"
	"nanomon/services/runner/engine"
)

// Engine is what the exporter needs of an engine; see [engine.Engine].
type Engine interface {
	Running() iter.Seq2[monitor.Monitor, *monitor.Result]
	Stats() engine.Stats
}

// Alerter is what the exporter needs of an alerter; see [alerting.Alerter].
type Alerter interface {
	Counts() []alerting.Counts
}

// Exporter serves the metrics of one runner, if they are switched on. It is made by [Open].
type Exporter struct {
	// listener is nil where metrics are switched off.
	listener net.Listener
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	duration *prometheus.HistogramVec
	lateness prometheus.Histogram
}

// Open opens the port for metrics if settings switch them on. Types are the names of the monitor types. The error
// names the setting at fault.
func Open(ctx context.Context, settings config.Prometheus, types []string) (*Exporter, error) {
	x := newExporter(types)
	if !settings.On() {
		return x, nil
	}
	var err error
	if x.listener, err = web.Listen(ctx, int(settings.PrometheusPort)); err != nil {
		return nil, fmt.Errorf("PROMETHEUS_PORT: %w", err)
	}
	return x, nil
}

func newExporter(types []string) *Exporter {
	x := &Exporter{
		registry: prometheus.NewRegistry(),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: runnerRuns, Help: "Runs of monitors that gave a result, by the monitor's type and the result's status.",
		}, []string{"type", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: runnerDuration, Help: "How long the runs went on, by the monitor's type.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"type"}),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: runnerLateness, Help: "How long after their due time the runs began.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
	}
	for _, name := range types {
		x.duration.WithLabelValues(name)
		for _, status := range [...]monitor.Status{monitor.StatusOK, monitor.StatusError, monitor.StatusFailed} {
			x.runs.WithLabelValues(name, status.String())
		}
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: runnerBuildInfo, Help: "Always 1; the labels tell which build is running.",
		ConstLabels: prometheus.Labels{"version": version.Version, "build_info": version.BuildInfo},
	})
	build.Set(1)
	// The older metrics of the memory hold a gauge and a counter that have the same name in OpenMetrics.
	runtime := collectors.NewGoCollector(collectors.WithGoCollectorMemStatsMetricsDisabled(),
		collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsMemory))
	x.registry.MustRegister(x.runs, x.duration, x.lateness, build,
		runtime, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return x
}

// Ran counts a run. It doesn't block.
func (x *Exporter) Ran(r engine.Run) {
	x.runs.WithLabelValues(r.Type, r.Status.String()).Inc()
	x.duration.WithLabelValues(r.Type).Observe(r.Took.Seconds())
	x.lateness.Observe(r.Late.Seconds())
}

// Serve answers scrapes until ctx ends. Where metrics are switched off it returns at once.
func (x *Exporter) Serve(ctx context.Context, e Engine, a Alerter, log *slog.Logger) error {
	if x.listener == nil {
		return nil
	}
	return web.Serve(ctx, x.listener, x.handler(e, a, log), log.With("for", "metrics"))
}

// Close gives the port up.
func (x *Exporter) Close() error {
	if x.listener == nil {
		return nil
	}
	return x.listener.Close()
}

// handler answers at /metrics. It may be called once.
func (x *Exporter) handler(e Engine, a Alerter, log *slog.Logger) http.Handler {
	x.registry.MustRegister(newCollector(e, a))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(x.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		// A series that can't be told must not hide the others.
		ErrorHandling: promhttp.ContinueOnError,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelError),
	}))
	return mux
}
