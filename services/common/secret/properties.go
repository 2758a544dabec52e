package secret

import (
	"maps"
	"slices"

	"nanomon/services/common/monitor"
)

// Property describes what a property of a monitor type contains.
type Property struct {
	// Map reports whether the text is a JSON object of strings.
	Map bool
	// Secret reports whether the text is secret; if it is a JSON object of strings, its values are.
	Secret bool
}

// Search describes a property whose text is searched for in the answers of targets. What is found may contain a secret,
// even if it is a number.
type Search struct {
	// Property is the name of the property.
	Property string
	// Output is the name of the output with the text that was found. If this is a number, it is also the value of the
	// result; otherwise the value is that of the output Value.
	Output, Value string
	// Text is the name of the output with the same text, never as a number; empty if there is none.
	Text string
}

// Properties describes the properties of all monitor types.
type Properties struct {
	// Of describes the property with the given name of a monitor type. A property that the type does not have must be
	// described as secret, because its meaning is unknown.
	Of func(monitorType, name string) Property
	// Searches maps each monitor type to its properties that search the answers of targets.
	Searches map[string][]Search
	// HasOutput reports whether a monitor type has an output. The other outputs of a result are captured: they were found
	// in the answer of the target, like the output of a [Search]. nil means that there are no captured outputs.
	HasOutput func(monitorType, output string) bool
}

// newScrubber returns a scrubber for the results of monitors of a type; nil if there are no patterns.
func (p Properties) newScrubber(monitorType string, patterns []pattern) *Scrubber {
	s := newScrubber(patterns, p.Searches[monitorType])
	if s != nil && p.HasOutput != nil {
		s.isCaptured = func(output string) bool { return !p.HasOutput(monitorType, output) }
	}
	return s
}

// MayShowAnswer reports whether r, a result of a monitor of any type, may contain a part of the answer of the target.
func (p Properties) MayShowAnswer(r monitor.Result) bool {
	if r.Message != "" {
		return true
	}
	for monitorType, searches := range p.Searches {
		isFound := func(output string) bool {
			isSearched := slices.ContainsFunc(searches, func(s Search) bool { return s.Output == output })
			return isSearched || p.HasOutput != nil && !p.HasOutput(monitorType, output)
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(r.Outputs)), isFound) {
			return false // All outputs are measurements of this type.
		}
	}
	return true
}
