package chart

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"nanomon/tests/deploy/kubernetes"
)

// typedValues maps each value that the chart copies into an object to its type in the API of Kubernetes.
func typedValues() map[string]any {
	values := map[string]any{
		"networkPolicy.from":        []networking.NetworkPolicyPeer{},
		"networkPolicy.metricsFrom": []networking.NetworkPolicyPeer{},
		"httpRoute.parentRefs":      []gateway.ParentReference{},
		"tolerations":               []core.Toleration{},
		"affinity":                  core.Affinity{},
		"mongodb.resources":         core.ResourceRequirements{},
	}
	for _, service := range []string{"api", "frontend", "runner"} {
		values[service+".extraEnv"] = []core.EnvVar{}
		values[service+".extraVolumes"] = []core.Volume{}
		values[service+".extraVolumeMounts"] = []core.VolumeMount{}
		values[service+".resources"] = core.ResourceRequirements{}
	}
	return values
}

// requiredFields lists the fields that the schema requires. All others may be null, as in Kubernetes.
var requiredFields = []string{
	"name", "mountPath", "cidr", "key", "operator", "values", "fieldPath", "resource", "volumeName", "path", "secretName", "claimName", "server",
	"driver", "weight", "preference", "podAffinityTerm", "topologyKey", "nodeSelectorTerms",
}

// samples are valid values, in JSON, of the fields that may not have any value of their type.
var samples = map[string]string{
	"IPBlock.CIDR": `"10.0.0.0/8"`, "IPBlock.Except": `["10.1.0.0/16"]`,
	"LabelSelectorRequirement.Operator": `"In"`, "NodeSelectorRequirement.Operator": `"In"`,
	"Toleration.Operator": `"Equal"`, "Toleration.Effect": `"NoExecute"`,
	"ObjectFieldSelector.FieldPath": `"metadata.name"`, "ResourceFieldSelector.Resource": `"limits.cpu"`,
	"VolumeMount.MountPropagation": `"None"`, "VolumeMount.RecursiveReadOnly": `"Enabled"`,
	"NFSVolumeSource.Path":        `"/a"`,
	"ResourceRequirements.Limits": `{"cpu": "1500m"}`, "ResourceRequirements.Requests": `{"cpu": "1500m"}`,
}

// TestSchemaHasFieldsOfKubernetes sets every field of the types of Kubernetes. If it fails after an update of k8s.io/api
// or sigs.k8s.io/gateway-api, add the new fields to values.schema.json.
func TestSchemaHasFieldsOfKubernetes(t *testing.T) {
	for path, zero := range typedValues() {
		if err := kubernetes.Validate(at(path, filled(t, zero))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestSchemaRejectsUnknownFields adds an unknown field to every object in every value.
func TestSchemaRejectsUnknownFields(t *testing.T) {
	for path, zero := range typedValues() {
		root, added := filled(t, zero), 0
		for _, level := range levels(root) {
			for _, o := range level {
				o["unknown"] = []any{}
				added++
			}
		}
		err := kubernetes.Validate(at(path, root))
		if err == nil || strings.Count(err.Error(), "unknown") != added {
			t.Errorf("%s: not all of the %d unknown fields are refused: %v", path, added, err)
		}
	}
}

// TestSchemaAcceptsNull sets all optional fields in every value to null, one level of objects after the other.
func TestSchemaAcceptsNull(t *testing.T) {
	for path, zero := range typedValues() {
		for depth := range levels(filled(t, zero)) {
			root := filled(t, zero)
			for _, o := range levels(root)[depth] {
				for name := range o {
					if !slices.Contains(requiredFields, name) {
						o[name] = nil
					}
				}
			}
			if err := kubernetes.Validate(at(path, root)); err != nil {
				t.Errorf("%s, null at depth %d: %v", path, depth, err)
			}
		}
	}
}

// TestHelmRefusesTheSame compares the message of Helm, which compiles the schema each time, with that of the other tests.
func TestHelmRefusesTheSame(t *testing.T) {
	loaded, err := loader.Load(kubernetes.ChartFolder())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"replicas: 2", "api: {replicaCount: two}", "tolerations: [{key: a b}]", "mongodb: {persistence: {enabled: }}"} {
		values, err := chartutil.ReadValues([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := kubernetes.Validate(values)
		if _, want := chartutil.ToRenderValues(loaded, values, chartutil.ReleaseOptions{}, nil); got == nil || want == nil {
			t.Errorf("%s: error %v, of Helm %v", text, got, want)
		} else if _, problem, _ := strings.Cut(got.Error(), "\n"); !strings.HasSuffix(want.Error(), ":\n"+problem+"\n") {
			t.Errorf("%s: error %v, of Helm %v", text, got, want)
		}
	}
}

// at returns values with one value at a path such as "api.extraEnv".
func at(path string, value any) map[string]any {
	name, rest, nested := strings.Cut(path, ".")
	if nested {
		value = at(rest, value)
	}
	return map[string]any{name: value}
}

// levels returns the objects in value by their depth. It omits those that may have any content.
func levels(value any) [][]map[string]any {
	var all [][]map[string]any
	for next := []any{value}; len(next) > 0; {
		var level []map[string]any
		var below []any
		for _, value := range next {
			switch value := value.(type) {
			case []any:
				below = append(below, value...)
			case map[string]any:
				level = append(level, value)
				for name, member := range value {
					if name != "fieldsV1" {
						below = append(below, member)
					}
				}
			}
		}
		all, next = append(all, level), below
	}
	return all
}

// filled returns the JSON form of a value of the type of zero, in which every field is set.
func filled(t *testing.T, zero any) any {
	t.Helper()
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	fill(t, v)
	text, err := json.Marshal(v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// sample replaces the value of a field by its sample, if it has one.
func sample(t *testing.T, field string, v reflect.Value) {
	t.Helper()
	text, ok := samples[field]
	if !ok {
		return
	}
	v.SetZero()
	if err := json.Unmarshal([]byte(text), v.Addr().Interface()); err != nil {
		t.Fatalf("%s: %v", field, err)
	}
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch special := v.Addr().Interface().(type) {
	case *resource.Quantity:
		*special = resource.MustParse("1500m")
		return
	case *meta.Time:
		*special = meta.NewTime(time.Unix(1, 0))
		return
	case *meta.FieldsV1:
		*special = *meta.NewFieldsV1(`{"f:a":{}}`)
		return
	case json.Unmarshaler:
		t.Fatalf("fill can't fill a %s: add a case", v.Type())
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
			sample(t, v.Type().Name()+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	default:
		t.Fatalf("fill can't fill a %s: add a case", v.Type())
	}
}
