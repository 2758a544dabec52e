package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nanomon/services/api/replay"
	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/web"
)

const (
	// defaultRuleWindow is the time for which a rule is evaluated by default.
	defaultRuleWindow = "7d"
	// maxReplays is the maximum number of rules that are evaluated for stored results at the same time. Each may hold 100,000
	// results.
	maxReplays = 2
	// replayWait is how long a request waits for its turn.
	replayWait = 3 * time.Second
)

// ruleStore is the part of the store for rules.
type ruleStore interface {
	monitorGetter
	replay.Store
}

// ruleHandler validates rules and evaluates them for stored results.
type ruleHandler struct {
	store ruleStore
	types probe.Registry
	// turns has space for each rule that is evaluated for stored results.
	turns chan struct{}
}

func newRuleHandler(s ruleStore, types probe.Registry) *ruleHandler {
	return &ruleHandler{store: s, types: types, turns: make(chan struct{}, maxReplays)}
}

func (h *ruleHandler) mount(to routes) {
	to.protected.Post("/api/rules/check", handle(h.check))
	to.protected.Post("/api/rules/evaluate", handle(h.evaluate))
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
	if err := h.validate(draft.Type, draft.Rule, draft.Properties); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// validate validates a type, a rule and the properties capture and warn as part of an otherwise valid monitor.
func (h *ruleHandler) validate(monitorType, rule string, properties map[string]string) error {
	return check.Validate(h.types, monitor.Monitor{
		Name: "rule", Type: monitorType, Interval: "1m",
		Target: h.types[monitorType].Spec.ExampleTarget, Rule: rule,
		Properties: map[string]string{
			probe.Capture: properties[probe.Capture], monitor.Warn: properties[monitor.Warn],
		},
	})
}

// ruleQuestion is a rule to evaluate for the stored results of a monitor.
type ruleQuestion struct {
	Monitor string `json:"monitor"`
	Rule    string `json:"rule"`
	// Properties replaces properties of the monitor.
	Properties map[string]string `json:"properties"`
	// Window is the length of a period that ends now. From and To are dates in its place. All may be empty.
	Window string `json:"window"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// period returns the period of a question, in whole milliseconds.
func (q ruleQuestion) period() (from, to time.Time, err error) {
	query := make(url.Values)
	for name, text := range map[string]string{"window": q.Window, "from": q.From, "to": q.To} {
		if text != "" {
			query.Set(name, text)
		}
	}
	// Include the current millisecond.
	now := monitor.Date(time.Now()).Add(time.Millisecond)
	from, to, _, err = rangeParameters(query, defaultRuleWindow, now)
	return from, to, err
}

// evaluate answers how often a rule would have been violated. Its clients may see secrets, so nothing is masked.
func (h *ruleHandler) evaluate(w http.ResponseWriter, r *http.Request) error {
	asked, err := readObject[ruleQuestion](w, r)
	if err != nil {
		return err
	}
	question, err := h.question(r.Context(), asked)
	if err != nil {
		return err
	}
	if err := h.takeTurn(r.Context()); err != nil {
		return err
	}
	defer func() { <-h.turns }()
	answer, err := replay.Evaluate(r.Context(), h.store, h.types, question)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// question returns a valid question.
func (h *ruleHandler) question(ctx context.Context, asked ruleQuestion) (q replay.Question, err error) {
	q.Rule, q.Properties = asked.Rule, asked.Properties
	if q.From, q.To, err = asked.period(); err != nil {
		return q, err
	}
	switch {
	case asked.Monitor == "":
		return q, monitor.Invalidf("missing monitor: use the id of a monitor")
	case !monitor.ValidID(asked.Monitor):
		return q, monitor.Invalidf("invalid monitor %.50q: an id has 24 hexadecimal digits", asked.Monitor)
	case asked.Rule == "":
		return q, monitor.Invalidf("missing rule")
	}
	id := strings.ToLower(asked.Monitor)
	if q.Monitor, err = h.store.Monitor(ctx, id); err != nil {
		return q, unknownMonitor(id, err)
	}
	return q, h.validate(q.Monitor.Type, q.Rule, q.Draft().Properties)
}

// takeTurn waits until another rule may be evaluated for stored results.
func (h *ruleHandler) takeTurn(ctx context.Context) error {
	timer := time.NewTimer(replayWait)
	defer timer.Stop()
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-timer.C:
		return web.Problemf(http.StatusServiceUnavailable, "other rules are being evaluated; try again in a few seconds")
	case <-ctx.Done():
		return ctx.Err()
	}
}
