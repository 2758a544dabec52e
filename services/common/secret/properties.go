package secret

// Property describes what a property of a monitor type contains.
type Property struct {
	// Map reports whether the text is a JSON object of strings.
	Map bool
	// Secret reports whether the text is secret; if it is a JSON object of strings, its values are.
	Secret bool
}

// Properties returns the description of the property with the given name of a monitor type. A property that the type
// does not have must be described as secret, because its meaning is unknown.
type Properties func(monitorType, name string) Property
