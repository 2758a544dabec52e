package kubernetes

import (
	"errors"
	"fmt"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Check checks objects that are applied together and returns an error for each problem that no API server detects.
// external lists referenced objects that are not among them, as "Kind/name".
func Check(objects []Object, external ...string) error {
	s := newSet(objects, external)
	s.index()
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
	return errors.Join(s.errors...)
}

// set contains objects that are applied together, and the problems found in them.
type set struct {
	objects   []Object
	workloads []workload
	byID      map[string]Object
	external  map[string]bool
	errors    []error
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

// ID returns an object's kind and name, such as "Service/api".
func ID(o Object) string { return o.GetObjectKind().GroupVersionKind().Kind + "/" + o.GetName() }

func (s *set) report(o Object, format string, values ...any) {
	s.errors = append(s.errors, fmt.Errorf("%s: %s", ID(o), fmt.Sprintf(format, values...)))
}

// find returns the object with this kind and name in the namespace of from, which refers to it. If there is none, find
// returns nil, and reports an error unless the object is external.
func (s *set) find(from Object, kind, name string) Object {
	return s.findIn(from, from.GetNamespace(), kind, name)
}

// findIn does the same as find, in the given namespace.
func (s *set) findIn(from Object, namespace, kind, name string) Object {
	id := kind + "/" + name
	if found := s.byID[namespace+"/"+id]; found != nil {
		return found
	}
	if !s.external[id] {
		s.report(from, "refers to %s, which doesn't exist", id)
	}
	return nil
}

// index records all objects by their ids, and reports objects that exist twice.
func (s *set) index() {
	for _, o := range s.objects {
		key := o.GetNamespace() + "/" + ID(o)
		if s.byID[key] != nil {
			s.report(o, "exists twice")
		}
		s.byID[key] = o
	}
}

// selected returns the workloads in the namespace of o whose pods match a selector.
func (s *set) selected(o Object, selector *meta.LabelSelector) []workload {
	matches, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		s.report(o, "selector: %v", err)
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

// mustSelect works like selected, and reports a selector that matches nothing.
func (s *set) mustSelect(o Object, what string, selector *meta.LabelSelector) []workload {
	found := s.selected(o, selector)
	if len(found) == 0 {
		s.report(o, "%s %s selects no pods", what, meta.FormatLabelSelector(selector))
	}
	return found
}
