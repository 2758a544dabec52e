package chart

import (
	"strings"
	"testing"
)

func TestNotes(t *testing.T) {
	for _, c := range []struct{ values, want, never string }{
		{"", "helm -n monitoring upgrade shop CHART --reuse-values --set frontend.apiEndpoint=http://localhost:8000/api", "Open "},
		{"", "kubectl -n monitoring port-forward service/shop-nanomon-frontend 8001:80", ""},
		{"", "WARNING: Sign-in is off", ""},
		{"", "the volume claim data-shop-nanomon-mongodb-0.", "no persistent storage"},
		{"mongodb: {persistence: {enabled: false}}", "All data is lost when the pod shop-nanomon-mongodb-0 is deleted.", "volume"},
		{"mongodb: {existingSecret: database}", "helm -n monitoring test shop", "data"},
		{"authClientId: client", "installed as shop-nanomon", "Sign-in"},
		{"frontend: {apiEndpoint: 'https://api.example.org/api'}", "The page uses the API at https://api.example.org/api.", "--set"},
		{"ingress: {enabled: true}", "kubectl -n monitoring get ingress shop-nanomon", "port-forward"},
		{"ingress: {enabled: true, host: nanomon.example.org}", "Open http://nanomon.example.org\n", "port-forward"},
		{"ingress: {enabled: true, host: nanomon.example.org, tlsSecret: a}", "Open https://nanomon.example.org\n", "port-forward"},
		{"httpRoute: {enabled: true, parentRefs: [{name: gate}]}", "the gateway gate.", "port-forward"},
		{"publicURL: https://watch.example.org", "Open https://watch.example.org\n", "port-forward"},
	} {
		notes := install(t, c.values).notes
		if !strings.Contains(notes, c.want) || c.never != "" && strings.Contains(notes, c.never) {
			t.Errorf("%s: want %q and not %q in\n%s", c.values, c.want, c.never, notes)
		}
		if strings.Contains(notes, "\n\n\n") || strings.HasPrefix(notes, "\n") {
			t.Errorf("%s: blank lines in\n%s", c.values, notes)
		}
	}
}
