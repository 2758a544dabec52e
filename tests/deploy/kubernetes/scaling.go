package kubernetes

import (
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func (s *set) checkScaling(o Object) {
	switch o := o.(type) {
	case *policy.PodDisruptionBudget:
		s.mustSelect(o, "selector", required(o.Spec.Selector))
	case *autoscaling.HorizontalPodAutoscaler:
		target := s.find(o, o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name)
		for _, w := range s.workloads {
			if target != nil && w.object == target {
				s.checkScaled(o, w)
			}
		}
	}
}

// checkScaled reports what breaks an autoscaler: a fixed number of replicas, which every apply would restore, and a
// utilization target without resource requests.
func (s *set) checkScaled(scaler *autoscaling.HorizontalPodAutoscaler, w workload) {
	if w.replicas != nil {
		s.report(w.object, "sets replicas, which %s controls", ID(scaler))
	}
	for _, metric := range scaler.Spec.Metrics {
		if metric.Resource == nil || metric.Resource.Target.Type != autoscaling.UtilizationMetricType {
			continue
		}
		for _, c := range w.template.Spec.Containers {
			if _, ok := c.Resources.Requests[metric.Resource.Name]; !ok {
				s.report(scaler, "container %s of %s requests no %s", c.Name, ID(w.object), metric.Resource.Name)
			}
		}
	}
}

func (s *set) checkMonitoring(o Object) {
	monitor, ok := o.(*monitoring.ServiceMonitor)
	if !ok {
		return
	}
	selector := &monitor.Spec.Selector
	services := s.services(o, selector)
	if len(services) == 0 {
		s.report(o, "selector %s selects no services", meta.FormatLabelSelector(selector))
	}
	for _, service := range services {
		for _, endpoint := range monitor.Spec.Endpoints {
			if endpoint.Port != "" && !serviceHasPort(service, intstr.FromString(endpoint.Port)) {
				s.report(o, "%s has no port %s", ID(service), endpoint.Port)
			}
		}
	}
}

// services returns the services in the namespace of o whose labels match a selector.
func (s *set) services(o Object, selector *meta.LabelSelector) []*core.Service {
	matches, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		s.report(o, "selector: %v", err)
		return nil
	}
	var found []*core.Service
	for _, candidate := range s.objects {
		service, ok := candidate.(*core.Service)
		if ok && service.Namespace == o.GetNamespace() && matches.Matches(labels.Set(service.Labels)) {
			found = append(found, service)
		}
	}
	return found
}
