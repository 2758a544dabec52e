package server

import (
	"net/http"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
)

func (s *Server) bindRules(to routes) {
	to.protected.Post("/api/rules/check", s.handle(s.checkRule))
}

// checkRule validates the type and the rule in the body as part of an otherwise valid monitor.
func (s *Server) checkRule(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return err
	}
	draft, err := decodeMonitor(data)
	if err != nil {
		return err
	}
	err = check.Validate(s.types, monitor.Monitor{
		Name: "rule", Type: draft.Type, Interval: "1m",
		Target: s.types[draft.Type].Spec.ExampleTarget, Rule: draft.Rule,
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
