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

// unmatched stands for the route of a request that matches none: its path would be a new label value with each request.
const unmatched = "none"

// Metrics are what the API tells Prometheus of itself, at /api/metrics. Nothing is asked of the store when they are read.
// Make them with [NewMetrics].
type Metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec
	inFlight    prometheus.Gauge
	storeTime   *prometheus.HistogramVec
	storeErrors *prometheus.CounterVec
}

// NewMetrics makes the metrics of one server.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "nanomon_api_request_duration_seconds",
			Help:    "Time from a request's header to that of its answer, when an answer is ready but for an event stream's events.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "nanomon_api_requests_in_flight", Help: "Requests that are being answered, event streams among them.",
		}),
		storeTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "nanomon_api_store_duration_seconds", Help: "Time that operations on the store take, failed ones among them.",
			Buckets: []float64{.001, .005, .025, .1, .5, 1, 3, 10},
		}, []string{"operation"}),
		storeErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "nanomon_api_store_errors_total", Help: "Operations that the store failed at.",
		}, []string{"operation"}),
	}
	m.registry.MustRegister(m.requests, m.inFlight, m.storeTime, m.storeErrors,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// describe adds what s knows.
func (m *Metrics) describe(s *Server) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "nanomon_api_event_clients", Help: "Clients that read the event stream now.",
		}, func() float64 { return float64(s.events.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "nanomon_api_build_info", Help: "Always 1; the labels say what was built.",
			ConstLabels: prometheus.Labels{"version": s.config.Version, "build_info": s.config.BuildInfo, "store": s.config.StoreName},
		}, func() float64 { return 1 }),
	)
}

// measure counts and times every request by its route.
func (m *Metrics) measure(next http.Handler) http.Handler {
	timed := promhttp.InstrumentHandlerTimeToWriteHeader(m.requests, next, promhttp.WithLabelFromRequest("route", routeOf))
	return promhttp.InstrumentHandlerInFlight(m.inFlight, timed)
}

// routeOf is the pattern of the route that a request took.
func routeOf(r *http.Request) string {
	if pattern := chi.RouteContext(r.Context()).RoutePattern(); pattern != "" {
		return pattern
	}
	return unmatched
}

// ObserveStore is a [store.Observe]. That a document isn't there, that the caller gave up, or the like is no error of the store.
func (m *Metrics) ObserveStore(operation string, took time.Duration, err error) {
	m.storeTime.WithLabelValues(operation).Observe(took.Seconds())
	failures := m.storeErrors.WithLabelValues(operation) // 0 is told too, so that the first error is seen as a rise
	var invalid *monitor.InvalidError
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, monitor.ErrNotFound),
		errors.Is(err, store.ErrWatchUnsupported), errors.As(err, &invalid):
	default:
		failures.Inc()
	}
}

func (s *Server) bindMetrics(to routes) {
	told := promhttp.HandlerFor(s.config.Metrics.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorHandling:     promhttp.ContinueOnError,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	})
	to.reading.Get("/api/metrics", s.handle(func(w http.ResponseWriter, r *http.Request) error {
		told.ServeHTTP(w, r)
		return nil
	}))
}
