package notify

// What the tests, which import alertingtest and so can't be in this package, need to know about it.
const (
	MaxConcurrent      = maxConcurrent
	AttemptTimeout     = attemptTimeout
	RetryPeriod        = retryPeriod
	PollInterval       = pollInterval
	SendGrace          = sendGrace
	StoreFailureDelay  = storeFailureDelay
	KnownFailureDelay  = knownFailureDelay
	StoreRecoveryDelay = storeRecoveryDelay
)

var (
	RetryDelays    = retryDelays
	FormatDuration = formatDuration
)
