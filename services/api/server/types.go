package server

import (
	"net/http"

	"nanomon/services/common/probe"
	"nanomon/services/common/web"
)

// typeHandler serves the monitor types.
type typeHandler struct{ types probe.Registry }

func newTypeHandler(types probe.Registry) *typeHandler { return &typeHandler{types: types} }

func (h *typeHandler) mount(to routes) {
	to.reading.Get("/api/monitor-types", handle(h.list))
}

func (h *typeHandler) list(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, h.types.Specs())
}
