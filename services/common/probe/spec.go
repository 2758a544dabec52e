// Package probe checks targets: one file per monitor type, and the registry that names them.
// It knows neither store nor schedule.
package probe

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Kind says how the text of a property is read and which field a form shows for it.
type Kind string

const (
	// KindText is any text on one line.
	KindText Kind = "text"
	// KindLongText is text of several lines.
	KindLongText Kind = "longtext"
	// KindDuration is a positive Go duration such as 500ms.
	KindDuration Kind = "duration"
	// KindInteger is a whole number from Min to Max.
	KindInteger Kind = "integer"
	// KindBytes is a size in bytes: a whole number, alone or with KiB or MiB.
	KindBytes Kind = "bytes"
	// KindBool is true or false.
	KindBool Kind = "bool"
	// KindChoice is one of Choices.
	KindChoice Kind = "choice"
	// KindRegex is a regular expression in Go's syntax.
	KindRegex Kind = "regex"
	// KindStringMap is a JSON object whose values are strings.
	KindStringMap Kind = "stringmap"
)

// Property describes one setting of a monitor type.
type Property struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Default is what holds when the property is unset; empty when that means nothing at all.
	Default string `json:"default,omitempty"`
	// Doc is a sentence or two for the form and the reference, without markup.
	Doc string `json:"doc"`
	// Choices are the allowed values of a [KindChoice].
	Choices []string `json:"choices,omitempty"`
	// Min and Max bound a [KindInteger] or [KindBytes], and in milliseconds a [KindDuration]; 0 leaves that side open.
	Min int `json:"min,omitempty"`
	Max int `json:"max,omitempty"`
}

// HoldsText reports whether any text may be a part of the property's value.
func (p Property) HoldsText() bool {
	return p.Kind == KindText || p.Kind == KindLongText || p.Kind == KindRegex || p.Kind == KindStringMap
}

// OutputKind is the type of an output's value.
type OutputKind string

const (
	// OutputNumber is a float64.
	OutputNumber OutputKind = "number"
	// OutputString is a string.
	OutputString OutputKind = "string"
	// OutputBool is a bool.
	OutputBool OutputKind = "bool"
	// OutputNumberOrString is a number where the text reads as one, else a string.
	OutputNumberOrString OutputKind = "number or string"
)

// Output describes one figure that a check gives to rules and results.
type Output struct {
	// Name is what a rule calls it. A name that ends in "N" stands for a series: resultN for result1, result2 and so on.
	Name string     `json:"name"`
	Kind OutputKind `json:"kind"`
	// Unit is "ms", "bytes", "days", "percent", or empty.
	Unit string `json:"unit,omitempty"`
	Doc  string `json:"doc"`
	// RuleOnly marks an output that a rule may use and that is never stored or shown.
	RuleOnly bool `json:"ruleOnly,omitempty"`
}

// Spec describes a monitor type. The validation, the edit form, the reference and the API
// specification all follow from it.
type Spec struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	Doc   string `json:"doc"`
	// TargetDoc says what a target looks like, in a few words.
	TargetDoc string `json:"targetDoc"`
	// ExampleTarget is a target that is valid for the type.
	ExampleTarget string `json:"exampleTarget"`
	// ValueDoc says what a result's value is.
	ValueDoc   string     `json:"valueDoc"`
	Properties []Property `json:"properties"`
	Outputs    []Output   `json:"outputs"`
	// ExampleRule is a rule that is valid for the type.
	ExampleRule string `json:"exampleRule"`
	// RuleHint says in a sentence or two what rules are good for here.
	RuleHint string `json:"ruleHint"`
}

// Outcome is what one run of a probe found.
type Outcome struct {
	// Value is the type's main figure; see [Spec.ValueDoc].
	Value float64
	// Outputs hold float64, string and bool values by the names of the Spec.
	Outputs map[string]any
	// Err is set when there was no answer; it says why in words for people. Value and Outputs
	// then hold what was found before.
	Err error
}

// Probe is one monitor's target and settings, ready to run. One Probe is not run twice at a time.
type Probe interface {
	// Run checks the target once. It ends by itself at the monitor's timeout, or when ctx ends.
	Run(ctx context.Context) Outcome
	// Close gives up what is kept between runs.
	Close()
}

// Type is a monitor type: what it looks like and how to make a probe of it.
type Type struct {
	Spec Spec
	// New makes a probe. It touches no network. The error is a monitor.InvalidError that names
	// the target or the property at fault.
	New func(target string, settings Settings) (Probe, error)
}

// Registry holds the monitor types by name.
type Registry map[string]Type

// Names lists the types in alphabetical order.
func (r Registry) Names() []string {
	return slices.Sorted(maps.Keys(r))
}

// Specs lists the types' descriptions in alphabetical order, with the properties that all types share.
func (r Registry) Specs() []Spec {
	specs := make([]Spec, 0, len(r))
	for _, name := range r.Names() {
		spec := r[name].Spec
		spec.Properties = append(slices.Clone(spec.Properties), CommonProperties()...)
		specs = append(specs, spec)
	}
	return specs
}

var seriesNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

// HasOutput reports whether a rule for the type may use name.
func (s Spec) HasOutput(name string) bool {
	return slices.ContainsFunc(s.Outputs, func(o Output) bool {
		series, isSeries := strings.CutSuffix(o.Name, "N")
		number, inSeries := strings.CutPrefix(name, series)
		return o.Name == name || isSeries && inSeries && seriesNumber.MatchString(number)
	})
}
