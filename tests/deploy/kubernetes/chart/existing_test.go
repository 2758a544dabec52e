package chart

import (
	"net/url"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/apimachinery/pkg/runtime"
)

// upgrade renders the chart with the values after, for a cluster in which it is installed with the values before.
func upgrade(t *testing.T, before, after string) (installation, error) {
	t.Helper()
	return upgradeFrom(t, lookedUp(install(t, before)), after)
}

func upgradeFrom(t *testing.T, existing []runtime.Object, values string) (installation, error) {
	t.Helper()
	options := chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 2, IsUpgrade: true}
	return render(t, "v1.34.0", options, values, existing...)
}

// lookedUp returns the objects of the kinds that the chart looks up.
func lookedUp(installed installation) []runtime.Object {
	var existing []runtime.Object
	for _, o := range installed.objects {
		switch o.GetObjectKind().GroupVersionKind().Kind {
		case "Deployment", "StatefulSet", "Secret":
			existing = append(existing, o)
		}
	}
	return existing
}

// TestUpgradesThatKubernetesRefuses checks that an upgrade that Kubernetes would refuse for some objects only, or that
// would replace MongoDB by an empty one, is refused before anything changes.
func TestUpgradesThatKubernetesRefuses(t *testing.T) {
	const readme = "the section \"Change the volume of MongoDB\" in the README of the chart"
	for _, c := range []struct{ before, after, message string }{
		{"", "mongodb: {persistence: {size: 16Gi}}", `mongodb.persistence.size can't change from "8Gi" to "16Gi"`},
		{"", "mongodb: {persistence: {size: 16Gi}}", readme},
		{"mongodb: {persistence: {size: 1000000000}}", "mongodb: {persistence: {size: 1Gi}}", `mongodb.persistence.size can't change from "1G" to "1Gi"`},
		{"", "mongodb: {persistence: {enabled: false}}", "mongodb.persistence.enabled can't change from true to false"},
		{"mongodb: {persistence: {enabled: false}}", "", "mongodb.persistence.enabled can't change from false to true"},
		{"", "mongodb: {persistence: {storageClass: fast}}", `mongodb.persistence.storageClass can't change from "" to "fast"`},
		{"mongodb: {persistence: {storageClass: fast}}", "", `mongodb.persistence.storageClass can't change from "fast" to ""`},
		{"", "fullnameOverride: watch", `would get a new, empty MongoDB: the existing StatefulSet shop-nanomon-mongodb would be replaced by watch-mongodb`},
		{"", "nameOverride: watch", `would be replaced by shop-watch-mongodb`},
		{"fullnameOverride: watch", "", `would be replaced by shop-nanomon-mongodb`},
		{"mongodb: {auth: {existingSecret: a}}", "mongodb: {auth: {existingSecret: a}}\nfullnameOverride: watch", "new, empty MongoDB"},
		{"fullnameOverride: watch", "fullnameOverride: watch\nnameOverride: other", "can't change the labels by which the Deployment watch-api selects its pods: set nameOverride back"},
		{"mongodb: {existingSecret: a}\nfullnameOverride: watch", "mongodb: {existingSecret: a}\nfullnameOverride: watch\nnameOverride: other", "the Deployment watch-api"},
	} {
		if _, err := upgrade(t, c.before, c.after); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("from %q to %q: error %v, want %q", c.before, c.after, err, c.message)
		}
	}
}

func TestUpgradesThatKubernetesAccepts(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"", ""},
		{"", "mongodb: {image: 'mongo:8.1', resources: {limits: {memory: 2Gi}}}"},
		{"mongodb: {persistence: {size: 8192Mi}}", ""},
		{"mongodb: {persistence: {size: 0.5Gi}}", "mongodb: {persistence: {size: 512Mi}}"},
		{"mongodb: {persistence: {size: 8589934592}}", ""},
		{"mongodb: {persistence: {enabled: false}}", "mongodb: {persistence: {enabled: false, size: 1Gi}}"},
		{"", "mongodb: {existingSecret: a}"},
		{"", "mongodb: {existingSecret: a}\nfullnameOverride: watch"},
		{"mongodb: {existingSecret: a}", "fullnameOverride: watch"},
		{"mongodb: {existingSecret: a}", ""},
		{"nameOverride: watch", "fullnameOverride: shop-watch\nnameOverride: watch"},
	} {
		if _, err := upgrade(t, c.before, c.after); err != nil {
			t.Errorf("from %q to %q: %v", c.before, c.after, err)
		}
	}
}

// TestMongoDBOfOthersIsIgnored checks that only the StatefulSet of this release and of this chart counts.
func TestMongoDBOfOthersIsIgnored(t *testing.T) {
	for label, value := range map[string]string{
		"app.kubernetes.io/instance": "other", "app.kubernetes.io/component": "arbiter", "helm.sh/chart": "mongodb-12.1.0",
	} {
		existing := lookedUp(install(t, "fullnameOverride: other"))
		for _, o := range existing {
			if labelled, ok := o.(interface{ GetLabels() map[string]string }); ok {
				labelled.GetLabels()[label] = value
			}
		}
		if _, err := upgradeFrom(t, existing, ""); err != nil {
			t.Errorf("with the label %s=%s: %v", label, value, err)
		}
	}
}

// TestChangedPassword changes the password in the chart's secret, as an operator does, and upgrades.
func TestChangedPassword(t *testing.T) {
	for _, password := range []string{"swordfish", "p@ss/w:rd?#[]%", "100%25", "a b+c", "ü$€&=;,!'\"\\"} {
		installed, err := upgradeFrom(t, []runtime.Object{secret("shop-nanomon-mongodb", map[string]string{"password": password})}, "")
		if err != nil {
			t.Errorf("%q: %v", password, err)
			continue
		}
		uri, err := url.Parse(string(passwords(t, installed)["MONGO_URI"]))
		if err != nil {
			t.Errorf("%q: the URI is invalid", password)
			continue
		}
		if got, _ := uri.User.Password(); got != password || uri.Host != "shop-nanomon-mongodb:27017" {
			t.Errorf("password %q becomes %q in the URI, for the host %s", password, got, uri.Host)
		}
	}
	for _, password := range []string{"swordfish\n", "sword\tfish", "sword\x00fish", "sword\xfffish"} {
		_, err := upgradeFrom(t, []runtime.Object{secret("shop-nanomon-mongodb", map[string]string{"password": password})}, "")
		const message = "the password in the secret shop-nanomon-mongodb contains a line break or another control character"
		if err == nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "fish") {
			t.Errorf("%q: error %v", password, err)
		}
	}
}
