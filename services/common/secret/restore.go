package secret

import (
	"maps"
	"slices"
	"strings"

	"nanomon/services/common/monitor"
)

// HasPlaceholder reports whether m contains a [Placeholder] in place of a secret or of another property.
func (p Properties) HasPlaceholder(m monitor.Monitor) bool {
	_, err := p.Restore(m, monitor.Monitor{})
	return err != nil
}

// Restore returns m with the values of stored in place of its placeholders. stored may be the zero value. The error is
// a [monitor.InvalidError] that names the placeholder for which stored has no value.
func (p Properties) Restore(m, stored monitor.Monitor) (monitor.Monitor, error) {
	var err error
	if m.Target, err = restoreTarget(m.Target, stored.Target); err != nil {
		return m, err
	}
	m.Properties = maps.Clone(m.Properties)
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		text, old, property := m.Properties[name], stored.Properties[name], p.Of(m.Type, name)
		switch {
		case text == Placeholder && old != "" && property.Secret:
			m.Properties[name] = old
		case text == Placeholder:
			return m, noStoredValue("property " + name)
		case property.Secret && property.Map:
			if m.Properties[name], err = restoreMap(name, text, old); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

func noStoredValue(field string) error {
	return monitor.Invalidf("%s is masked, but no value is stored for it: enter the value", field)
}

// restoreMap replaces the placeholders in text, which is a JSON object of strings, by the values in stored.
func restoreMap(property, text, stored string) (string, error) {
	values, ok := parseMap(text)
	if !ok {
		return text, nil
	}
	old, _ := parseMap(stored)
	changed := false
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] != Placeholder {
			continue
		}
		value, found := valueOf(old, name)
		if !found || value == "" {
			return "", noStoredValue("property " + property + ": the value of " + name)
		}
		values[name], changed = value, true
	}
	switch {
	case !changed:
		return text, nil
	case maps.Equal(values, old):
		return stored, nil // This keeps the whitespace.
	}
	return formatMap(values), nil
}

// valueOf returns the value with this name, in upper or lower case.
func valueOf(values map[string]string, name string) (value string, found bool) {
	if value, found = values[name]; found {
		return value, true
	}
	for _, other := range slices.Sorted(maps.Keys(values)) {
		if strings.EqualFold(other, name) {
			return values[other], true
		}
	}
	return "", false
}

func restoreTarget(target, stored string) (string, error) {
	parts, _ := splitURL(target)
	oldParts, _ := splitURL(stored)
	user := target[parts.userStart:parts.userEnd]
	if isMask(user) {
		if user = stored[oldParts.userStart:oldParts.userEnd]; user == "" {
			return "", noStoredValue("target: the user information")
		}
	}
	query := parseQuery(target[parts.queryStart:parts.queryEnd])
	unused := parseQuery(stored[oldParts.queryStart:oldParts.queryEnd])
	unused = slices.DeleteFunc(unused, func(item queryItem) bool { return item.value == "" })
	for i, item := range query {
		if item.value == "" {
			continue
		}
		// If a name occurs several times, the values are restored in order.
		at := slices.IndexFunc(unused, func(old queryItem) bool { return old.name == item.name })
		if at >= 0 {
			item.value, unused = unmasked(item.value, unused[at].value), slices.Delete(unused, at, at+1)
		}
		if at < 0 && isMask(item.value) {
			return "", noStoredValue("target: the query value " + describe(item))
		}
		query[i] = item
	}
	fragment := target[parts.fragmentStart:parts.fragmentEnd]
	if isMask(fragment) {
		if fragment = stored[oldParts.fragmentStart:oldParts.fragmentEnd]; fragment == "" {
			return "", noStoredValue("target: the fragment")
		}
	}
	return parts.replace(target, user, query, fragment), nil
}

// unmasked returns stored if value is masked, otherwise value.
func unmasked(value, stored string) string {
	if isMask(value) {
		return stored
	}
	return value
}

func describe(item queryItem) string {
	if name := strings.TrimSuffix(item.name, "="); name != "" {
		return "of " + name
	}
	return "without a name"
}

// isMask reports whether a part of a URL is a placeholder, possibly escaped.
func isMask(text string) bool { return text == Placeholder || unescape(text) == Placeholder }
