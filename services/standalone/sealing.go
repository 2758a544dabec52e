package main

import (
	"context"
	"log/slog"

	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/runner/health"
)

// sealingProblem is the key of the problem that results can't be sealed.
const sealingProblem = "sealing"

// keepSealing seals old results until ctx ends. If that fails, the log says so once, and the heartbeat lists it as a
// problem; storing goes on.
func keepSealing(ctx context.Context, db *sqlite.Store, problems *health.Problems, log *slog.Logger) {
	failures := store.FailureLog{
		Log: log, Failed: "could not seal old results; they take more disk space until then", Recovered: "sealed old results again",
	}
	db.KeepSealing(ctx, func(err error) {
		failures.Record(err)
		if err == nil {
			problems.Clear(sealingProblem)
			return
		}
		problems.Set(sealingProblem, "Old results can't be sealed. They are kept but take more disk space: "+err.Error()+".")
	})
}
