package kubernetes

import (
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func (s *set) checkPod(w workload) {
	s.checkVolumes(w)
	spec := w.template.Spec
	if spec.ServiceAccountName != "" && spec.ServiceAccountName != "default" {
		s.find(w.object, "ServiceAccount", spec.ServiceAccountName)
	}
	for _, secret := range spec.ImagePullSecrets {
		s.find(w.object, "Secret", secret.Name)
	}
	for _, c := range w.containers() {
		s.checkImage(w, c)
		s.checkProbes(w, c)
		s.checkEnvironment(w, c)
	}
}

// checkImage reports images other than those of NanoMon, MongoDB and the external ones ("Image/name"), and images
// without a fixed tag. Kubernetes pulls an image with the tag "latest" or without a tag at every start, which fails for
// an image that was loaded into the nodes.
func (s *set) checkImage(w workload, c core.Container) {
	name, tag := splitImage(c.Image)
	if !slices.Contains([]string{"api", "runner", "frontend", "standalone", "mongo"}, name) && !s.external["Image/"+name] {
		s.report(w.object, "container %s: image %q is neither an image of NanoMon nor mongo", c.Name, c.Image)
	}
	if tag == "" || tag == "latest" {
		s.report(w.object, "container %s: image %q needs a tag other than latest", c.Name, c.Image)
	}
}

// splitImage returns the last part of an image's path, and its tag or digest.
func splitImage(image string) (name, tag string) {
	name = image[strings.LastIndex(image, "/")+1:]
	if name, digest, ok := strings.Cut(name, "@"); ok {
		name, _, _ = strings.Cut(name, ":")
		return name, digest
	}
	name, tag, _ = strings.Cut(name, ":")
	return name, tag
}

func (s *set) checkProbes(w workload, c core.Container) {
	for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if probe == nil {
			continue
		}
		var port intstr.IntOrString
		switch {
		case probe.HTTPGet != nil:
			port = probe.HTTPGet.Port
		case probe.TCPSocket != nil:
			port = probe.TCPSocket.Port
		case probe.GRPC != nil:
			port = intstr.FromInt32(probe.GRPC.Port)
		default:
			continue
		}
		if !hasPort(c, port) {
			s.report(w.object, "container %s: a probe uses port %s, which doesn't exist", c.Name, port.String())
		}
	}
}

func (s *set) checkVolumes(w workload) {
	unmounted := make(map[string]bool)
	for _, volume := range w.template.Spec.Volumes {
		unmounted[volume.Name] = true
		s.checkVolumeSource(w.object, volume)
	}
	for _, claim := range w.claims {
		unmounted[claim.Name] = true
	}
	for _, c := range w.containers() {
		for _, mount := range c.VolumeMounts {
			delete(unmounted, mount.Name)
		}
	}
	for name := range unmounted {
		s.report(w.object, "no container mounts volume %s", name)
	}
}

func (s *set) checkVolumeSource(from Object, volume core.Volume) {
	if m := volume.ConfigMap; m != nil && !optional(m.Optional) {
		s.findKeys(from, "ConfigMap", m.Name, itemKeys(m.Items))
	}
	if m := volume.Secret; m != nil && !optional(m.Optional) {
		s.findKeys(from, "Secret", m.SecretName, itemKeys(m.Items))
	}
	if claim := volume.PersistentVolumeClaim; claim != nil {
		s.find(from, "PersistentVolumeClaim", claim.ClaimName)
	}
	if volume.Projected == nil {
		return
	}
	for _, source := range volume.Projected.Sources {
		if m := source.ConfigMap; m != nil && !optional(m.Optional) {
			s.findKeys(from, "ConfigMap", m.Name, itemKeys(m.Items))
		}
		if m := source.Secret; m != nil && !optional(m.Optional) {
			s.findKeys(from, "Secret", m.Name, itemKeys(m.Items))
		}
	}
}

func optional(o *bool) bool { return o != nil && *o }

func itemKeys(items []core.KeyToPath) []string {
	keys := make([]string, len(items))
	for i, item := range items {
		keys[i] = item.Key
	}
	return keys
}

// findKeys finds a ConfigMap or Secret, reports missing keys, and returns its content, or nil if it doesn't exist.
func (s *set) findKeys(from Object, kind, name string, keys []string) map[string]string {
	found := s.find(from, kind, name)
	if found == nil {
		return nil
	}
	content := contentOf(found)
	for _, key := range keys {
		if _, ok := content[key]; !ok {
			s.report(from, "refers to key %s, which %s doesn't have", key, ID(found))
		}
	}
	return content
}

// contentOf returns the content of a ConfigMap or Secret as a pod sees it.
func contentOf(o Object) map[string]string {
	content := make(map[string]string)
	switch o := o.(type) {
	case *core.ConfigMap:
		for key, value := range o.Data {
			content[key] = value
		}
	case *core.Secret:
		for key, value := range o.Data {
			content[key] = string(value)
		}
		for key, value := range o.StringData {
			content[key] = value
		}
	}
	return content
}
