package incident

import "nanomon/services/common/secret"

// Types describes the monitor types to the evaluator.
type Types interface {
	// Secrets describes the properties of the types, to mask notifications.
	Secrets() secret.Properties
}
