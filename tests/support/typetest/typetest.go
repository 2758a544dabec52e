// Package typetest provides a made-up monitor type, to test that everything about a type follows from its registration.
package typetest

import (
	"context"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

// Name is the name of the made-up type.
const Name = "door"

// Types returns all monitor types and the made-up one. Its checks are always OK.
func Types() probe.Registry {
	types := probe.All(probe.Guard{})
	types[Name] = probe.Type{
		Spec: probe.Spec{
			Type:          Name,
			Title:         "Door",
			Doc:           "Asks the controller of a building whether a door is closed.",
			TargetDoc:     "the number of the door",
			ExampleTarget: "17",
			ValueDoc:      "Time to get the response, in ms, or the number that log matches.",
			Properties: []probe.Property{
				{Name: "timeout", Kind: probe.KindDuration, Default: "90s", Min: 1, Doc: "Maximum time to wait."},
				{Name: "password", Kind: probe.KindText, Secret: true, Doc: "The password of the controller."},
				{Name: "codes", Kind: probe.KindStringMap, Secret: true, Doc: "The codes of the floors."},
				{Name: "building", Kind: probe.KindText, Doc: "The host name of the controller."},
				{Name: "log", Kind: probe.KindRegex, Doc: "A pattern to search for in the log."},
			},
			Outputs: []probe.Output{
				{Name: "open", Kind: probe.OutputBool, Doc: "Whether the door is open."},
				{Name: "time", Kind: probe.OutputNumber, Unit: "ms", Doc: "Time to get the response."},
				{Name: "entry", Kind: probe.OutputNumberOrString, Doc: "The match of log."},
			},
			ExampleRule: "!open",
			RuleHint:    "A rule can require that the door is closed.",
		},
		Searches: []secret.Search{{Property: "log", Output: "entry", Value: "time"}},
		Host:     func(m monitor.Monitor) string { return m.Properties["building"] },
		New:      func(string, probe.Settings) (probe.Probe, error) { return door{}, nil },
	}
	return types
}

type door struct{}

func (door) Run(context.Context) probe.Outcome {
	return probe.Outcome{Value: 1, Outputs: map[string]any{"open": false}}
}

func (door) Close() {}
