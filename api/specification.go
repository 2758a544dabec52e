// Package api embeds the OpenAPI specification of the HTTP API.
package api

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the specification
	"io"
	"sync"
)

//go:embed openapi.yaml.gz
var compressed []byte

// Specification returns the OpenAPI document in YAML. The caller must not modify it.
func Specification() []byte { return specification() }

var specification = sync.OnceValue(func() []byte {
	unzipped, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic(err) // the tests check the embedded file
	}
	document, err := io.ReadAll(unzipped)
	if err != nil {
		panic(err)
	}
	return document
})
