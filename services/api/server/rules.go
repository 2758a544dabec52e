package server

import (
	"net/http"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// ruleHandler validates rules.
type ruleHandler struct{ types probe.Registry }

func newRuleHandler(types probe.Registry) *ruleHandler { return &ruleHandler{types: types} }

func (h *ruleHandler) mount(to routes) {
	to.protected.Post("/api/rules/check", handle(h.check))
}

// check validates the type, the rule and the properties capture and warn in the body as part of an otherwise valid
// monitor.
func (h *ruleHandler) check(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return err
	}
	draft, err := decodeMonitor(data)
	if err != nil {
		return err
	}
	err = check.Validate(h.types, monitor.Monitor{
		Name: "rule", Type: draft.Type, Interval: "1m",
		Target: h.types[draft.Type].Spec.ExampleTarget, Rule: draft.Rule,
		Properties: map[string]string{
			probe.Capture: draft.Properties[probe.Capture], monitor.Warn: draft.Properties[monitor.Warn],
		},
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
