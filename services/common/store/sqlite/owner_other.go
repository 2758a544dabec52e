//go:build !unix

package sqlite

// inheritOwner does nothing: new files inherit the permissions of their folder.
func inheritOwner(string, ...string) error { return nil }
