package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"nanomon/services/common/monitor"
)

// byteOrderMark is written before a text by some editors and shells.
const byteOrderMark = "\uFEFF"

// readBody reads the body of a request, at most limit bytes of UTF-8. It removes a byte order mark.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return nil, err
	case err != nil:
		return nil, monitor.Invalidf("request body ended early")
	case len(bytes.TrimSpace(data)) == 0:
		return nil, monitor.Invalidf("request body is empty")
	case !utf8.Valid(data):
		return nil, monitor.Invalidf("request body is not valid UTF-8")
	}
	return data, nil
}

// decodeMonitor decodes a JSON object. The error is a [monitor.InvalidError] that names the invalid field.
func decodeMonitor(data []byte) (monitor.Monitor, error) {
	if err := expectJSON(data, "object"); err != nil {
		return monitor.Monitor{}, err
	}
	var m monitor.Monitor
	err := json.Unmarshal(data, &m)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped):
		return monitor.Monitor{}, mistypedField(data, mistyped)
	case err != nil:
		// The JSON and its types are valid, so only the date can be invalid.
		return monitor.Monitor{}, monitor.Invalidf(`field "updated" must be a date in RFC 3339`)
	}
	return m, nil
}

// readObject reads the JSON object in the body. The error is a [monitor.InvalidError] that names the invalid field.
func readObject[T any](w http.ResponseWriter, r *http.Request) (body T, err error) {
	data, err := readBody(w, r, maxBody)
	if err == nil {
		err = expectJSON(data, "object")
	}
	if err == nil {
		err = json.Unmarshal(data, &body)
	}
	if mistyped := (*json.UnmarshalTypeError)(nil); errors.As(err, &mistyped) {
		err = mistypedField(data, mistyped)
	}
	return body, err
}

// expectJSON returns an error unless data is a single JSON value of the kind.
func expectJSON(data []byte, kind string) error {
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return monitor.Invalidf("request body is not valid JSON: %v", err)
	}
	if got := jsonKind(raw); got != kind {
		return monitor.Invalidf("expected a JSON %s, not %s", kind, withArticle(got))
	}
	return nil
}

// mistypedField converts a type error of package json to one that names the field, also inside of properties and labels.
func mistypedField(data []byte, err *json.UnmarshalTypeError) error {
	path := strings.Split(err.Field, ".")
	if name := path[len(path)-1]; name != "properties" && name != "labels" {
		return monitor.Invalidf("field %q must be %s, not %s", err.Field, withArticle(kindOf(err.Type)), withArticle(err.Value))
	}
	object := json.RawMessage(data)
	for _, name := range path {
		var members map[string]json.RawMessage
		if json.Unmarshal(object, &members) != nil {
			return monitor.Invalidf("field %q must be an object of strings", err.Field)
		}
		object = members[name]
	}
	members := make(map[string]json.RawMessage)
	if json.Unmarshal(object, &members) != nil {
		return monitor.Invalidf("field %q must be an object of strings, not %s", err.Field, withArticle(jsonKind(object)))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if kind := jsonKind(members[name]); kind != "string" && kind != "null" {
			return monitor.Invalidf("field %q must be a string, not %s", err.Field+"."+name, withArticle(kind))
		}
	}
	return monitor.Invalidf("field %q must be an object of strings", err.Field)
}

// kindOf returns the name of the JSON type for a Go type.
func kindOf(t reflect.Type) string {
	switch kind := t.Kind(); kind {
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Slice:
		return "array"
	default:
		return kind.String()
	}
}

// jsonKind returns the type of a JSON value.
func jsonKind(value json.RawMessage) string {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return "nothing"
	}
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

func withArticle(kind string) string {
	switch kind {
	case "object", "array":
		return "an " + kind
	case "null", "nothing":
		return kind
	default:
		return "a " + kind
	}
}

// parseDate parses a date of a request. It is zero if text is nil. field names it in the error.
func parseDate(field string, text *string) (date time.Time, err error) {
	if text == nil {
		return date, nil
	}
	if date, err = time.Parse(time.RFC3339, *text); err != nil {
		return date, monitor.Invalidf("field %q must be a date in RFC 3339, such as 2026-01-31T22:00:00Z", field)
	}
	return date, nil
}

// notNil replaces a nil list by an empty one, so that its JSON is [].
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
