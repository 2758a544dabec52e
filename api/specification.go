// Package api embeds the OpenAPI specification of the HTTP API.
package api

import _ "embed"

//go:embed openapi.yaml
var specification []byte

// Specification returns the OpenAPI document in YAML. The caller must not modify it.
func Specification() []byte { return specification }
