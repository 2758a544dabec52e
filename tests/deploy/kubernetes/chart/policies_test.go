package chart

import (
	"slices"
	"testing"

	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func TestMongoDBAdmitsItsClients(t *testing.T) {
	installed := install(t, `networkPolicy: {enabled: true}`)
	policy := object[*networking.NetworkPolicy](t, installed, "NetworkPolicy/shop-nanomon-mongodb").Spec
	for _, service := range []string{"api", "frontend", "runner"} {
		_, uses := installed.environment(t, service)["MONGO_URI"]
		admitted := slices.ContainsFunc(policy.Ingress[0].From, func(peer networking.NetworkPolicyPeer) bool {
			selector, err := meta.LabelSelectorAsSelector(peer.PodSelector)
			return err == nil && selector.Matches(labels.Set(deployment(t, installed, service).Spec.Template.Labels))
		})
		if uses != admitted {
			t.Errorf("%s uses MongoDB: %t, and is admitted: %t", service, uses, admitted)
		}
	}
}

func TestPoliciesBlockUnneededTraffic(t *testing.T) {
	for values, metrics := range map[string]int{
		`networkPolicy: {enabled: true}`:                             0,
		`{networkPolicy: {enabled: true}, metrics: {enabled: true}}`: 1,
	} {
		installed := install(t, values)
		policy := func(name string) networking.NetworkPolicySpec {
			return object[*networking.NetworkPolicy](t, installed, "NetworkPolicy/shop-nanomon-"+name).Spec
		}
		if got := len(policy("runner").Ingress); got != metrics {
			t.Errorf("%s: %d ingress rules for runners, want %d", values, got, metrics)
		}
		for name, closed := range map[string]bool{"frontend": true, "mongodb": true, "api": false, "runner": false} {
			p := policy(name)
			if got := slices.Contains(p.PolicyTypes, networking.PolicyTypeEgress) && len(p.Egress) == 0; got != closed {
				t.Errorf("%s has no egress: %t, want %t", name, got, closed)
			}
			if !slices.Contains(p.PolicyTypes, networking.PolicyTypeIngress) {
				t.Errorf("%s doesn't restrict ingress", name)
			}
		}
	}
}

// TestPrometheusIsAdmitted checks that Prometheus can reach the API, which serves its metrics on the API port, but not
// the page.
func TestPrometheusIsAdmitted(t *testing.T) {
	installed := install(t, `networkPolicy: {enabled: true, from: [{podSelector: {matchLabels: {app: proxy}}}], metricsFrom: [{podSelector: {matchLabels: {app: prometheus}}}]}`)
	for service, want := range map[string]bool{"api": true, "frontend": false} {
		policy := object[*networking.NetworkPolicy](t, installed, "NetworkPolicy/shop-nanomon-"+service).Spec
		admitted := slices.ContainsFunc(policy.Ingress[0].From, func(peer networking.NetworkPolicyPeer) bool {
			return peer.PodSelector.MatchLabels["app"] == "prometheus"
		})
		if admitted != want {
			t.Errorf("%s admits Prometheus: %t, want %t", service, admitted, want)
		}
	}
}
