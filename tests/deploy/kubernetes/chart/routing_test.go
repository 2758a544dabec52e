package chart

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"nanomon/tests/deploy/kubernetes"
)

const (
	api      = "shop-nanomon-api"
	frontend = "shop-nanomon-frontend"
)

// routed maps "host type path" to the name of the service.
type routed map[string]string

// wantRouted are the routes of [kubernetes.Everything].
var wantRouted = routed{
	"nanomon.example.org Prefix /api":    api,
	"nanomon.example.org Prefix /status": api,
	"nanomon.example.org Prefix /badges": api,
	"nanomon.example.org Prefix /":       frontend,
	"status.example.org Exact /":         api,
	"status.example.org Prefix /status":  api,
	"status.example.org Prefix /badges":  api,
	"status.example.com Exact /":         api,
	"status.example.com Prefix /status":  api,
	"status.example.com Prefix /badges":  api,
}

func byIngress(t *testing.T, installed installation) routed {
	t.Helper()
	found := make(routed)
	for _, rule := range object[*networking.Ingress](t, installed, "Ingress/shop-nanomon").Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			found[rule.Host+" "+string(*path.PathType)+" "+path.Path] = path.Backend.Service.Name
		}
	}
	return found
}

func byGateway(t *testing.T, installed installation) routed {
	t.Helper()
	found := make(routed)
	for _, name := range []string{"shop-nanomon", "shop-nanomon-status"} {
		route := object[*gateway.HTTPRoute](t, installed, "HTTPRoute/"+name).Spec
		for _, host := range route.Hostnames {
			for _, rule := range route.Rules {
				for _, match := range rule.Matches {
					kind := strings.TrimPrefix(string(*match.Path.Type), "Path")
					found[string(host)+" "+kind+" "+*match.Path.Value] = string(rule.BackendRefs[0].Name)
				}
			}
		}
	}
	return found
}

// TestRoutes checks that status pages and badges lead to the API, and that nothing else does on the hosts of status
// pages: neither the rest of the API nor NanoMon's own page.
func TestRoutes(t *testing.T) {
	installed := install(t, kubernetes.Everything)
	for name, got := range map[string]routed{"ingress": byIngress(t, installed), "gateway": byGateway(t, installed)} {
		if diff := cmp.Diff(wantRouted, got); diff != "" {
			t.Errorf("%s, - want, + got:\n%s", name, diff)
		}
	}
}

// TestIngressWithoutHosts checks that the host names of status pages work beside an ingress that matches all host names.
func TestIngressWithoutHosts(t *testing.T) {
	got := byIngress(t, install(t, "ingress: {enabled: true, statusHosts: [{host: status.example.org}]}"))
	want := routed{}
	for route, service := range wantRouted {
		if !strings.HasPrefix(route, "status.example.com ") {
			want[strings.TrimPrefix(route, "nanomon.example.org")] = service
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- want, + got:\n%s", diff)
	}
	gatewayOnly := install(t, "httpRoute: {enabled: true, parentRefs: [{name: gateway}]}")
	if slices.Contains(gatewayOnly.ids(), "HTTPRoute/-status") {
		t.Error("there is a route for status pages without their host names")
	}
}

func TestCertificatesOfHosts(t *testing.T) {
	for values, want := range map[string]map[string]string{
		"host: nanomon.example.org, statusHosts: [{host: status.example.org}]": {},
		"host: nanomon.example.org, tlsSecret: page, statusHosts: [{host: status.example.org, tlsSecret: status}]": {
			"nanomon.example.org": "page", "status.example.org": "status",
		},
		"host: nanomon.example.org, statusHosts: [{host: status.example.org, tlsSecret: status}]": {"status.example.org": "status"},
		"tlsSecret: page, statusHosts: [{host: status.example.org}]":                              {"": "page"},
	} {
		ingress := object[*networking.Ingress](t, install(t, "ingress: {enabled: true, "+values+"}"), "Ingress/shop-nanomon")
		got := make(map[string]string)
		for _, tls := range ingress.Spec.TLS {
			got[strings.Join(tls.Hosts, " ")] = tls.SecretName
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: certificates %v, want %v", values, got, want)
		}
	}
}

// TestProxyReachesStatusPages checks that a network policy that admits only a proxy admits it to each service that the
// routes of status pages lead to, and nobody else.
func TestProxyReachesStatusPages(t *testing.T) {
	installed := install(t, `
ingress: {enabled: true, host: nanomon.example.org, statusHosts: [{host: status.example.org}]}
networkPolicy: {enabled: true, from: [{podSelector: {matchLabels: {app: proxy}}}]}
`)
	for route, name := range byIngress(t, installed) {
		selector := object[*core.Service](t, installed, "Service/"+name).Spec.Selector
		policy := object[*networking.NetworkPolicy](t, installed, "NetworkPolicy/"+name).Spec
		if !labels.Set(policy.PodSelector.MatchLabels).AsSelector().Matches(labels.Set(selector)) {
			t.Errorf("%s: the policy is not that of the pods of %s", route, name)
		}
		for app, want := range map[string]bool{"proxy": true, "other": false} {
			admitted := slices.ContainsFunc(policy.Ingress[0].From, func(peer networking.NetworkPolicyPeer) bool {
				selector, err := meta.LabelSelectorAsSelector(peer.PodSelector)
				return err == nil && selector.Matches(labels.Set{"app": app})
			})
			if admitted != want {
				t.Errorf("%s admits app=%s: %t, want %t", route, app, admitted, want)
			}
		}
	}
}
