package kubernetes

import (
	"slices"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

func (s *set) checkNetwork(o Object) {
	switch o := o.(type) {
	case *core.Service:
		s.checkService(o)
	case *networking.Ingress:
		s.checkIngress(o)
	case *gateway.HTTPRoute:
		s.checkRoute(o)
	case *networking.NetworkPolicy:
		s.checkPolicy(o)
	}
}

func (s *set) checkService(service *core.Service) {
	if len(service.Spec.Ports) == 0 && service.Spec.Type != core.ServiceTypeExternalName {
		s.report(service, "has no ports")
	}
	if len(service.Spec.Selector) == 0 {
		return
	}
	found := s.mustSelect(service, "selector", &meta.LabelSelector{MatchLabels: service.Spec.Selector})
	if len(found) > 1 {
		s.report(service, "selects the pods of %s and of %s", ID(found[0].object), ID(found[1].object))
		return
	}
	for _, w := range found {
		for _, port := range service.Spec.Ports {
			if target := targetPort(port); !w.hasPort(target) {
				s.report(service, "%s has no port %s", ID(w.object), target.String())
			}
		}
	}
}

func targetPort(port core.ServicePort) intstr.IntOrString {
	if port.TargetPort == (intstr.IntOrString{}) {
		return intstr.FromInt32(port.Port)
	}
	return port.TargetPort
}

func (s *set) checkIngress(ingress *networking.Ingress) {
	for _, tls := range ingress.Spec.TLS {
		if tls.SecretName != "" {
			s.find(ingress, "Secret", tls.SecretName)
		}
	}
	if ingress.Spec.DefaultBackend != nil {
		s.checkBackend(ingress, *ingress.Spec.DefaultBackend)
	}
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			s.report(ingress, "has no paths for host %q", rule.Host)
			continue
		}
		for _, path := range rule.HTTP.Paths {
			s.checkBackend(ingress, path.Backend)
		}
	}
}

func (s *set) checkBackend(ingress *networking.Ingress, backend networking.IngressBackend) {
	if backend.Service == nil {
		s.report(ingress, "has a backend without a service")
		return
	}
	port := intstr.FromInt32(backend.Service.Port.Number)
	if backend.Service.Port.Name != "" {
		port = intstr.FromString(backend.Service.Port.Name)
	}
	s.findServicePort(ingress, backend.Service.Name, port)
}

// findServicePort reports a service that doesn't exist or has no port of that number or name.
func (s *set) findServicePort(from Object, name string, port intstr.IntOrString) {
	service, ok := s.find(from, "Service", name).(*core.Service)
	if ok && !serviceHasPort(service, port) {
		s.report(from, "Service/%s has no port %s", name, port.String())
	}
}

func serviceHasPort(service *core.Service, port intstr.IntOrString) bool {
	return slices.ContainsFunc(service.Spec.Ports, func(p core.ServicePort) bool {
		if port.Type == intstr.String {
			return p.Name == port.StrVal
		}
		return p.Port == port.IntVal
	})
}

func (s *set) checkRoute(route *gateway.HTTPRoute) {
	if len(route.Spec.ParentRefs) == 0 {
		s.report(route, "has no parent gateway")
	}
	for _, parent := range route.Spec.ParentRefs {
		s.find(route, "Gateway", string(parent.Name))
	}
	for _, rule := range route.Spec.Rules {
		for _, backend := range rule.BackendRefs {
			if backend.Port == nil {
				s.report(route, "has a backend %s without a port", backend.Name)
				continue
			}
			s.findServicePort(route, string(backend.Name), intstr.FromInt32(int32(*backend.Port)))
		}
	}
}

func (s *set) checkPolicy(policy *networking.NetworkPolicy) {
	for _, w := range s.mustSelect(policy, "podSelector", &policy.Spec.PodSelector) {
		for _, rule := range policy.Spec.Ingress {
			s.checkPolicyPorts(policy, []workload{w}, rule.Ports)
		}
	}
	for _, rule := range policy.Spec.Ingress {
		s.checkPeers(policy, rule.From)
	}
	for _, rule := range policy.Spec.Egress {
		if found := s.checkPeers(policy, rule.To); len(found) > 0 {
			s.checkPolicyPorts(policy, found, rule.Ports)
		}
	}
}

// checkPeers returns the workloads that the peers select in the namespace of the policy.
func (s *set) checkPeers(policy *networking.NetworkPolicy, peers []networking.NetworkPolicyPeer) []workload {
	var found []workload
	for _, peer := range peers {
		if peer.PodSelector != nil && peer.NamespaceSelector == nil {
			found = append(found, s.mustSelect(policy, "peer", peer.PodSelector)...)
		}
	}
	return found
}

func (s *set) checkPolicyPorts(policy *networking.NetworkPolicy, workloads []workload, ports []networking.NetworkPolicyPort) {
	for _, port := range ports {
		if port.Port == nil {
			continue
		}
		for _, w := range workloads {
			if !w.hasPort(*port.Port) {
				s.report(policy, "%s has no port %s", ID(w.object), port.Port.String())
			}
		}
	}
}
