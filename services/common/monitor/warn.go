package monitor

// Names of properties that change what the status of a result means.
const (
	// Warn is the name of the property with the expression that is true if an OK result has a warning.
	Warn = "warn"
	// Invert is the name of the property that makes a check OK exactly if no connection to the target is possible.
	Invert = "invert"
)

// IsInverted reports whether the check of m is OK exactly if no connection to the target is possible.
func (m Monitor) IsInverted() bool { return m.Properties[Invert] == "true" }
