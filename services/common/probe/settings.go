package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nanomon/services/common/monitor"
	"nanomon/services/common/pattern"
	"nanomon/services/common/secret"
)

// maxPropertyBytes is the maximum length of a property value.
const maxPropertyBytes = 64 << 10

// Settings holds the parsed properties of a monitor, including the defaults of its type. A getter returns the zero
// value if the property has neither a value nor a default, or is of another kind.
type Settings struct {
	values map[string]any
	// ruleUses reports whether the rule of the monitor uses an output; nil if there is no rule.
	ruleUses func(output string) bool
	// references finds the values of the monitor's references to secrets; nil if there are no references.
	references *secret.Scrubber
}

// ForRule returns the settings of a monitor with a rule. uses reports whether the rule uses an output.
func (s Settings) ForRule(uses func(output string) bool) Settings {
	s.ruleUses = uses
	return s
}

// RuleUses reports whether the rule of the monitor uses an output.
func (s Settings) RuleUses(output string) bool { return s.ruleUses != nil && s.ruleUses(output) }

// WithReferences returns the settings of a monitor whose references to secrets have values. references finds these
// values.
func (s Settings) WithReferences(references *secret.Scrubber) Settings {
	s.references = references
	return s
}

// FindsReference returns a function that reports whether a text contains the value of a reference to a secret. It keeps
// nothing else of the settings in memory.
func (s Settings) FindsReference() func(text string) bool {
	references := s.references
	return func(text string) bool { return references.Scrub(text) != text }
}

// NewSettings validates all names and values against spec and [CommonProperties]. An empty value means unset.
// The error is a [monitor.InvalidError] that names the property.
func NewSettings(spec Spec, values map[string]string) (Settings, error) {
	if err := ValidateNames(spec, values); err != nil {
		return Settings{}, err
	}
	properties := append(slices.Clone(spec.Properties), CommonProperties()...)
	s := Settings{values: make(map[string]any, len(properties))}
	for _, property := range properties {
		text := values[property.Name]
		if text == "" {
			text = property.Default
		}
		if text == "" {
			continue
		}
		value, err := property.parse(text)
		if err != nil {
			return Settings{}, monitor.Invalidf("property %s: %v", property.Name, err)
		}
		s.values[property.Name] = value
	}
	return s, nil
}

// ValidateRecipients validates a value of [monitor.AlertTo]. [NewSettings] does not, because a stored monitor with
// invalid recipients must still be checked. The error is a [monitor.InvalidError] that names the property.
func ValidateRecipients(text string) error {
	addresses, invalid := monitor.ParseRecipients(text)
	if text != "" && len(addresses) == 0 && len(invalid) == 0 {
		invalid = []string{text}
	}
	switch {
	case len(invalid) > 0:
		return monitor.Invalidf("property %s: %s is not an e-mail address, use for example a@example.org, b@example.org",
			monitor.AlertTo, quote(invalid[0]))
	case len(addresses) > monitor.MaxRecipients:
		return monitor.Invalidf(
			"property %s: %d addresses are too many, at most %d are allowed: use the address of a mailing list",
			monitor.AlertTo, len(addresses), monitor.MaxRecipients)
	}
	return nil
}

// ValidateNames validates the names of the properties that are set. The error is a [monitor.InvalidError] that names
// the unknown property.
func ValidateNames(spec Spec, values map[string]string) error {
	properties := append(slices.Clone(spec.Properties), CommonProperties()...)
	known := make([]string, len(properties))
	for i, property := range properties {
		known[i] = property.Name
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] != "" && !slices.Contains(known, name) {
			return monitor.Invalidf("unknown property '%s' for type %s; known properties: %s",
				clip(name, 40), spec.Type, strings.Join(known, ", "))
		}
	}
	return nil
}

// Duration returns the value of a [KindDuration].
func (s Settings) Duration(name string) time.Duration { return setting[time.Duration](s, name) }

// Int returns the value of a [KindInteger].
func (s Settings) Int(name string) int { return setting[int](s, name) }

// Percent returns the value of a [KindPercent].
func (s Settings) Percent(name string) float64 { return setting[float64](s, name) }

// Bytes returns the value of a [KindBytes].
func (s Settings) Bytes(name string) int { return setting[int](s, name) }

// Bool returns the value of a [KindBool].
func (s Settings) Bool(name string) bool { return setting[bool](s, name) }

// Text returns the value of a [KindText], [KindLongText] or [KindChoice].
func (s Settings) Text(name string) string { return setting[string](s, name) }

// Regex returns the value of a [KindRegex], or nil if it is unset.
func (s Settings) Regex(name string) *pattern.Pattern { return setting[*pattern.Pattern](s, name) }

