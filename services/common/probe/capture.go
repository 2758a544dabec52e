package probe

import (
	"context"
	"errors"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/monitor"
)

const (
	// Capture is the property that turns values of a JSON body into outputs: a map of names to paths.
	Capture = "capture"
	// captureExample is a valid value of this property.
	captureExample = `{"queue": "$.queue.length"}`
	// maxCaptures is the maximum number of these outputs.
	maxCaptures = 10
)

// captureName matches the names of captured outputs, which rules and metrics can use.
var captureName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)

// reservedNames lists the names that have another meaning in rules.
var reservedNames = []string{"true", "false", "in", "IN"}

func captureProperty() Property {
	return Property{Name: Capture, Kind: KindStringMap,
		Doc: "Numbers in a JSON body that become outputs: a JSON object of up to 10 names with a JSONPath each, such as " +
			captureExample + ". They have charts and metrics, and rules can use them."}
}

// ForProperties returns the spec with the outputs that the properties of a monitor add.
func (s Spec) ForProperties(properties map[string]string) Spec {
	isCapture := func(p Property) bool { return p.Name == Capture }
	if properties[Capture] == "" || !slices.ContainsFunc(s.Properties, isCapture) {
		return s
	}
	paths, err := parseStringMap(properties[Capture], captureExample)
	if err != nil {
		return s
	}
	s.Outputs = slices.Clone(s.Outputs)
	for _, name := range slices.Sorted(maps.Keys(paths.(map[string]string))) {
		if _, exists := s.Output(name); !exists {
			s.Outputs = append(s.Outputs, Output{Name: name, Kind: OutputNumber, Title: name, Doc: "A captured number."})
		}
	}
	return s
}

// parseCaptures compiles the paths of the property capture of a type with the given outputs.
func parseCaptures(paths map[string]string, outputs []Output) (map[string]*jsonbody.Path, error) {
	if len(paths) > maxCaptures {
		return nil, monitor.Invalidf(
			"property %s: %d names are too many, at most %d are allowed", Capture, len(paths), maxCaptures)
	}
	captures := make(map[string]*jsonbody.Path, len(paths))
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		_, exists := Spec{Outputs: outputs}.Output(name)
		switch {
		case !captureName.MatchString(name) || slices.Contains(reservedNames, name):
			return nil, monitor.Invalidf(
				"property %s: %s is not a valid name: use a letter, then up to 39 letters, digits and _", Capture, quote(name))
		case exists:
			return nil, monitor.Invalidf("property %s: there is already an output %s: use another name", Capture, name)
		}
		path, err := jsonbody.Compile(paths[name])
		if err == nil && !path.Single {
			err = errors.New("the path must consist of names and indexes, as in $.a[0].b")
		}
		if err != nil {
			return nil, monitor.Invalidf("property %s: %s: %v", Capture, name, err)
		}
		captures[name] = path
	}
	return captures, nil
}

// capture adds the captured outputs. A value that is missing or no number adds none, and neither does a body that is
// not JSON. paths holds the paths by the names of the outputs.
func capture(ctx context.Context, outcome *Outcome, paths map[string]*jsonbody.Path, text string, truncated bool) error {
	if len(paths) == 0 {
		return nil
	}
	var isNoJSON *jsonbody.Error
	document, err := jsonbody.Parse(ctx, text, truncated)
	if errors.As(err, &isNoJSON) {
		outcome.NoDocument = err
		return nil
	}
	if err != nil {
		return err
	}
	outcome.Document = document
	for name, path := range paths {
		values, err := document.Select(ctx, path)
		if err != nil {
			return err
		}
		if len(values) == 0 {
			continue
		}
		if number, isNumber := capturedNumber(values[0]); isNumber {
			outcome.Outputs[name] = number
		}
	}
	return nil
}

// capturedNumber returns the number that a value in JSON is: a number, a text that is a number, or true or false as 1
// or 0.
func capturedNumber(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case bool:
		if value {
			return 1, true
		}
		return 0, true
	case string:
		if len(value) > maxOutputChars {
			return 0, false
		}
		number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return number, err == nil && !math.IsInf(number, 0) && !math.IsNaN(number)
	}
	return 0, false
}
