package server

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/common/web"
)

// BenchmarkOutputs requests the outputs of an HTTP monitor whose old hours are sealed.
func BenchmarkOutputs(b *testing.B) {
	for _, c := range []struct {
		window   string
		length   time.Duration
		interval time.Duration
	}{{"24h", day, 30 * time.Second}, {"30d", 30 * day, time.Minute}} {
		b.Run(fmt.Sprintf("%s, every %s", c.window, c.interval), func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "nanomon.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			fillOutputs(b, s, c.length, c.interval)
			router := chi.NewRouter()
			newOutputHandler(s, probe.All(probe.Guard{})).mount(routes{reading: router.With(web.Compress)})
			size := 0
			for b.Loop() {
				request := httptest.NewRequest("GET", "http://localhost/api/monitors/"+idA+"/outputs?window="+c.window, nil)
				request.Header.Set("Accept-Encoding", "gzip")
				answer := httptest.NewRecorder()
				router.ServeHTTP(answer, request)
				if size = answer.Body.Len(); answer.Code != 200 {
					b.Fatal(answer.Code, answer.Body)
				}
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

// fillOutputs stores monitor A and its results, and seals them.
func fillOutputs(b *testing.B, s *sqlite.Store, length, interval time.Duration) {
	b.Helper()
	if err := s.CreateMonitor(b.Context(), monitorA); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	number := func() float64 { return math.Round(1000*rand.ExpFloat64()*20) / 1000 }
	var batch store.Batch
	for at := now.Add(-length); at.Before(now); at = at.Add(interval) {
		r := monitor.Result{ID: monitor.NewID(at), Date: monitor.Date(at), MonitorID: idA, MonitorName: "alpha"}
		r.Outputs = map[string]any{
			"respTime": number(), "status": 200.0, "bodyLen": 5120.0, "certExpiryDays": 42.0, "bodyTruncated": false, "dnsTime": number(),
			"connectTime": number(), "tlsTime": number(), "firstByteTime": number(), "ipAddress": "192.0.2.17", "finalUrl": "https://www.example.net/",
		}
		batch.Results = append(batch.Results, r)
	}
	if err := s.AppendBatch(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
	if err := s.Seal(b.Context(), now); err != nil {
		b.Fatal(err)
	}
}
