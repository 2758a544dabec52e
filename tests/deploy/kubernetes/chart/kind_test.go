package chart

import (
	"os"
	"path/filepath"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"nanomon/services/common/config"
	"nanomon/tests/deploy/kubernetes"
)

// TestValuesForKind renders the values of scripts/test-kind.sh, with the secret and the ConfigMap that it creates.
func TestValuesForKind(t *testing.T) {
	values, err := os.ReadFile(filepath.Join("testdata", "full-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	installed, err := tryUpgrade(t, string(values))
	if err != nil {
		t.Fatal(err)
	}
	settings := &core.ConfigMap{
		TypeMeta:   meta.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: meta.ObjectMeta{Name: "settings", Namespace: namespace}, Data: map[string]string{"level": "debug"},
	}
	installed.objects = append(installed.objects, settings, secret("checks", map[string]string{"token": "secret"}))
	if err := kubernetes.Check(installed.objects); err != nil {
		t.Error(err)
	}
	api := installed.environment(t, "api")
	if _, err := config.Parse[config.API](api); err != nil || api["LOG_LEVEL"] != "debug" {
		t.Errorf("API: LOG_LEVEL %q, error %v", api["LOG_LEVEL"], err)
	}
	if _, err := config.Parse[config.Runner](installed.environment(t, "runner")); err != nil {
		t.Error(err)
	}
}
