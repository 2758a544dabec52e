package server

import (
	"crypto/sha256"
	"fmt"
	"net/http"

	spec "nanomon/api"
)

func (s *Server) bindSpecification(to routes) {
	to.open.Get("/api/openapi.yaml", s.handle(s.specification))
}

// specification serves the OpenAPI document. It needs no sign-in, since it describes how to sign in.
func (s *Server) specification(w http.ResponseWriter, r *http.Request) error {
	document := spec.Specification()
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(document))
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/yaml")
	_, _ = w.Write(document) // the client may have disconnected
	return nil
}
