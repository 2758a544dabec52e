package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nanomon/tests/support/servicetest"
)

const (
	// bareVariable is the environment variable with the settings of a bare program. This program starts itself with it.
	bareVariable = "NANOMON_BENCH_BARE"
	// slot is the time between two bursts of the bare loop. The runner starts checks at the same spacing.
	slot = 50 * time.Millisecond
)

// bareSettings are the settings of a bare program: the least that Go's standard library needs for the work of NanoMon.
type bareSettings struct {
	// Target is the URL of the requests; empty for a server only.
	Target string `json:"target"`
	// Rate is the number of requests per second, each on a new connection.
	Rate int `json:"rate"`
}

// startBare starts a bare program, pinned to the CPU on which NanoMon's services run.
func startBare(t testing.TB, settings bareSettings) process {
	t.Helper()
	encoded, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path)
	command.Env = []string{bareVariable + "=" + string(encoded)}
	var service *servicetest.Service
	pinned(t, func() { service = servicetest.StartCommand(t, command) })
	url := service.WaitLog(t, `ready (\S+)`)[1]
	return process{service: service, url: url, metrics: url + "/metrics"}
}

// runBare is the main function of a bare program. It only returns if it fails.
func runBare(encoded string) error {
	var settings bareSettings
	if err := json.Unmarshal([]byte(encoded), &settings); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	lateness := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: latenessMetric, Help: "As in the runner.", Buckets: latenessBuckets,
	})
	failed := prometheus.NewCounter(prometheus.CounterOpts{Name: skippedMetric, Help: "Requests that failed."})
	registry := prometheus.NewRegistry()
	registry.MustRegister(lateness, failed, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /bytes/{n}", serveBytes)
	mux.HandleFunc("GET /events", serveEvents)
	if settings.Target != "" {
		go runLoop(settings, lateness, failed)
	}
	fmt.Println("ready http://" + listener.Addr().String())
	return http.Serve(listener, mux)
}

// runLoop sends requests until the process ends, in a burst at the start of each slot. It records the time from the start
// of the slot to the start of the request, and counts requests that fail, as they do at a rate that is too high.
func runLoop(settings bareSettings, lateness prometheus.Histogram, failed prometheus.Counter) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	send := func(due time.Time) {
		lateness.Observe(time.Since(due).Seconds())
		response, err := client.Get(settings.Target)
		if err != nil {
			failed.Inc()
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	timer, sent := time.NewTimer(0), 0
	for n, due := 1, time.Now(); ; n, due = n+1, due.Add(slot) {
		timer.Reset(time.Until(due))
		<-timer.C
		for ; sent < settings.Rate*n/int(time.Second/slot); sent++ {
			go send(due)
		}
	}
}

// serveBytes serves a body of n bytes.
func serveBytes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(make([]byte, n))
}

// serveEvents sends a line each second until the client disconnects.
func serveEvents(w http.ResponseWriter, r *http.Request) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		_, _ = io.WriteString(w, "data: tick\n\n")
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}
