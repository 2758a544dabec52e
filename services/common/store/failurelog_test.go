package store

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFailureLogLogsEachFailureOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		handler := slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
		failed := 0
		f := FailureLog{
			Log: slog.New(handler), Failed: "broken", Recovered: "works", Args: []any{"operation", "read"},
			Observe: func(err error) {
				if err != nil {
					failed++
				}
			},
		}
		for _, failing := range []bool{false, true, true, false, false, true} {
			var err error
			if failing {
				err = errors.New("no answer")
			}
			f.Record(err)
			time.Sleep(time.Second)
		}
		const want = `level=WARN msg=broken operation=read error="no answer"
level=INFO msg=works operation=read duration=2s
level=WARN msg=broken operation=read error="no answer"
`
		if got := text.String(); got != want || failed != 3 {
			t.Errorf("observed %d failures, logged\n%swant\n%s", failed, got, want)
		}
	})
}
