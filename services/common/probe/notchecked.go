package probe

// Cause is the reason why a check was not made.
type Cause string

// CauseMemory means that there is not enough memory.
const CauseMemory Cause = "memory"

// NotCheckedError means that a runner could not make a check for a reason of its own. It says nothing about the target,
// so there is no result.
type NotCheckedError struct {
	Cause Cause
	// Text says what is wrong with the runner and what to do.
	Text string
}

// Error implements error.
func (e *NotCheckedError) Error() string { return "not checked: " + e.Text }
