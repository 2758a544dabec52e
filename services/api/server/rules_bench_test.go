package server

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/probe"
	"nanomon/services/common/store/sqlite"
)

// BenchmarkEvaluateRule evaluates rules for the results of 7 days, which are sealed.
func BenchmarkEvaluateRule(b *testing.B) {
	for name, interval := range map[string]time.Duration{"every minute": time.Minute, "every second": time.Second} {
		s, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "nanomon.db")})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		fillOutputs(b, s, 7*day, interval)
		router := chi.NewRouter()
		newRuleHandler(s, probe.All(probe.Guard{})).mount(routes{protected: router})
		for _, rule := range []string{
			"status == 200 && respTime < 100", "respTime < 3 * avg(30) || count('error', 5) < 2", "finalUrl =~ 'example.(net|org)'",
		} {
			b.Run(name+" "+rule, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					body := strings.NewReader(`{"monitor":"` + idA + `","rule":"` + rule + `"}`)
					answer := httptest.NewRecorder()
					router.ServeHTTP(answer, httptest.NewRequest("POST", "http://localhost/api/rules/evaluate", body))
					if answer.Code != 200 {
						b.Fatal(answer.Code, answer.Body)
					}
				}
			})
		}
	}
}
