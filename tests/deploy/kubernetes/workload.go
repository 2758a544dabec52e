package kubernetes

import (
	"slices"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// workload is an object that creates pods, or a pod.
type workload struct {
	object   Object
	template core.PodTemplateSpec
	// selector is nil for kinds whose selector Kubernetes generates.
	selector *meta.LabelSelector
	replicas *int32
	claims   []core.PersistentVolumeClaim
}

// workloadsOf returns the object as a workload, or nothing if it is none.
func workloadsOf(o Object) []workload {
	switch o := o.(type) {
	case *core.Pod:
		return []workload{{object: o, template: core.PodTemplateSpec{ObjectMeta: o.ObjectMeta, Spec: o.Spec}}}
	case *apps.Deployment:
		return []workload{{object: o, template: o.Spec.Template, selector: required(o.Spec.Selector), replicas: o.Spec.Replicas}}
	case *apps.StatefulSet:
		return []workload{{
			object: o, template: o.Spec.Template, selector: required(o.Spec.Selector),
			replicas: o.Spec.Replicas, claims: o.Spec.VolumeClaimTemplates,
		}}
	case *apps.DaemonSet:
		return []workload{{object: o, template: o.Spec.Template, selector: required(o.Spec.Selector)}}
	case *batch.Job:
		return []workload{{object: o, template: o.Spec.Template}}
	case *batch.CronJob:
		return []workload{{object: o, template: o.Spec.JobTemplate.Spec.Template}}
	}
	return nil
}

// required returns a selector that must be set, so that a missing one is reported like an empty one.
func required(selector *meta.LabelSelector) *meta.LabelSelector {
	if selector == nil {
		return &meta.LabelSelector{}
	}
	return selector
}

// containers returns all containers of the pods, including init containers.
func (w workload) containers() []core.Container {
	return slices.Concat(w.template.Spec.InitContainers, w.template.Spec.Containers)
}

// hasPort reports whether the pods have a container port of that number or name.
func (w workload) hasPort(port intstr.IntOrString) bool {
	return slices.ContainsFunc(w.containers(), func(c core.Container) bool { return hasPort(c, port) })
}

func hasPort(c core.Container, port intstr.IntOrString) bool {
	return slices.ContainsFunc(c.Ports, func(p core.ContainerPort) bool {
		if port.Type == intstr.String {
			return p.Name == port.StrVal
		}
		return p.ContainerPort == port.IntVal
	})
}

func (s *set) checkWorkload(w workload) {
	if w.selector != nil {
		s.checkSelector(w)
	}
	if set, ok := w.object.(*apps.StatefulSet); ok {
		s.checkGoverningService(set)
	}
}

// checkSelector reports a selector that selects the pods of other workloads too.
func (s *set) checkSelector(w workload) {
	for _, other := range s.selected(w.object, w.selector) {
		if other.object != w.object {
			s.report(w.object, "selector %s matches the pods of %s too", meta.FormatLabelSelector(w.selector), ID(other.object))
		}
	}
}

// checkGoverningService reports a StatefulSet without a headless service, which gives its pods their host names.
func (s *set) checkGoverningService(set *apps.StatefulSet) {
	if service, ok := s.find(set, "Service", set.Spec.ServiceName).(*core.Service); ok && service.Spec.ClusterIP != core.ClusterIPNone {
		s.report(set, "service %s isn't headless", service.Name)
	}
}
