package server

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nanomon/services/api/statuspage/public"
)

// TestReferenceHasEveryRoute compares the routes with the requests in api/api-reference.http.
func TestReferenceHasEveryRoute(t *testing.T) {
	text, err := os.ReadFile("../../../api/api-reference.http")
	must(t, err)
	placeholder := regexp.MustCompile(`\{\{?\w+\}\}?`)
	var examples []string
	for _, found := range regexp.MustCompile(`(?m)^([A-Z]+) \{\{api\}\}([^?\s]*)`).FindAllSubmatch(text, -1) {
		examples = append(examples, string(found[1])+" /api"+placeholder.ReplaceAllString(string(found[2]), "{id}"))
	}
	routes := routesOf(t, newServer(unavailableStore{}))
	for i, route := range routes {
		routes[i] = placeholder.ReplaceAllString(route, "{id}")
	}
	for _, route := range routes {
		if !slices.Contains(examples, route) && !public.HasPath(route[strings.Index(route, "/"):]) {
			t.Errorf("%s has no example", route)
		}
	}
	for _, example := range examples {
		if !slices.Contains(routes, example) {
			t.Errorf("%s is an example of a route that does not exist", example)
		}
	}
}
