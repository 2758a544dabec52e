// Package kubernetes checks Kubernetes documents as far as that goes without a cluster: by the types of its API, by what
// refers to what among them, by the restricted Pod Security Standard, and by the settings that NanoMon knows.
package kubernetes

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	sigsyaml "sigs.k8s.io/yaml"
)

// Object is a decoded document.
type Object interface {
	meta.Object
	runtime.Object
}

// Decode reads the YAML documents of one file and returns an error for each that is not exactly of a known type: with an
// unknown field, a wrong type, a key that is there twice, or an apiVersion and kind that are not known here. Documents
// without content are left out.
func Decode(file string, text []byte) ([]Object, error) {
	decoder := strictDecoder()
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var objects []Object
	var faults []error
	for n := 1; ; n++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, errors.Join(faults...)
		}
		if err == nil {
			var o Object
			if o, err = decodeOne(decoder, document); o != nil {
				objects = append(objects, o)
			}
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s, document %d: %w", file, n, err))
		}
	}
}

// decodeOne returns nil for a document without content.
func decodeOne(decoder runtime.Decoder, document []byte) (Object, error) {
	var content any
	if err := sigsyaml.Unmarshal(document, &content); err != nil || content == nil {
		return nil, err
	}
	decoded, _, err := decoder.Decode(document, nil, nil)
	if err != nil {
		return nil, err
	}
	o, ok := decoded.(Object)
	if !ok {
		return nil, fmt.Errorf("%s has no metadata of its own, write its items as documents", decoded.GetObjectKind().GroupVersionKind().Kind)
	}
	return o, nil
}

// strictDecoder knows the types that are in use here.
func strictDecoder() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, autoscaling.AddToScheme, batch.AddToScheme, core.AddToScheme, networking.AddToScheme,
		policy.AddToScheme, rbac.AddToScheme, gateway.Install, monitoring.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
}
