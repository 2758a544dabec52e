// Package probe implements the checks of each monitor type, and the registry of the types. It depends on no store.
package probe

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
)

// Kind determines how the text of a property is parsed and which form field shows it.
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
	// KindPercent is a number above 0 and up to 100; see [monitor.ParsePercent].
	KindPercent Kind = "percent"
	// KindBool is true or false.
	KindBool Kind = "bool"
	// KindChoice is one of Choices.
	KindChoice Kind = "choice"
	// KindRegex is a regular expression in Go's syntax.
	KindRegex Kind = "regex"
	// KindStringMap is a JSON object whose values are strings.
	KindStringMap Kind = "stringmap"
	// KindExpression is an expression over the outputs of the type, in the language of rules. This package does not parse
	// it.
	KindExpression Kind = "expression"
)

// Property describes one setting of a monitor type.
type Property struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Default is the value of an unset property; empty if it has none.
	Default string `json:"default,omitempty"`
	// Doc describes the property in one or two sentences without markup, for the form and the reference.
	Doc string `json:"doc"`
	// Secret marks a property whose text is secret; of a [KindStringMap], the values are. Only clients that may change
	// monitors see it.
	Secret bool `json:"secret,omitempty"`
	// Choices lists the allowed values of a [KindChoice].
	Choices []string `json:"choices,omitempty"`
	// Min and Max limit a [KindInteger], a [KindBytes] or, in milliseconds, a [KindDuration]; 0 means no limit.
	Min int `json:"min,omitempty"`
	Max int `json:"max,omitempty"`
}

// AcceptsText reports whether the value of the property may contain arbitrary text.
func (p Property) AcceptsText() bool {
	switch p.Kind {
	case KindText, KindLongText, KindRegex, KindStringMap, KindExpression:
		return true
	}
	return false
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
	// OutputNumberOrString is a float64 if the text is a number, otherwise a string.
	OutputNumberOrString OutputKind = "number or string"
)

// Output describes one measurement of a check, for rules and results.
type Output struct {
	// Name is the name of the output in rules. A name that ends in "N" is a series: resultN means result1, result2 and
	// so on.
	Name string     `json:"name"`
	Kind OutputKind `json:"kind"`
	// Title is the heading of a chart of the output: a few words without the unit. Only numbers have one.
	Title string `json:"title,omitempty"`
	// Unit is "ms", "bytes", "days", "percent", or empty.
	Unit string `json:"unit,omitempty"`
	Doc  string `json:"doc"`
	// RuleOnly marks an output that only rules may use. It is never stored or shown.
	RuleOnly bool `json:"ruleOnly,omitempty"`
	// EmptyIfAbsent marks an output that rules compare as an empty text if the check did not produce it.
	EmptyIfAbsent bool `json:"emptyIfAbsent,omitempty"`
}

// Headers is the name of the hidden output with the headers of a response, an [net/http.Header]. A rule can't write the
// name: it uses a function. Types with the output body have it, unless they are [Spec.Push] types. A check produces it if
// the rule of its monitor uses it.
const Headers = "\x00headers"

// Spec describes a monitor type. The validation, the form, the reference and the API specification are derived from it.
type Spec struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	Doc   string `json:"doc"`
	// Push marks a type whose results come from pings. Its monitors can't be checked on demand, their target is a
	// schedule, and the API computes their interval from it.
	Push bool `json:"push,omitempty"`
	// TargetDoc describes the form of a target in a few words.
	TargetDoc string `json:"targetDoc"`
	// ExampleTarget is a valid target.
	ExampleTarget string `json:"exampleTarget"`
	// ValueDoc describes the value of a result.
	ValueDoc   string     `json:"valueDoc"`
	Properties []Property `json:"properties"`
	Outputs    []Output   `json:"outputs"`
	// ExampleRule is a valid rule.
	ExampleRule string `json:"exampleRule"`
	// RuleHint explains in one or two sentences how to use rules with this type.
	RuleHint string `json:"ruleHint"`
}

// IsNumeric reports whether stored results may contain a number for the output, so that it can be shown in a chart.
func (o Output) IsNumeric() bool {
	return !o.RuleOnly && (o.Kind == OutputNumber || o.Kind == OutputNumberOrString)
}

