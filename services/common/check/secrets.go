package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

// sampleSecrets are values that replace references during validation, because only runners know the secrets. A monitor
// is valid if one of the values makes it valid.
var sampleSecrets = []string{"secret", "http://secret/", "secret:1", "1"}

// checkReferences validates a monitor with references to secrets. The error is a [monitor.InvalidError].
func (c *Check) checkReferences() error {
	m, spec := c.monitor, c.registry[c.monitor.Type].Spec
	for _, property := range append(slices.Clone(spec.Properties), probe.CommonProperties()...) {
		isProperty := func(p probe.Property) bool { return p.Name == property.Name }
		isCommon := !slices.ContainsFunc(spec.Properties, isProperty)
		if secret.HasReference(m.Properties[property.Name]) && (isCommon || !property.AcceptsText()) {
			return monitor.Invalidf("property %s: references to secrets are not supported here", property.Name)
		}
	}
	var first error
	for _, value := range sampleSecrets {
		sample, err := c.registry.Secrets().FillReferences(m, value)
		if err != nil {
			return err
		}
		p, err := c.newProbe(sample, nil)
		if err == nil {
			p.Close()
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// resolve reads the secrets and replaces the probe if one of them has changed. The error is shown to users and contains
// no secret.
func (c *Check) resolve() error {
	if c.secrets == nil {
		return nil
	}
	resolved, scrubber, err := c.secrets.Resolve(c.monitor, c.registry.Secrets())
	if err != nil {
		return err
	}
	if c.resolved != nil && resolved.Target == c.resolved.Target && maps.Equal(resolved.Properties, c.resolved.Properties) {
		return nil
	}
	p, err := c.newProbe(resolved, scrubber)
	if err != nil {
		return invalidSecret(err)
	}
	c.Close()
	c.probe, c.resolved, c.scrubber = p, &resolved, scrubber
	return nil
}

// invalidSecret returns an error that names the property with the invalid secret. It doesn't wrap err, which may quote
// the secret.
func invalidSecret(err error) error {
	field := "the target"
	var invalid *monitor.InvalidError
	prefix, _, ok := strings.Cut(err.Error(), ":")
	if ok && errors.As(err, &invalid) && strings.HasPrefix(prefix, "property ") {
		field = prefix
	}
	return fmt.Errorf("the secret is not a valid value for %s", field)
}
