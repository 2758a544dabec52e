// Package api holds the specification of the HTTP interface, embedded.
package api

import _ "embed"

//go:embed openapi.yaml
var specification []byte

// Specification is the OpenAPI document, in YAML. It must not be changed.
func Specification() []byte { return specification }
