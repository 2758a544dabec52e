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

// headers is the property whose value is a JSON object, of which only the values are secret, and body the one that is secret whole.
const (
	headers = "headers"
	body    = "body"
)

// HasReferences reports whether m has to be resolved before it can be checked.
func HasReferences(m monitor.Monitor) bool {
	// Headers may spell any character of a reference by its number.
	found := InText(m.Target) || strings.Contains(m.Properties[headers], `\u`)
	for _, value := range m.Properties {
		found = found || InText(value)
	}
	return found
}

// InText reports whether a text has a reference, or an escaped ${.
func InText(text string) bool {
	return strings.Contains(text, "${env:") || strings.Contains(text, "${file:") || strings.Contains(text, "$${")
}

// Sample is m with standIn for every reference, for a look at its form. The error is a [monitor.InvalidError] about a malformed reference.
func Sample(m monitor.Monitor, standIn string) (monitor.Monitor, error) {
	return fillMonitor(m, func(part) (string, error) { return standIn, nil })
}

// Resolve is m with what its references lead to now, and the scrubber that hides that in what is found. The error says
// which one leads nowhere.
func (s Source) Resolve(m monitor.Monitor) (monitor.Monitor, *Scrubber, error) {
	found := make(map[string]string)
	filled, err := fillMonitor(m, func(p part) (string, error) {
		value, err := s.get(p.name)
		found[p.text] = value
		return value, err
	})
	if err != nil {
		return monitor.Monitor{}, nil, err
	}
	var hide []form
	for _, reference := range slices.Sorted(maps.Keys(found)) {
		hide = append(hide, formsOf(found[reference], reference)...)
	}
	if user := userText(m.Target); InText(user) {
		hide = append(hide, base64Of(userText(filled.Target), user)...)
	}
	return filled, newScrubber(hide), nil
}

// fillMonitor fills target and properties. Its errors are those of value, or a [monitor.InvalidError] that names the place
// of a malformed reference.
func fillMonitor(m monitor.Monitor, value func(part) (string, error)) (monitor.Monitor, error) {
	properties := make(map[string]string, len(m.Properties))
	target, err := fillTarget(m.Target, value)
	if err != nil {
		return m, placed("invalid monitor target", err)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		text := m.Properties[name]
		if name == headers {
			properties[name], err = fillHeaders(text, value)
		} else {
			properties[name], err = fill(text, value)
		}
		if err != nil {
			return m, placed("property "+name, err)
		}
	}
	m.Target, m.Properties = target, properties
	return m, nil
}

func placed(where string, err error) error {
	if errors.Is(err, errForm) {
		return monitor.Invalidf("%s: %v", where, err)
	}
	return err
}

// fillHeaders fills the values only. Text that is not of the form of headers stays as it is.
func fillHeaders(text string, value func(part) (string, error)) (string, error) {
	read, ok := parseHeaders(text)
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
	return formatHeaders(read), nil
}

func parseHeaders(text string) (map[string]string, bool) {
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

func formatHeaders(values map[string]string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(values) // Strings always encode.
	return strings.TrimSuffix(text.String(), "\n")
}
