package secret

import (
	"maps"
	"slices"
	"strings"

	"nanomon/services/common/monitor"
)

// Masked reports whether m has a [Placeholder] where [Mask] puts one, or in place of another property.
func Masked(m monitor.Monitor) bool {
	_, err := Restore(m, monitor.Monitor{})
	return err != nil
}

// Restore is m with what is masked in it taken from stored, which may be the zero value. The error is a [monitor.InvalidError] that
// names the place of a mask for which there is nothing stored.
func Restore(m, stored monitor.Monitor) (monitor.Monitor, error) {
	var err error
	if m.Target, err = restoreTarget(m.Target, stored.Target); err != nil {
		return m, err
	}
	m.Properties = maps.Clone(m.Properties)
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		text, was := m.Properties[name], stored.Properties[name]
		switch {
		case text == Placeholder && was != "" && (name == headers || name == body):
			m.Properties[name] = was
		case text == Placeholder:
			return m, nothingStored("property " + name)
		case name == headers:
			if m.Properties[name], err = restoreHeaders(text, was); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

func nothingStored(place string) error {
	return monitor.Invalidf("%s is masked, and there is nothing stored to take its place: write it out", place)
}

func restoreHeaders(text, stored string) (string, error) {
	values, ok := parseHeaders(text)
	if !ok {
		return text, nil
	}
	was, _ := parseHeaders(stored)
	changed := false
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] != Placeholder {
			continue
		}
		value, found := header(was, name)
		if !found || value == "" {
			return "", nothingStored("property headers: the value of " + name)
		}
		values[name], changed = value, true
	}
	switch {
	case !changed:
		return text, nil
	case maps.Equal(values, was):
		return stored, nil // with the blanks that it had
	}
	return formatHeaders(values), nil
}

// header is the value of a header, whose name may be written in other case.
func header(values map[string]string, name string) (value string, found bool) {
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
	was, _ := splitURL(stored)
	user := target[parts.userStart:parts.userEnd]
	if isMask(user) {
		if user = stored[was.userStart:was.userEnd]; user == "" {
			return "", nothingStored("target: the user information")
		}
	}
	query := parseQuery(target[parts.queryStart:parts.queryEnd])
	left := parseQuery(stored[was.queryStart:was.queryEnd])
	left = slices.DeleteFunc(left, func(item queryItem) bool { return item.value == "" })
	for i, item := range query {
		if item.value == "" {
			continue
		}
		// The first of a name takes the first of that name, the second the second.
		at := slices.IndexFunc(left, func(old queryItem) bool { return old.name == item.name })
		if at >= 0 {
			item.value, left = unlessMasked(item.value, left[at].value), slices.Delete(left, at, at+1)
		}
		if at < 0 && isMask(item.value) {
			return "", nothingStored("target: the query value of " + nameOf(item))
		}
		query[i] = item
	}
	return parts.with(target, user, query), nil
}

// unlessMasked is value, or what is stored where value is masked.
func unlessMasked(value, stored string) string {
	if isMask(value) {
		return stored
	}
	return value
}

func nameOf(item queryItem) string {
	if name := strings.TrimSuffix(item.name, "="); name != "" {
		return name
	}
	return "no name"
}

// isMask knows a mask in a URL, where it may be escaped.
func isMask(text string) bool { return text == Placeholder || unescape(text) == Placeholder }