// StringMap returns the value of a [KindStringMap], or nil if it is unset. The caller must not modify it.
func (s Settings) StringMap(name string) map[string]string {
	return setting[map[string]string](s, name)
}

func setting[T any](s Settings, name string) T {
	value, _ := s.values[name].(T)
	return value
}

// parse parses text according to the property's kind. The error doesn't name the property.
func (p Property) parse(text string) (any, error) {
	switch {
	case len(text) > maxPropertyBytes:
		return nil, fmt.Errorf("%d bytes are too long, at most %d are allowed", len(text), maxPropertyBytes)
	case !utf8.ValidString(text):
		return nil, errors.New("not valid UTF-8")
	case !p.AcceptsText():
		text = strings.TrimSpace(text)
	}
	switch p.Kind {
	case KindDuration:
		return p.parseDuration(text)
	case KindInteger:
		return p.parseInteger(text)
	case KindBytes:
		return p.parseBytes(text)
	case KindPercent:
		if percent, valid := monitor.ParsePercent(text); valid {
			return percent, nil
		}
		return nil, fmt.Errorf("%s is not a percentage above 0 and up to 100, use for example 99.9", quote(text))
	case KindBool:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("%s is neither true nor false", quote(text))
		}
		return text == "true", nil
	case KindChoice:
		if !slices.Contains(p.Choices, text) {
			return nil, fmt.Errorf("%s is not one of %s", quote(text), strings.Join(p.Choices, ", "))
		}
		return text, nil
	case KindRegex:
		return parseRegex(text)
	case KindExpression:
		return text, checkExpressionLength(text)
	case KindStringMap:
		if p.Name == Capture {
			return parseStringMap(text, captureExample)
		}
		return parseStringMap(text, `{"Accept": "text/html"}`)
	case KindText:
		if strings.ContainsAny(text, "\r\n") {
			return nil, errors.New("must be on one line")
		}
	}
	return text, nil
}

func (p Property) parseDuration(text string) (any, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a duration, use for example 500ms or 5s", quote(text))
	}
	minimum, maximum := time.Duration(p.Min)*time.Millisecond, time.Duration(p.Max)*time.Millisecond
	switch {
	case d <= 0:
		return nil, fmt.Errorf("%s is not a positive duration", quote(text))
	case d < minimum:
		return nil, fmt.Errorf("%s is too short, at least %s is needed", d, minimum)
	case maximum > 0 && d > maximum:
		return nil, fmt.Errorf("%s is too long, at most %s is allowed", d, maximum)
	}
	return d, nil
}

func (p Property) parseInteger(text string) (any, error) {
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		return nil, fmt.Errorf("%s is too large", quote(text))
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not a whole number", quote(text))
	}
	return n, p.checkRange(n)
}

func (p Property) parseBytes(text string) (any, error) {
	number, unit := text, uint64(1)
	for suffix, size := range map[string]uint64{"KiB": 1 << 10, "MiB": 1 << 20} {
		if head, ok := strings.CutSuffix(text, suffix); ok {
			number, unit = strings.TrimSpace(head), size
		}
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return nil, fmt.Errorf("%s is not a size, use for example 65536, 64KiB or 1MiB", quote(text))
	}
	size := int(min(n*unit, math.MaxInt32))
	return size, p.checkRange(size)
}

func (p Property) checkRange(n int) error {
	switch {
	case p.Min != 0 && n < p.Min:
		return fmt.Errorf("%d is too small, at least %d is needed", n, p.Min)
	case p.Max != 0 && n > p.Max:
		return fmt.Errorf("%d is too large, at most %d is allowed", n, p.Max)
	}
	return nil
}

func parseRegex(text string) (any, error) {
	re, err := pattern.Compile(text)
	if err == nil {
		return re, nil
	}
	if reason, isSyntax := strings.CutPrefix(err.Error(), "error parsing regexp: "); isSyntax {
		return nil, fmt.Errorf("not a regular expression: %s", clip(reason, 200))
	}
	return nil, err
}

// parseStringMap returns an error with an example. It doesn't quote the text, because headers may contain secrets.
func parseStringMap(text, example string) (any, error) {
	invalid := errors.New("not a JSON object of strings, use for example " + example)
	var decoded map[string]*string
	if err := json.Unmarshal([]byte(text), &decoded); err != nil || decoded == nil {
		return nil, invalid
	}
	result := make(map[string]string, len(decoded))
	for key, value := range decoded {
		if value == nil {
			return nil, invalid
		}
		result[key] = *value
	}
	return result, nil
}

// quote returns text in quotes, truncated to 40 characters.
func quote(text string) string { return strconv.Quote(clip(text, 40)) }
