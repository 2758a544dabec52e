package kubernetes

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nanomon/tests/support/servicetest"

	core "k8s.io/api/core/v1"
)

// Environment returns the environment variables of a container of the workload with an id such as "Deployment/api".
// ConfigMaps and Secrets are looked up among the objects. A value that only the cluster knows at run time becomes
// "field:" and its path.
func Environment(objects []Object, id, container string) (map[string]string, error) {
	s := newSet(objects, nil)
	s.index()
	for _, w := range s.workloads {
		for _, c := range w.containers() {
			if ID(w.object) == id && c.Name == container {
				return s.environment(w.object, c), errors.Join(s.errors...)
			}
		}
	}
	return nil, fmt.Errorf("no container %s in %s", container, id)
}

// environment resolves the variables of a container in order: a value may refer to earlier variables.
func (s *set) environment(from Object, c core.Container) map[string]string {
	environment := make(map[string]string)
	for _, source := range c.EnvFrom {
		if m := source.ConfigMapRef; m != nil && !optional(m.Optional) {
			maps.Copy(environment, prefixed(source.Prefix, s.findKeys(from, "ConfigMap", m.Name, nil)))
		}
		if m := source.SecretRef; m != nil && !optional(m.Optional) {
			maps.Copy(environment, prefixed(source.Prefix, s.findKeys(from, "Secret", m.Name, nil)))
		}
	}
	for _, variable := range c.Env {
		environment[variable.Name] = s.value(from, c, variable, environment)
	}
	return environment
}

func prefixed(prefix string, content map[string]string) map[string]string {
	with := make(map[string]string)
	for key, value := range content {
		with[prefix+key] = value
	}
	return with
}

// value returns the value of a variable, or "" if the object that it refers to doesn't exist.
func (s *set) value(from Object, c core.Container, variable core.EnvVar, before map[string]string) string {
	source := variable.ValueFrom
	switch {
	case source == nil:
		return s.expand(from, c, variable, before)
	case source.ConfigMapKeyRef != nil && !optional(source.ConfigMapKeyRef.Optional):
		ref := source.ConfigMapKeyRef
		return s.findKeys(from, "ConfigMap", ref.Name, []string{ref.Key})[ref.Key]
	case source.SecretKeyRef != nil && !optional(source.SecretKeyRef.Optional):
		ref := source.SecretKeyRef
		return s.findKeys(from, "Secret", ref.Name, []string{ref.Key})[ref.Key]
	case source.FieldRef != nil:
		return "field:" + source.FieldRef.FieldPath
	case source.ResourceFieldRef != nil:
		return "field:" + source.ResourceFieldRef.Resource
	}
	return ""
}

// reference matches $(NAME) in a value, and "$$", the escape of "$".
var reference = regexp.MustCompile(`\$\$|\$\(([^)]*)\)`)

func (s *set) expand(from Object, c core.Container, variable core.EnvVar, before map[string]string) string {
	return reference.ReplaceAllStringFunc(variable.Value, func(found string) string {
		if found == "$$" {
			return "$"
		}
		name := found[2 : len(found)-1]
		value, ok := before[name]
		if !ok {
			s.report(from, "container %s: variable %s refers to $(%s), which isn't set before it", c.Name, variable.Name, name)
		}
		return value
	})
}

// platform lists the variables that Go's runtime and standard library read.
var platform = []string{"GOMAXPROCS", "GOMEMLIMIT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE", "TZ"}

// checkEnvironment reports variables that NanoMon doesn't know in containers of its own images, and pods to which
// Kubernetes would add variables.
func (s *set) checkEnvironment(w workload, c core.Container) {
	environment := s.environment(w.object, c)
	service, _ := splitImage(c.Image)
	known, err := settings()
	if err != nil {
		s.report(w.object, "%v", err)
	}
	if known[service] == nil {
		return
	}
	if links := w.template.Spec.EnableServiceLinks; links == nil || *links {
		s.report(w.object, "needs enableServiceLinks: false, because services called api and prometheus would set API_PORT and PROMETHEUS_PORT")
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if !slices.Contains(known[service], name) && !slices.Contains(platform, name) && !usedInValues(c, name) {
			s.report(w.object, "container %s: %s has no setting %s", c.Name, service, name)
		}
	}
}

// usedInValues reports whether other variables of the container refer to this one.
func usedInValues(c core.Container, name string) bool {
	return slices.ContainsFunc(c.Env, func(v core.EnvVar) bool { return strings.Contains(v.Value, "$("+name+")") })
}

// sample matches a setting in .env.sample: the services that read it, and its name.
var sample = regexp.MustCompile(`(?m)^# ((?:[a-z]+, )*[a-z]+): .*\n(?:# .*\n)*#([A-Z][A-Z0-9_]*)=`)

// settings returns the names of the variables that each service reads, from the generated .env.sample.
var settings = sync.OnceValues(func() (map[string][]string, error) {
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), ".env.sample"))
	if err != nil {
		return nil, err
	}
	known := make(map[string][]string)
	for _, found := range sample.FindAllStringSubmatch(string(text), -1) {
		for _, service := range strings.Split(found[1], ", ") {
			known[service] = append(known[service], found[2])
		}
	}
	return known, nil
})
