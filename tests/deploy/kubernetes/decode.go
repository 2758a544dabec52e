// Package kubernetes checks what no Kubernetes API server checks in documents: whether what they refer to exists, and
// whether NanoMon knows its settings. Package cluster gives the documents to a real API server, which checks the rest.
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

// Decode reads the YAML documents of one file. It returns an error for each document with a wrong type, a duplicate key,
// which kubectl and Helm accept, or an unknown apiVersion and kind. Empty documents are skipped.
func Decode(file string, text []byte) ([]Object, error) {
	decoder := newDecoder()
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var objects []Object
	var problems []error
	for n := 1; ; n++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, errors.Join(problems...)
		}
		if err == nil {
			var o Object
			if o, err = decodeOne(decoder, document); o != nil {
				objects = append(objects, o)
			}
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s, document %d: %w", file, n, err))
		}
	}
}

// decodeOne decodes one document. It returns nil for an empty one.
func decodeOne(decoder runtime.Decoder, document []byte) (Object, error) {
	var content any
	if err := sigsyaml.UnmarshalStrict(document, &content); err != nil || content == nil {
		return nil, err
	}
	decoded, _, err := decoder.Decode(document, nil, nil)
	if err != nil {
		return nil, err
	}
	o, ok := decoded.(Object)
	if !ok {
		return nil, fmt.Errorf("%s has no metadata, write its items as separate documents", decoded.GetObjectKind().GroupVersionKind().Kind)
	}
	return o, nil
}

// newDecoder returns a decoder for the types that NanoMon's files use.
func newDecoder() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, autoscaling.AddToScheme, batch.AddToScheme, core.AddToScheme, networking.AddToScheme,
		policy.AddToScheme, rbac.AddToScheme, gateway.Install, monitoring.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true})
}
