package server

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestReferenceHasEveryRoute compares the routes with the requests in api/api-reference.http.
func TestReferenceHasEveryRoute(t *testing.T) {
	text, err := os.ReadFile("../../../api/api-reference.http")
	must(t, err)
	placeholder := regexp.MustCompile(`\{\{?\w+\}\}?`)
	var examples []string
	for _, found := range regexp.MustCompile(`(?m)^([A-Z]+) \{\{(api|site)\}\}([^?\s]*)`).FindAllSubmatch(text, -1) {
		start := map[string]string{"api": " /api", "site": " "}[string(found[2])]
		examples = append(examples, string(found[1])+start+placeholder.ReplaceAllString(string(found[3]), "{id}"))
	}
	routes := routesOf(t, newServer(unavailableStore{}))
	for i, route := range routes {
		routes[i] = placeholder.ReplaceAllString(route, "{id}")
	}
	for _, route := range routes {
		if !slices.Contains(examples, route) {
			t.Errorf("%s has no example", route)
		}
	}
	for _, example := range examples {
		if !slices.Contains(routes, example) {
			t.Errorf("%s is an example of a route that does not exist", example)
		}
	}
}
