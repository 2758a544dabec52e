package monitor

import (
	"strings"
	"unicode"
)

// ValidateName returns an [InvalidError] if a name contains a control character or a mark that changes the direction of
// the text: they can make a name look like another one. field names the text in the error.
func ValidateName(field, name string) error {
	i := strings.IndexFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
	if i < 0 {
		return nil
	}
	character := []rune(name[i:])[0]
	return Invalidf("%s contains the control character %U", field, character)
}

// ValidateNames validates the name and the group. [Monitor.Validate] does not, because stored monitors may have such
// names.
func (m Monitor) ValidateNames() error {
	if err := ValidateName("monitor name", m.Name); err != nil {
		return err
	}
	return ValidateName("monitor group", m.Group)
}

// HasNamesOf reports whether m and other have the same name and the same group.
func (m Monitor) HasNamesOf(other Monitor) bool {
	return m.Name == other.Name && m.Group == other.Group
}
