package probe

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// Canonical returns m in the form in which monitors are stored, and the sorted names of the properties that it removes
// because only other types have them. Choices and booleans get their declared spelling, and blanks around values that
// are not text are removed. The interval is replaced if users don't choose it. Invalid values, and properties that no
// type has, stay for the validation.
func (r Registry) Canonical(m monitor.Monitor) (monitor.Monitor, []string) {
	if target := r[m.Type].CanonicalTarget; target != nil {
		m.Target = target(m.Target)
	}
	m, ignored := r.canonicalProperties(m, r.hasProperty)
	if interval := r[m.Type].Interval; interval != nil {
		m.Interval = ShortDuration(interval(m))
	}
	return m, ignored
}

// ShortDuration returns a duration as users write it, such as 1h for 1h0m0s.
func ShortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// ForCheck returns m as its check uses it, and the sorted names of the properties that the check ignores because the
// type does not have them.
func (r Registry) ForCheck(m monitor.Monitor) (monitor.Monitor, []string) {
	m.Target = strings.TrimSpace(m.Target)
	return r.canonicalProperties(m, func(string) bool { return true })
}

// canonicalProperties makes the properties of m canonical. It removes the properties that its type does not have and
// ignore accepts, and returns their names.
func (r Registry) canonicalProperties(m monitor.Monitor, ignore func(name string) bool) (monitor.Monitor, []string) {
	properties, ignored := make(map[string]string, len(m.Properties)), []string(nil)
	for name, text := range m.Properties {
		property, exists := r.property(m.Type, name)
		switch {
		case exists:
			properties[name] = property.canonical(text)
		case ignore(name):
			ignored = append(ignored, name)
		default:
			properties[name] = text
		}
	}
	m.Properties = properties
	slices.Sort(ignored)
	return m, ignored
}

// property returns a property of a type, and whether the type has it.
func (r Registry) property(monitorType, name string) (Property, bool) {
	for _, properties := range [][]Property{r[monitorType].Spec.Properties, CommonProperties()} {
		if i := slices.IndexFunc(properties, func(p Property) bool { return p.Name == name }); i >= 0 {
			return properties[i], true
		}
	}
	return Property{}, false
}

// hasProperty reports whether any type has a property.
func (r Registry) hasProperty(name string) bool {
	for monitorType := range r {
		if _, exists := r.property(monitorType, name); exists {
			return true
		}
	}
	return false
}

// canonical returns the declared spelling of a choice or a boolean, and any other value without the blanks around it. It
// returns a property that accepts text unchanged.
func (p Property) canonical(text string) string {
	if p.AcceptsText() {
		return text
	}
	text = strings.TrimSpace(text)
	switch p.Kind {
	case KindBool:
		if value, err := strconv.ParseBool(text); err == nil {
			return strconv.FormatBool(value)
		}
	case KindChoice:
		if i := slices.IndexFunc(p.Choices, func(choice string) bool { return strings.EqualFold(choice, text) }); i >= 0 {
			return p.Choices[i]
		}
	}
	return text
}
