package main

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"nanomon/services/runner/health"
)

func TestSealingIsReportedOnce(t *testing.T) {
	var problems health.Problems
	var text strings.Builder
	report := reportSealing(&problems, slog.New(slog.NewTextHandler(&text, nil)))
	full := errors.New("the disk with the database has only 5 MB left, and sealing needs 64 MB: free disk space")
	for _, err := range []error{nil, full, full} {
		report(err)
	}
	want := []string{"Old results can't be sealed. They are kept but take more disk space: " + full.Error() + "."}
	if list := problems.List(); !slices.Equal(list, want) {
		t.Errorf("the problems are %q, want %q", list, want)
	}
	report(nil)
	if list := problems.List(); len(list) > 0 {
		t.Errorf("the problems are %q after a success, want none", list)
	}
	if lines := strings.Count(text.String(), "\n"); lines != 2 || !strings.Contains(text.String(), "only 5 MB left") {
		t.Errorf("the log has %d lines, want one for the failure and one for its end:\n%s", lines, &text)
	}
}
