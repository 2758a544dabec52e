package server

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/common/web"
)

// BenchmarkChanges requests the pages of status changes that take longest: a search through as many entries of the log as
// are read for a page, and a page whose results are in many sealed hours.
func BenchmarkChanges(b *testing.B) {
	s, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "nanomon.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	fillOutputs(b, s, 30*day, 10*time.Second)
	newest, err := s.Results(b.Context(), store.ResultFilter{Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	fillChanges(b, s, newest[0].Date)
	router := chi.NewRouter()
	newResultHandler(s, probe.All(probe.Guard{}).Secrets()).mount(routes{reading: router.With(web.Compress), protected: router})
	for name, query := range map[string]string{
		"100 changes in 3 days":                     "&status=2",
		"1000 changes in 34 days":                   "&max=1000&status=2",
		"a status that never occurs":                "&status=1",
		"a status that never occurs, before a date": "&status=1&to=" + time.Now().Add(-60*day).UTC().Format(time.RFC3339),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				answer := httptest.NewRecorder()
				router.ServeHTTP(answer, httptest.NewRequest("GET", "http://localhost"+changesPath+query, nil))
				if answer.Code != 200 {
					b.Fatal(answer.Code, answer.Body)
				}
			}
		})
	}
}

// fillChanges logs a status change every 10 minutes for 400 days, the newest one at a date. One of five is to the status
// failed.
func fillChanges(b *testing.B, s *sqlite.Store, newest time.Time) {
	b.Helper()
	statuses := []string{"ok", "unchecked", "ok", "failed", "unchecked"}
	var batch store.Batch
	for i := range 400 * 144 {
		batch.StatusChanges = append(batch.StatusChanges, store.StatusChange{
			MonitorID: idA, Date: newest.Add(-time.Duration(i) * 10 * time.Minute), Kind: store.ChangeStatus,
			From: statuses[(i+1)%len(statuses)], To: statuses[i%len(statuses)],
		})
	}
	if err := s.AppendBatch(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
}
