package replay

import (
	"encoding/json"
	"maps"
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
	"nanomon/services/common/secret"
)

// A cell holds the output of a result: the value, nil if the check did not produce it, or one of these.
type (
	// unknown means that the check may have produced the output although the result lacks it.
	unknown struct{}
	// noMatch means that the result lacks an output that is absent if a search finds nothing.
	noMatch struct{}
	// part means that the check has produced another value than the result contains: a longer text, or a secret.
	part struct{ text string }
)

// column is an output that the rule uses.
type column struct {
	name   string
	spec   probe.Spec
	output probe.Output
	// isOther is true if the results contain the output for another property than the question has.
	isOther bool
	// wasFound is true if an earlier result has the output.
	wasFound bool
}

// Draft returns the monitor with the rule and the properties of a question.
func (q Question) Draft() monitor.Monitor {
	draft := q.Monitor
	draft.Rule, draft.Properties = q.Rule, maps.Clone(draft.Properties)
	if draft.Properties == nil {
		draft.Properties = make(map[string]string)
	}
	maps.Copy(draft.Properties, q.Properties)
	return draft
}

// columnsOf returns the outputs that a rule uses.
func columnsOf(types probe.Registry, stored, draft monitor.Monitor, compiled *rule.Rule) []column {
	own := types[draft.Type]
	spec := own.Spec.ForProperties(draft.Properties)
	paths, newPaths := capturePaths(stored), capturePaths(draft)
	isOther := func(name string) bool {
		if _, isOwn := own.Spec.Output(name); !isOwn {
			return paths[name] != newPaths[name]
		}
		return slices.ContainsFunc(own.Searches, func(s secret.Search) bool {
			return (s.Output == name || s.Text == name) && stored.Properties[s.Property] != draft.Properties[s.Property]
		})
	}
	names := compiled.StoredOutputs()
	columns := make([]column, len(names))
	for i, name := range names {
		output, _ := spec.Output(name)
		columns[i] = column{name: name, spec: spec, output: output, isOther: isOther(name)}
	}
	return columns
}

// capturePaths returns the paths of captured numbers by their names.
func capturePaths(m monitor.Monitor) map[string]string {
	var paths map[string]string
	_ = json.Unmarshal([]byte(m.Properties[probe.Capture]), &paths) // An invalid property captures nothing.
	return paths
}

// cell returns the cell for the outputs of a result.
func (c column) cell(outputs map[string]any) any {
	value, exists := outputs[c.name]
	switch {
	case c.isOther:
		return unknown{}
	case exists && c.isPart(value):
		return part{value.(string)}
	case exists:
		return value
	case c.output.EmptyIfAbsent:
		return noMatch{}
	case c.spec.IsAbsent(c.name, outputs):
		return nil
	}
	return unknown{}
}

// isPart reports whether a stored value is another one than that of the check.
func (c column) isPart(value any) bool {
	text, isText := value.(string)
	return isText && (c.output.Kind == probe.OutputNumber || !probe.IsWhole(text) || secret.HasReference(text))
}

// isAnswered reports whether the target has answered a check, so that the rule was evaluated.
func isAnswered(r monitor.Result) bool {
	return r.Status != monitor.StatusFailed || rule.IsEvalError(r.Message)
}