// Outcome holds the measurements of one run of a probe, or its error.
type Outcome struct {
	// Value is the main measurement of the type; see [Spec.ValueDoc].
	Value float64
	// Outputs maps the output names of the Spec to float64, string or bool values. It may contain [Headers] too.
	Outputs map[string]any
	// Document is the parsed body, and NoDocument a [jsonbody.Error] if it is not JSON. Both are nil if the probe has not
	// parsed it.
	Document   *jsonbody.Document
	NoDocument error
	// Names means that the texts in Outputs are domain names. Rules compare them without regard to case and final dots.
	Names bool
	// Contact reports whether a connection to the target was possible. Only types with [monitor.Invert] set it, and only
	// together with Err; without Err, a connection was possible.
	Contact Contact
	// Err explains to users why there was no answer; nil if there was one. If it is set, Value and Outputs hold the
	// measurements before the error.
	Err error
}

// Probe checks the target of one monitor with its settings. Run must not be called concurrently.
type Probe interface {
	// Run checks the target once. It returns at the monitor's timeout, or when ctx ends.
	Run(ctx context.Context) Outcome
	// Close closes the connections that are kept between runs.
	Close()
}

// Type is a monitor type: its description, the constructor of its probes, and what else depends on the type.
type Type struct {
	Spec Spec
	// Host returns the host that the checks of a monitor connect to, alone, with a port or in a URL; nil means that it is
	// the one in the target.
	Host func(m monitor.Monitor) string
	// MaxDuration returns the maximum duration of a check; nil means that it is the property timeout. The settings contain
	// only durations and numbers.
	MaxDuration func(settings Settings) time.Duration
	// Names reports whether the texts in the outputs of a monitor are domain names, see [Outcome.Names]; nil means that
	// they never are.
	Names func(properties map[string]string) bool
	// Searches lists the properties that search the answers of targets.
	Searches []secret.Search
	// CanonicalTarget returns a target as it is stored, and an invalid target unchanged; nil means that targets are stored
	// as they are.
	CanonicalTarget func(target string) string
	// Interval returns the interval of a monitor whose results do not come at an interval that users choose; nil means
	// that they choose it. The interval of an invalid monitor is valid.
	Interval func(m monitor.Monitor) time.Duration
	// New returns a probe. It does not access the network. The error is a [monitor.InvalidError] that names the invalid
	// target or property.
	New func(target string, settings Settings) (Probe, error)
}

// Registry maps names to monitor types.
type Registry map[string]Type

// Names returns the names of the types in alphabetical order.
func (r Registry) Names() []string {
	return slices.Sorted(maps.Keys(r))
}

// Specs returns the specs of the types in alphabetical order, including the [CommonProperties].
func (r Registry) Specs() []Spec {
	specs := make([]Spec, 0, len(r))
	for _, name := range r.Names() {
		spec := r[name].Spec
		spec.Properties = append(slices.Clone(spec.Properties), CommonProperties()...)
		specs = append(specs, spec)
	}
	return specs
}

// Secrets returns what the properties of the types contain, to mask monitors and to resolve their references to
// secrets.
func (r Registry) Secrets() secret.Properties {
	searches := make(map[string][]secret.Search)
	for name, t := range r {
		searches[name] = t.Searches
	}
	return secret.Properties{Of: r.contents, Searches: searches, HasOutput: r.hasOutput}
}

// hasOutput reports whether a type has an output. Captured outputs do not belong to a type.
func (r Registry) hasOutput(monitorType, name string) bool {
	_, exists := r[monitorType].Spec.Output(name)
	return exists
}

// contents describes a property. The text of a property that the type does not have is secret as a whole.
func (r Registry) contents(monitorType, name string) secret.Property {
	p, exists := r.property(monitorType, name)
	if !exists {
		return secret.Property{Secret: true}
	}
	return secret.Property{Map: p.Kind == KindStringMap, Secret: p.Secret}
}

var seriesNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

// Output returns the output called name, and whether the type has one.
func (s Spec) Output(name string) (Output, bool) {
	if name == Headers {
		_, readsBody := s.Output("body")
		return Output{Name: Headers, RuleOnly: true}, readsBody && !s.Push
	}
	i := slices.IndexFunc(s.Outputs, func(o Output) bool {
		series, isSeries := strings.CutSuffix(o.Name, "N")
		number, inSeries := strings.CutPrefix(name, series)
		return o.Name == name || isSeries && inSeries && seriesNumber.MatchString(number)
	})
	if i < 0 {
		return Output{}, false
	}
	return s.Outputs[i], true
}
