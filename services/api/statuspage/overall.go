package statuspage

import (
	"fmt"
	"slices"
	"strings"

	"nanomon/services/api/statuspage/view"
)

// maxNames is the maximum number of names of entries in a sentence.
const maxNames = 3

// overall describes a page, whose entries, maintenance and messages are known, in a sentence.
func overall(v *view.Page) view.Overall {
	names := make(map[view.Level][]string)
	var down, maintained []string
	all := 0
	for _, s := range v.Sections {
		for _, e := range s.Entries {
			all++
			names[e.Level] = append(names[e.Level], e.Name)
			if e.Level == view.Partial || e.Level == view.Down {
				down = append(down, e.Name)
			}
			if e.Level == view.InMaintenance || isMaintained(v, e.Name) {
				maintained = append(maintained, e.Name)
			}
		}
	}
	switch unknown := len(names[view.Unknown]); {
	case len(names[view.Down]) > 0 && len(names[view.Down])+unknown == all:
		return view.Overall{Level: view.Down, Text: "Major outage"}
	case len(down) > 0:
		return view.Overall{Level: view.Partial, Text: "Partial outage: " + list(down)}
	case len(v.Messages) > 0:
		return view.Overall{Level: view.Partial, Text: "Reported problem: " + v.Messages[0].Title}
	case unknown == all:
		return view.Overall{Level: view.Unknown, Text: "No current data"}
	case unknown > 0:
		return view.Overall{Level: view.Unknown, Text: "Some systems are not checked: " + list(names[view.Unknown])}
	case len(maintained) > 0:
		return view.Overall{Level: view.InMaintenance, Text: "Maintenance: " + list(maintained)}
	default:
		return view.Overall{Level: view.Operational, Text: "All systems operational"}
	}
}

// isMaintained reports whether public maintenance affects an entry now.
func isMaintained(v *view.Page, name string) bool {
	return slices.ContainsFunc(v.Maintenance, func(m view.Maintenance) bool {
		return m.Active && slices.Contains(m.Entries, name)
	})
}

// list returns names in a sentence, each once.
func list(names []string) string {
	var unique []string
	for _, name := range names {
		if !slices.Contains(unique, name) {
			unique = append(unique, name)
		}
	}
	text := strings.Join(unique[:min(len(unique), maxNames)], ", ")
	if more := len(unique) - maxNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
