package chart

import (
	"slices"
	"testing"

	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func TestMongoDBIsOpenToWhoUsesIt(t *testing.T) {
	made := install(t, `networkPolicy: {enabled: true}`)
	policy := object[*networking.NetworkPolicy](t, made, "NetworkPolicy/shop-nanomon-mongodb").Spec
	for _, service := range []string{"api", "frontend", "runner"} {
		_, uses := made.environment(t, service)["MONGO_URI"]
		admitted := slices.ContainsFunc(policy.Ingress[0].From, func(peer networking.NetworkPolicyPeer) bool {
			selector, err := meta.LabelSelectorAsSelector(peer.PodSelector)
			return err == nil && selector.Matches(labels.Set(deployment(t, made, service).Spec.Template.Labels))
		})
		if uses != admitted {
			t.Errorf("%s uses MongoDB: %t, and is let in: %t", service, uses, admitted)
		}
	}
}

func TestPoliciesCloseWhatNobodyNeeds(t *testing.T) {
	for values, metrics := range map[string]int{
		`networkPolicy: {enabled: true}`:                             0,
		`{networkPolicy: {enabled: true}, metrics: {enabled: true}}`: 1,
	} {
		made := install(t, values)
		policy := func(name string) networking.NetworkPolicySpec {
			return object[*networking.NetworkPolicy](t, made, "NetworkPolicy/shop-nanomon-"+name).Spec
		}
		if got := len(policy("runner").Ingress); got != metrics {
			t.Errorf("%s: %d ways to runners, want %d", values, got, metrics)
		}
		for name, closed := range map[string]bool{"frontend": true, "mongodb": true, "api": false, "runner": false} {
			p := policy(name)
			if got := slices.Contains(p.PolicyTypes, networking.PolicyTypeEgress) && len(p.Egress) == 0; got != closed {
				t.Errorf("%s may go nowhere: %t, want %t", name, got, closed)
			}
			if !slices.Contains(p.PolicyTypes, networking.PolicyTypeIngress) {
				t.Errorf("%s is open to everybody", name)
			}
		}
	}
}

// TestPrometheusIsLetIn: it may reach the API, whose metrics are on the port of all else, but not the page.
func TestPrometheusIsLetIn(t *testing.T) {
	made := install(t, `networkPolicy: {enabled: true, from: [{podSelector: {matchLabels: {app: proxy}}}], metricsFrom: [{podSelector: {matchLabels: {app: prometheus}}}]}`)
	for service, want := range map[string]bool{"api": true, "frontend": false} {
		policy := object[*networking.NetworkPolicy](t, made, "NetworkPolicy/shop-nanomon-"+service).Spec
		admitted := slices.ContainsFunc(policy.Ingress[0].From, func(peer networking.NetworkPolicyPeer) bool {
			return peer.PodSelector.MatchLabels["app"] == "prometheus"
		})
		if admitted != want {
			t.Errorf("%s lets Prometheus in: %t, want %t", service, admitted, want)
		}
	}
}
