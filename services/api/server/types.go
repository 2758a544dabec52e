package server

import (
	"net/http"

	"nanomon/services/common/web"
)

func (s *Server) bindTypes(to routes) {
	to.reading.Get("/api/monitor-types", s.handle(s.listTypes))
}

func (s *Server) listTypes(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, s.types.Specs())
}
