package chart

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"

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

// secretsOf is each secret that an installation makes, in clear and in Base64, and each word in it that the cases begin with "s3cret".
func secretsOf(made installation) []string {
	var secrets []string
	for _, o := range made.objects {
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

// passwords is the secret that the chart makes for its MongoDB.
func passwords(t *testing.T, made installation) map[string][]byte {
	t.Helper()
	return object[*core.Secret](t, made, "Secret/shop-nanomon-mongodb").Data
}

func TestPasswordsSurviveUpgrades(t *testing.T) {
	first := install(t, "")
	made := passwords(t, first)
	for key, length := range map[string]int{"rootPassword": 32, "password": 32, "keyFile": 64} {
		if len(made[key]) != length {
			t.Errorf("%s has %d characters, want %d", key, len(made[key]), length)
		}
	}
	if string(made["rootPassword"]) == string(made["password"]) {
		t.Error("root has NanoMon's password")
	}
	uri, err := url.Parse(string(made["MONGO_URI"]))
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := uri.User.Password(); password != string(made["password"]) || uri.User.Username() != "nanomon" || uri.Host != "shop-nanomon-mongodb:27017" {
		t.Errorf("the URI is %s", uri.Redacted())
	}
	if diff := cmp.Diff(made, passwords(t, install(t, ""))); diff == "" {
		t.Error("another installation has the same passwords")
	}
	kept := secret("shop-nanomon-mongodb", nil)
	kept.Data = made
	upgraded := install(t, "", kept)
	if diff := cmp.Diff(made, passwords(t, upgraded)); diff != "" {
		t.Errorf("an upgrade changes the passwords:\n%s", diff)
	}
}

func TestRenderingTwiceIsStable(t *testing.T) {
	for name, c := range cases {
		if slices.Contains(c.made, "Secret/-mongodb") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(install(t, c.values).text, install(t, c.values).text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPodsBeginAnewWithTheChartsSecret(t *testing.T) {
	annotations := func(password string) map[string]string {
		made := install(t, `{podAnnotations: {a: b}, runner: {alerting: {password: "`+password+`"}}}`)
		return deployment(t, made, "runner").Spec.Template.Annotations
	}
	one, two := annotations("one"), annotations("two")
	if one["checksum/secrets"] == two["checksum/secrets"] || one["a"] != "b" {
		t.Errorf("annotations %v and %v", one, two)
	}
	if none := annotations(""); len(none) != 1 {
		t.Errorf("annotations without a secret: %v", none)
	}
}
