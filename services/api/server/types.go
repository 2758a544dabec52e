package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/web"
)

func (s *Server) bindTypes(r chi.Router) {
	r.Get("/api/monitor-types", s.handle(s.listTypes))
}

func (s *Server) listTypes(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, s.types.Specs())
}
