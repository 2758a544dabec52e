package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// unmatched is the route label of requests without a route. Their paths would create an unlimited number of label
// values.
const unmatched = "none"

// Metrics are the API's own Prometheus metrics, at /api/metrics. Reading them does not use the store. Create them with
// [NewMetrics].
type Metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec
	inFlight    prometheus.Gauge
	storeTime   *prometheus.HistogramVec
	storeErrors *prometheus.CounterVec
}

// NewMetrics returns the metrics of one server.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "nanomon_api_request_duration_seconds",
			Help:    "Time from the header of a request to the header of its response.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "nanomon_api_requests_in_flight", Help: "Requests in progress, without event streams.",
		}),
		storeTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "nanomon_api_store_duration_seconds", Help: "Duration of store operations, including failed ones.",
			Buckets: []float64{.001, .005, .025, .1, .5, 1, 3, 10},
		}, []string{"operation"}),
		storeErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "nanomon_api_store_errors_total", Help: "Store operations that failed.",
		}, []string{"operation"}),
	}
	m.registry.MustRegister(m.requests, m.inFlight, m.storeTime, m.storeErrors,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// registerServer adds the metrics that read the state of s.
func (m *Metrics) registerServer(s *Server) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "nanomon_api_event_clients", Help: "Connected clients of the event stream.",
		}, func() float64 { return float64(s.events.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "nanomon_api_store_healthy", Help: "1 if the store can be read and written, else 0; checked every two seconds.",
		}, func() float64 {
			if s.health.current.Load().Healthy {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "nanomon_api_build_info", Help: "Always 1; the labels describe the build.",
			ConstLabels: prometheus.Labels{
				"version": s.config.Version, "build_info": s.config.BuildInfo, "store": s.config.StoreName,
			},
		}, func() float64 { return 1 }),
	)
}

// measure records the duration of every request by its route.
func (m *Metrics) measure(next http.Handler) http.Handler {
	route := promhttp.WithLabelFromRequest("route", routeOf)
	timed := promhttp.InstrumentHandlerTimeToWriteHeader(m.requests, next, route)
	return promhttp.InstrumentHandlerInFlight(m.inFlight, timed)
}

// routeOf returns the pattern of the route that served a request.
func routeOf(r *http.Request) string {
	if pattern := chi.RouteContext(r.Context()).RoutePattern(); pattern != "" {
		return pattern
	}
	return unmatched
}

// ObserveStore records a store operation, as a [store.Observe]. Errors that the store did not cause, such as a missing
// document or a canceled request, are not counted.
func (m *Metrics) ObserveStore(operation string, took time.Duration, err error) {
	m.storeTime.WithLabelValues(operation).Observe(took.Seconds())
	// This exports the counter with 0, so that the first error counts as an increase.
	failures := m.storeErrors.WithLabelValues(operation)
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, monitor.ErrNotFound),
		errors.Is(err, store.ErrWatchUnsupported), monitor.IsInvalid(err):
	default:
		failures.Inc()
	}
}

// metricsHandler serves the metrics.
type metricsHandler struct{ exporter http.Handler }

func newMetricsHandler(m *Metrics, log *slog.Logger) *metricsHandler {
	return &metricsHandler{promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorHandling:     promhttp.ContinueOnError,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	})}
}

func (h *metricsHandler) mount(to routes) {
	to.uncompressed.Get("/api/metrics", handle(func(w http.ResponseWriter, r *http.Request) error {
		h.exporter.ServeHTTP(w, r)
		return nil
	}))
}
