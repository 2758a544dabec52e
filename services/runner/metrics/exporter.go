// Package metrics exports the results of a runner's checks, and metrics of the runner itself, to Prometheus.
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
	"nanomon/services/runner/alerting/incident"
	"nanomon/services/runner/alerting/notify"
	"nanomon/services/runner/engine"
)

// Engine is the part of an [engine.Engine] that the exporter uses.
type Engine interface {
	Running() iter.Seq2[monitor.Monitor, *monitor.Result]
	Stats() engine.Stats
}

// Alerter is the part of the alerter that the exporter uses.
type Alerter interface {
	Counts() []notify.Counts
	Incidents() incident.Counts
}

// Exporter serves the metrics of one runner if they are enabled. Create it with [Open].
type Exporter struct {
	// listener is nil if metrics are disabled.
	listener net.Listener
	registry *prometheus.Registry
	checks   *prometheus.CounterVec
	duration *prometheus.HistogramVec
	lateness prometheus.Histogram
}

// Open opens the port for metrics if the settings enable them. types are the names of the monitor types.
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
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: runnerRuns, Help: "Checks that gave a result, by monitor type and status.",
		}, []string{"type", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: runnerDuration, Help: "Duration of the checks in seconds, by monitor type.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"type"}),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: runnerLateness, Help: "Time from the due time to the start of the checks in seconds.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
	}
	for _, name := range types {
		x.duration.WithLabelValues(name)
		for _, status := range [...]monitor.Status{monitor.StatusOK, monitor.StatusError, monitor.StatusFailed} {
			x.checks.WithLabelValues(name, status.String())
		}
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: runnerBuildInfo, Help: "Always 1. The labels show the version that is running.",
		ConstLabels: prometheus.Labels{"version": version.Version, "build_info": version.BuildInfo},
	})
	build.Set(1)
	// The memstats metrics contain a gauge and a counter that have the same name in OpenMetrics, so they are disabled.
	runtime := collectors.NewGoCollector(collectors.WithGoCollectorMemStatsMetricsDisabled(),
		collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsMemory))
	x.registry.MustRegister(x.checks, x.duration, x.lateness, build,
		runtime, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return x
}

// ObserveCheck records a completed check. It does not block.
func (x *Exporter) ObserveCheck(c engine.CompletedCheck) {
	x.checks.WithLabelValues(c.Type, c.Status.String()).Inc()
	x.duration.WithLabelValues(c.Type).Observe(c.Duration.Seconds())
	x.lateness.Observe(c.Delay.Seconds())
}

// Serve serves the metrics until ctx ends. If metrics are disabled, it returns immediately.
func (x *Exporter) Serve(ctx context.Context, e Engine, a Alerter, log *slog.Logger) error {
	if x.listener == nil {
		return nil
	}
	return web.Serve(ctx, x.listener, x.handler(e, a, log), log.With("for", "metrics"))
}

// Close closes the port.
func (x *Exporter) Close() error {
	if x.listener == nil {
		return nil
	}
	return x.listener.Close()
}

// handler returns the handler of /metrics. Call it once per exporter: it registers the collector.
func (x *Exporter) handler(e Engine, a Alerter, log *slog.Logger) http.Handler {
	x.registry.MustRegister(newCollector(e, a))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", checkBrowsers(promhttp.HandlerFor(x.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		// An invalid series must not hide the others.
		ErrorHandling: promhttp.ContinueOnError,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelError),
	})))
	return mux
}

// checkBrowsers refuses requests of browsers for a host that is not local, which prevents DNS rebinding; see
// [web.Hosts]. Browsers always send Accept-Language, and pages can't remove it. Prometheus doesn't send it, and may use
// every host name.
func checkBrowsers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["Accept-Language"]) > 0 && !web.IsLocalHost(r.Host) {
			web.Error(w, r, web.Problemf(http.StatusMisdirectedRequest,
				"browsers can't read the metrics at the host name %.255q: use an IP address instead", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}
