package server

import (
	"crypto/sha256"
	"fmt"
	"net/http"

	spec "nanomon/api"
	"nanomon/services/common/web"
)

// specificationHandler serves the OpenAPI document.
type specificationHandler struct {
	document []byte
	tag      string
}

func newSpecificationHandler() *specificationHandler {
	document := spec.Specification()
	return &specificationHandler{document: document, tag: fmt.Sprintf(`"%x"`, sha256.Sum256(document))}
}

func (h *specificationHandler) mount(to routes) {
	to.open.Get("/api/openapi.yaml", handle(h.get))
}

// get serves the OpenAPI document. It needs no sign-in, since it describes how to sign in.
func (h *specificationHandler) get(w http.ResponseWriter, r *http.Request) error {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", h.tag)
	if web.NotModified(w, r, h.tag) {
		return nil
	}
	header.Set("Content-Type", "application/yaml")
	_, _ = w.Write(h.document) // the client may have disconnected
	return nil
}
