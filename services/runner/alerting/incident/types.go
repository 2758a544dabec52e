package incident

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
)

// Types describes the monitor types to the evaluator.
type Types interface {
	// Secrets describes the properties of the types, to mask notifications.
	Secrets() secret.Properties
	// Host returns the host that the checks of m connect to, in lower case; empty if they connect to none.
	Host(m monitor.Monitor) string
	// MaxDuration returns the maximum duration of a check of m.
	MaxDuration(m monitor.Monitor) time.Duration
	// IsPush reports whether the results of m come from pings.
	IsPush(m monitor.Monitor) bool
}
