package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// The maximum number of labels of a monitor, and the maximum lengths of a key and a value, in characters.
const (
	MaxLabels     = 20
	MaxLabelKey   = 63
	MaxLabelValue = 100
)

const labelKeyHint = "A label key begins with a letter or a digit and contains only the letters a to z and A to Z, digits, " +
	"and the characters _ - . /"

// MetricLabel returns the name of the Prometheus label for the label with the given key: label_ and the key, in which
// every character that a Prometheus label can't contain is replaced by an underscore.
func MetricLabel(key string) string {
	return "label_" + strings.Map(func(c rune) rune {
		if isAlphanumeric(c) {
			return c
		}
		return '_'
	}, key)
}

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// validateLabels returns an [InvalidError] that names the first invalid key, in alphabetical order.
func (m Monitor) validateLabels() error {
	if n := len(m.Labels); n > MaxLabels {
		return Invalidf("monitor has %d labels, at most %d are allowed", n, MaxLabels)
	}
	keys := make(map[string]string, len(m.Labels))
	for _, key := range slices.Sorted(maps.Keys(m.Labels)) {
		if err := validateLabel(key, m.Labels[key]); err != nil {
			return err
		}
		metric := MetricLabel(key)
		if other, used := keys[metric]; used {
			return Invalid("label keys "+other+" and "+key+" are both "+metric+" in Prometheus",
				"Use keys that differ in more than the characters _ - . /")
		}
		keys[metric] = key
	}
	return nil
}

// ValidateSelector returns an [InvalidError] if no label can match a selector. A selector is a label such as team=web, or
// only its key.
func ValidateSelector(selector string) error {
	key, value, found := strings.Cut(selector, "=")
	if found {
		return validateLabel(key, value)
	}
	return validateLabelKey(key, "")
}

func validateLabel(key, value string) error {
	if err := validateLabelKey(key, value); err != nil {
		return err
	}
	switch {
	case value == "":
		return Invalid("label "+key+" has no value", "Enter a value, or remove the label.")
	case !utf8.ValidString(value):
		return Invalidf("value of the label %s is not valid UTF-8", key)
	}
	if n := utf8.RuneCountInString(value); n > MaxLabelValue {
		return Invalidf("value of the label %s has %d characters, at most %d are allowed", key, n, MaxLabelValue)
	}
	return ValidateName("value of the label "+key, value)
}

// validateLabelKey checks a key. value names the label in the error if the key is empty.
func validateLabelKey(key, value string) error {
	switch n := utf8.RuneCountInString(key); {
	case n == 0:
		return Invalid(fmt.Sprintf("label with the value %.100q has no key", value), labelKeyHint)
	case n > MaxLabelKey:
		return Invalidf("label key %.100q has %d characters, at most %d are allowed", key, n, MaxLabelKey)
	case !isAlphanumeric(rune(key[0])) || strings.ContainsFunc(key, isNoKeyCharacter):
		return Invalid(fmt.Sprintf("label key %q is invalid", key), labelKeyHint)
	}
	return nil
}

func isNoKeyCharacter(c rune) bool { return !isAlphanumeric(c) && !strings.ContainsRune("_-./", c) }
