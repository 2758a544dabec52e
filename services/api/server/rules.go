package server

import (
	"net/http"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
)

func (s *Server) bindRules(to routes) {
	to.protected.Post("/api/rules/check", s.handle(s.checkRule))
}

// checkRule judges the type and the rule of a body by the rest of a valid monitor.
func (s *Server) checkRule(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return err
	}
	given, err := decodeMonitor(data)
	if err != nil {
		return err
	}
	err = check.Validate(s.types, monitor.Monitor{
		Name: "rule", Type: given.Type, Interval: "1m", Target: s.types[given.Type].Spec.ExampleTarget, Rule: given.Rule,
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
