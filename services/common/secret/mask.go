package secret

import (
	"cmp"
	"maps"
	"regexp"
	"strings"

	"nanomon/services/common/monitor"
)

// Placeholder stands where somebody may not see what is there.
const Placeholder = "•••"

// Mask is m with the values of headers, the body, and user information and query values of the target masked.
func Mask(m monitor.Monitor) monitor.Monitor {
	m.Target = maskURL(m.Target)
	m.Properties = maps.Clone(m.Properties)
	if text := m.Properties[headers]; text != "" {
		m.Properties[headers] = maskHeaders(text)
	}
	if m.Properties[body] != "" {
		m.Properties[body] = Placeholder
	}
	return m
}

func maskHeaders(text string) string {
	values, ok := parseHeaders(text)
	if !ok {
		return Placeholder
	}
	for name, value := range values {
		if value != "" {
			values[name], text = Placeholder, ""
		}
	}
	return cmp.Or(text, formatHeaders(values))
}

// maskURL masks what is secret in a URL and leaves other texts as they are.
func maskURL(text string) string {
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
	return parts.with(text, user, query)
}

// with is the URL in text with other user information and another query.
func (p urlParts) with(text, user string, query []queryItem) string {
	return text[:p.userStart] + user + text[p.userEnd:p.queryStart] + formatQuery(query) + text[p.queryEnd:]
}

// queryItem is one name=value of a query; name has the = in it, and is empty where there is only a value.
type queryItem struct{ name, value string }

func parseQuery(query string) []queryItem {
	var items []queryItem
	for rest, more := query, query != ""; more; {
		end := strings.IndexByte(opaque(rest), '&')
		more = end >= 0
		if !more {
			end = len(rest)
		}
		equals := strings.IndexByte(opaque(rest[:end]), '=') + 1
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

// MaskText masks what is secret in the URLs of a text.
func MaskText(text string) string { return urlInText.ReplaceAllStringFunc(text, maskURL) }

// MaskResult is r with what is secret in URLs masked, and with what own finds.
func MaskResult(r monitor.Result, own *Scrubber) monitor.Result {
	r.MonitorTarget, r.Message = maskURL(r.MonitorTarget), MaskText(r.Message)
	outputs := make(map[string]any, len(r.Outputs))
	for name, value := range r.Outputs {
		if text, ok := value.(string); ok {
			value = MaskText(text)
		}
		outputs[name] = value
	}
	r.Outputs = outputs
	own.Result(&r)
	return r
}

// leastOwn is how many bytes a value has at least that is looked for in what is found: shorter ones are there by chance.
const leastOwn = 4

// Own masks what [Mask] hides of m, wherever else it turns up; nil when that is nothing.
func Own(m monitor.Monitor) *Scrubber {
	var forms []form
	hide := func(value string) {
		if len(value) >= leastOwn {
			forms = append(forms, formsOf(value, Placeholder)...)
		}
	}
	hide(m.Properties[body])
	values, _ := parseHeaders(m.Properties[headers])
	for _, value := range values {
		hide(value)
		if _, token, ok := strings.Cut(value, " "); ok { // "Bearer" and the like
			hide(token)
		}
	}
	parts, _ := splitURL(m.Target)
	for _, item := range parseQuery(m.Target[parts.queryStart:parts.queryEnd]) {
		hide(unescape(item.value))
	}
	if user := userText(m.Target); user != "" {
		_, password, _ := strings.Cut(user, ":")
		hide(unescape(password))
		hide(user)
		forms = append(forms, base64Of(user, Placeholder)...)
	}
	return newScrubber(forms)
}
