package kubernetes

import (
	"errors"
	"fmt"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Check returns an error for each fault that objects applied together have, and that decoding can't find. What is
// referred to and comes from elsewhere is named as "Kind/name" in external.
func Check(objects []Object, external ...string) error {
	s := newSet(objects, external)
	s.checkNames()
	for _, w := range s.workloads {
		s.checkWorkload(w)
		s.checkPod(w)
	}
	for _, o := range objects {
		s.checkNetwork(o)
		s.checkScaling(o)
		s.checkMonitoring(o)
		s.checkBinding(o)
	}
	return errors.Join(s.faults...)
}

// set is objects that are applied together, and what was found wrong with them.
type set struct {
	objects   []Object
	workloads []workload
	byID      map[string]Object
	external  map[string]bool
	faults    []error
}

func newSet(objects []Object, external []string) *set {
	s := &set{objects: objects, byID: make(map[string]Object), external: make(map[string]bool)}
	for _, id := range external {
		s.external[id] = true
	}
	for _, o := range objects {
		s.workloads = append(s.workloads, workloadsOf(o)...)
	}
	return s
}

// ID is an object's kind and name, as "Service/api".
func ID(o Object) string { return o.GetObjectKind().GroupVersionKind().Kind + "/" + o.GetName() }

func (s *set) fault(o Object, format string, values ...any) {
	s.faults = append(s.faults, fmt.Errorf("%s: %s", ID(o), fmt.Sprintf(format, values...)))
}

// find returns the object that from refers to in its own namespace. It is nil if there is none, which is a fault unless
// it is external.
func (s *set) find(from Object, kind, name string) Object {
	return s.findIn(from, from.GetNamespace(), kind, name)
}

// findIn is find in another namespace.
func (s *set) findIn(from Object, namespace, kind, name string) Object {
	id := kind + "/" + name
	if found := s.byID[namespace+"/"+id]; found != nil {
		return found
	}
	if !s.external[id] {
		s.fault(from, "refers to %s, which isn't there", id)
	}
	return nil
}

func (s *set) checkNames() {
	for _, o := range s.objects {
		key := o.GetNamespace() + "/" + ID(o)
		if s.byID[key] != nil {
			s.fault(o, "is there twice")
		}
		s.byID[key] = o
		valid := validation.IsDNS1123Subdomain
		if kind := o.GetObjectKind().GroupVersionKind().Kind; kind == "Service" || kind == "Namespace" {
			valid = validation.IsDNS1123Label
		}
		for _, fault := range valid(o.GetName()) {
			s.fault(o, "name: %s", fault)
		}
		for _, fault := range metavalidation.ValidateLabels(o.GetLabels(), field.NewPath("labels")) {
			s.fault(o, "%s", fault)
		}
		for key := range o.GetAnnotations() {
			for _, fault := range validation.IsQualifiedName(key) {
				s.fault(o, "annotation %q: %s", key, fault)
			}
		}
	}
}

// selected are the workloads in the namespace of o whose pods a selector selects.
func (s *set) selected(o Object, selector *meta.LabelSelector) []workload {
	matches, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		s.fault(o, "selector: %v", err)
		return nil
	}
	var found []workload
	for _, w := range s.workloads {
		if w.object.GetNamespace() == o.GetNamespace() && matches.Matches(labels.Set(w.template.Labels)) {
			found = append(found, w)
		}
	}
	return found
}

// mustSelect is selected, and that nothing is selected is a fault.
func (s *set) mustSelect(o Object, what string, selector *meta.LabelSelector) []workload {
	found := s.selected(o, selector)
	if len(found) == 0 {
		s.fault(o, "%s %s selects no pods", what, meta.FormatLabelSelector(selector))
	}
	return found
}
