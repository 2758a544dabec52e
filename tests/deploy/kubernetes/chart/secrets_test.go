package chart

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/deploy/kubernetes"

	"github.com/google/go-cmp/cmp"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func secret(name string, content map[string]string) *core.Secret {
	data := make(map[string][]byte)
	for key, value := range content {
		data[key] = []byte(value)
	}
	return &core.Secret{
		TypeMeta:   meta.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: meta.ObjectMeta{Name: name, Namespace: namespace}, Data: data,
	}
}

// secretsOf returns every value of the secrets in an installation, in plain text and in Base64, and every part of them
// that starts with "s3cret" in the cases.
func secretsOf(installed installation) []string {
	var secrets []string
	for _, o := range installed.objects {
		if secret, ok := o.(*core.Secret); ok {
			for _, value := range secret.Data {
				secrets = append(secrets, string(value), base64.StdEncoding.EncodeToString(value))
				if at := strings.Index(string(value), "s3cret"); at >= 0 {
					word, _, _ := strings.Cut(string(value[at:]), "@")
					secrets = append(secrets, word)
				}
			}
		}
	}
	return secrets
}

// passwords returns the content of the secret that the chart creates for its MongoDB.
func passwords(t *testing.T, installed installation) map[string][]byte {
	t.Helper()
	return object[*core.Secret](t, installed, "Secret/shop-nanomon-mongodb").Data
}

func TestGeneratedPasswords(t *testing.T) {
	generated := passwords(t, install(t, ""))
	for key, length := range map[string]int{"rootPassword": 32, "password": 32, "keyFile": 64} {
		if len(generated[key]) != length {
			t.Errorf("%s has %d characters, want %d", key, len(generated[key]), length)
		}
	}
	if string(generated["rootPassword"]) == string(generated["password"]) {
		t.Error("root and nanomon have the same password")
	}
	uri, err := url.Parse(string(generated["MONGO_URI"]))
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := uri.User.Password(); password != string(generated["password"]) || uri.User.Username() != "nanomon" || uri.Host != "shop-nanomon-mongodb:27017" {
		t.Errorf("the URI is %s", uri.Redacted())
	}
	if cmp.Equal(generated, passwords(t, install(t, ""))) {
		t.Error("two installations have the same passwords")
	}
}

func TestRenderingTwiceIsStable(t *testing.T) {
	for name, c := range kubernetes.Cases {
		if slices.Contains(c.Created, "Secret/-mongodb") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(install(t, c.Values).text, install(t, c.Values).text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPodsRestartWhenSecretChanges(t *testing.T) {
	annotations := func(password string) map[string]string {
		installed := install(t, `{podAnnotations: {a: b}, runner: {alerting: {password: "`+password+`"}}}`)
		return deployment(t, installed, "runner").Spec.Template.Annotations
	}
	one, two := annotations("one"), annotations("two")
	if one["checksum/secrets"] == two["checksum/secrets"] || one["a"] != "b" {
		t.Errorf("annotations are %v and %v", one, two)
	}
	if none := annotations(""); len(none) != 1 {
		t.Errorf("annotations without a secret are %v", none)
	}
}
