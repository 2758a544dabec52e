package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"nanomon/services/common/monitor"
)

// HasReferences reports whether m must be resolved with [Source.Resolve] before a check.
func (p Properties) HasReferences(m monitor.Monitor) bool {
	found := HasReference(m.Target)
	for name, value := range m.Properties {
		// JSON may escape the characters of a reference as \uXXXX.
		found = found || HasReference(value) || strings.Contains(value, `\u`) && p.Of(m.Type, name).Map
	}
	return found
}

// HasReference reports whether text contains a reference or an escaped ${.
func HasReference(text string) bool {
	return strings.Contains(text, "${env:") || strings.Contains(text, "${file:") || strings.Contains(text, "$${")
}

// FillReferences returns m with value in place of every reference. It is for validation without the secrets. The error
// is a [monitor.InvalidError] about an invalid reference.
func (p Properties) FillReferences(m monitor.Monitor, value string) (monitor.Monitor, error) {
	return p.fillMonitor(m, func(part) (string, error) { return value, nil })
}

// Resolve returns m with the current values of the secrets in place of its references, and a scrubber that removes
// these values from results. The error names the reference that can't be resolved.
func (s Source) Resolve(m monitor.Monitor, properties Properties) (monitor.Monitor, *Scrubber, error) {
	found := make(map[string]string)
	filled, err := properties.fillMonitor(m, func(p part) (string, error) {
		value, err := s.get(p.name)
		found[p.text] = value
		return value, err
	})
	if err != nil {
		return monitor.Monitor{}, nil, err
	}
	var patterns []pattern
	for _, reference := range slices.Sorted(maps.Keys(found)) {
		patterns = append(patterns, patternsFor(found[reference], reference)...)
	}
	if user := userText(m.Target); HasReference(user) {
		patterns = append(patterns, basicAuthPatterns(userText(filled.Target), user)...)
	}
	return filled, properties.newScrubber(m.Type, patterns), nil
}

// fillMonitor replaces the references in the target and the properties by the results of value. It returns the errors
// of value, or a [monitor.InvalidError] that names the field with an invalid reference.
func (p Properties) fillMonitor(m monitor.Monitor, value func(part) (string, error)) (monitor.Monitor, error) {
	properties := make(map[string]string, len(m.Properties))
	target, err := fillTarget(m.Target, value)
	if err != nil {
		return m, withField("invalid monitor target", err)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		text := m.Properties[name]
		if p.Of(m.Type, name).Map {
			properties[name], err = fillMap(text, value)
		} else {
			properties[name], err = fill(text, value)
		}
		if err != nil {
			return m, withField("property "+name, err)
		}
	}
	m.Target, m.Properties = target, properties
	return m, nil
}

func withField(field string, err error) error {
	if errors.Is(err, errInvalidReference) {
		return monitor.Invalidf("%s: %v", field, err)
	}
	return err
}

// fillMap replaces the references in the values of a JSON object of strings. It returns other texts unchanged.
func fillMap(text string, value func(part) (string, error)) (string, error) {
	read, ok := parseMap(text)
	if !ok {
		return text, nil
	}
	for name, content := range read {
		filled, err := fill(content, value)
		if err != nil {
			return "", err
		}
		read[name] = filled
	}
	return formatMap(read), nil
}

func parseMap(text string) (map[string]string, bool) {
	var read map[string]*string
	if json.Unmarshal([]byte(text), &read) != nil || read == nil {
		return nil, false
	}
	values := make(map[string]string, len(read))
	for name, value := range read {
		if value == nil {
			return nil, false
		}
		values[name] = *value
	}
	return values, true
}

func formatMap(values map[string]string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(values) // Encoding strings never fails.
	return strings.TrimSuffix(text.String(), "\n")
}
