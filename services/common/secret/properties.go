package secret

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
}
