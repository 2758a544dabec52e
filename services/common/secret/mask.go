package secret

import (
	"cmp"
	"maps"
	"regexp"
	"strings"

	"nanomon/services/common/monitor"
)

// Placeholder replaces secrets that a client may not see.
const Placeholder = "•••"

// Mask returns m with placeholders for its secret properties, and for the user information, query values and fragment
// of the target. Of a JSON object of strings, only the values are replaced.
func (p Properties) Mask(m monitor.Monitor) monitor.Monitor {
	m.Target = MaskURL(m.Target)
	m.Properties = maps.Clone(m.Properties)
	for name, text := range m.Properties {
		switch property := p.Of(m.Type, name); {
		case text == "" || !property.Secret:
		case property.Map:
			m.Properties[name] = maskMap(text)
		default:
			m.Properties[name] = Placeholder
		}
	}
	return m
}

func maskMap(text string) string {
	values, ok := parseMap(text)
	if !ok {
		return Placeholder
	}
	for name, value := range values {
		if value != "" {
			values[name], text = Placeholder, ""
		}
	}
	return cmp.Or(text, formatMap(values))
}

// MaskURL masks the user information, the query values and the fragment of a URL. It returns other texts unchanged.
func MaskURL(text string) string {
	parts, _ := splitURL(text)
	user, query := text[parts.userStart:parts.userEnd], parseQuery(text[parts.queryStart:parts.queryEnd])
	if user != "" {
		user = Placeholder
	}
	for i := range query {
		if query[i].value != "" {
			query[i].value = Placeholder
		}
	}
	fragment := text[parts.fragmentStart:parts.fragmentEnd]
	if fragment != "" {
		fragment = Placeholder
	}
	return parts.replace(text, user, query, fragment)
}

// replace returns the URL text with other user information, another query and another fragment.
func (p urlParts) replace(text, user string, query []queryItem, fragment string) string {
	return text[:p.userStart] + user + text[p.userEnd:p.queryStart] + formatQuery(query) +
		text[p.queryEnd:p.fragmentStart] + fragment + text[p.fragmentEnd:]
}

// queryItem is one name=value pair of a query. name includes the equals sign; it is empty if there is only a value.
type queryItem struct{ name, value string }

func parseQuery(query string) []queryItem {
	var items []queryItem
	for rest, more := query, query != ""; more; {
		end := strings.IndexByte(hideReferences(rest), '&')
		more = end >= 0
		if !more {
			end = len(rest)
		}
		equals := strings.IndexByte(hideReferences(rest[:end]), '=') + 1
		items = append(items, queryItem{rest[:equals], rest[equals:end]})
		rest = rest[min(end+1, len(rest)):]
	}
	return items
}

func formatQuery(items []queryItem) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.name + item.value
	}
	return strings.Join(texts, "&")
}

var urlInText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*`)

// MaskText masks the URLs in a text; see [MaskURL].
func MaskText(text string) string { return urlInText.ReplaceAllStringFunc(text, MaskURL) }

// MaskResult returns r with masked URLs and without the secrets of scrubber.
func MaskResult(r monitor.Result, scrubber *Scrubber) monitor.Result {
	r.MonitorTarget, r.Message = MaskURL(r.MonitorTarget), MaskText(r.Message)
	outputs := make(map[string]any, len(r.Outputs))
	for name, value := range r.Outputs {
		if text, ok := value.(string); ok {
			value = MaskText(text)
		}
		outputs[name] = value
	}
	r.Outputs = outputs
	scrubber.ScrubResult(&r)
	return r
}

// minSecretBytes is the minimum length of a value that is removed from results. Shorter values are too likely to occur
// by chance.
const minSecretBytes = 4

const (
	// minPartBytes is the minimum length of a part of a property that is removed from results.
	minPartBytes = 8
	// maxParts limits the number of these parts, because each of them makes a scrubber slower.
	maxParts = 100
)

// partValue matches the values in cookies, forms, JSON and XML.
var partValue = regexp.MustCompile(`[=:>]\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"&;,<>\]}]+))`)

// partsOf returns the long values among the first values in a secret, such as a header or a body.
func partsOf(text string) []string {
	var parts []string
	for _, match := range partValue.FindAllStringSubmatch(text, maxParts) {
		if part := unescape(match[1] + match[2]); len(part) >= minPartBytes {
			parts = append(parts, part)
		}
	}
	return parts
}

// ScrubberFor returns a scrubber that replaces the secrets of m, which are the values that [Properties.Mask] hides and
// their parts, by placeholders. It returns nil if m has no secrets.
func (p Properties) ScrubberFor(m monitor.Monitor) *Scrubber {
	patterns := targetPatterns(m.Target)
	for name, text := range m.Properties {
		if property := p.Of(m.Type, name); property.Secret {
			patterns = append(patterns, property.patterns(text)...)
		}
	}
	return p.newScrubber(m.Type, patterns)
}

// ScrubberForTarget is like [Properties.ScrubberFor] for a monitor of this type with another target and without
// properties.
func (p Properties) ScrubberForTarget(monitorType, target string) *Scrubber {
	return p.newScrubber(monitorType, targetPatterns(target))
}

// patterns returns patterns for the text of a secret property and for its parts.
func (p Property) patterns(text string) []pattern {
	if !p.Map {
		return patternsWithParts(text)
	}
	var patterns []pattern
	values, _ := parseMap(text)
	for _, value := range values {
		patterns = append(patterns, patternsWithParts(value)...)
		if _, token, ok := strings.Cut(value, " "); ok { // after a scheme such as "Bearer"
			patterns = append(patterns, longPatterns(token)...)
		}
	}
	return patterns
}

// longPatterns returns patterns for a secret, or none if it is too short.
func longPatterns(value string) []pattern {
	if len(value) < minSecretBytes {
		return nil
	}
	return patternsFor(value, Placeholder)
}

func patternsWithParts(value string) []pattern {
	patterns := longPatterns(value)
	for _, part := range partsOf(value) {
		patterns = append(patterns, longPatterns(part)...)
	}
	return patterns
}

// targetPatterns returns patterns for the secrets in a target.
func targetPatterns(target string) []pattern {
	var patterns []pattern
	hide := func(value string) { patterns = append(patterns, longPatterns(value)...) }
	parts, _ := splitURL(target)
	for _, item := range parseQuery(target[parts.queryStart:parts.queryEnd]) {
		hide(unescape(item.value))
	}
	hide(unescape(target[parts.fragmentStart:parts.fragmentEnd]))
	if user := userText(target); user != "" {
		name, password, _ := strings.Cut(user, ":")
		if password == "" { // The name is a token.
			hide(unescape(name))
		}
		hide(unescape(password))
		hide(user)
		patterns = append(patterns, basicAuthPatterns(user, Placeholder)...)
	}
	return patterns
}
