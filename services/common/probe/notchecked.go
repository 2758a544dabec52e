package probe

// NotCheckedError means that NanoMon itself could not run the check, for example for lack of memory. It says nothing
// about the target, so there is no result.
type NotCheckedError struct {
	// Reason explains to users why the check did not run.
	Reason string
}

// Error implements error.
func (e *NotCheckedError) Error() string { return "not checked: " + e.Reason }
