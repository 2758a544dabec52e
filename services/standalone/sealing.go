package main

import (
	"log/slog"

	"nanomon/services/common/store"
	"nanomon/services/runner/health"
)

// sealingProblem is the key of the problem that results can't be sealed.
const sealingProblem = "sealing"

// reportSealing returns a function that receives the outcomes of sealing. If sealing fails, the log says so once, and the
// heartbeat lists it as a problem.
func reportSealing(problems *health.Problems, log *slog.Logger) func(err error) {
	failures := store.FailureLog{
		Log: log, Failed: "could not seal old results; they take more disk space until then", Recovered: "sealed old results again",
	}
	return func(err error) {
		failures.Record(err)
		if err == nil {
			problems.Clear(sealingProblem)
			return
		}
		problems.Set(sealingProblem, "Old results can't be sealed. They are kept but take more disk space: "+err.Error()+".")
	}
}
