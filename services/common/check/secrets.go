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

// standIns are what may be in place of a reference, whose own content only a runner knows: one of them has to fit.
var standIns = []string{"secret", "http://secret/", "secret:1", "1"}

// checkReferences validates a monitor with references to secrets. The error is a [monitor.InvalidError].
func checkReferences(types probe.Registry, m monitor.Monitor) error {
	spec := types[m.Type].Spec
	for _, property := range append(slices.Clone(spec.Properties), probe.CommonProperties()...) {
		common := !slices.ContainsFunc(spec.Properties, func(own probe.Property) bool { return own.Name == property.Name })
		if secret.InText(m.Properties[property.Name]) && (common || !property.HoldsText()) {
			return monitor.Invalidf("property %s: a reference to a secret is of no use here", property.Name)
		}
	}
	var first error
	for _, standIn := range standIns {
		sample, err := secret.Sample(m, standIn)
		if err != nil {
			return err
		}
		p, err := newProbe(types, sample)
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

// resolve makes the probe anew when what the references lead to has changed. The error is for people and shows no secret.
func (c *Check) resolve() error {
	if c.secrets == nil {
		return nil
	}
	resolved, hide, err := c.secrets.Resolve(c.monitor)
	if err != nil {
		return err
	}
	if c.probe != nil && resolved.Target == c.resolved.Target && maps.Equal(resolved.Properties, c.resolved.Properties) {
		return nil
	}
	p, err := newProbe(c.types, resolved)
	if err != nil {
		return unfit(err)
	}
	c.Close()
	c.probe, c.resolved, c.hide = p, resolved, hide
	return nil
}

// unfit says where a secret has no place. What is wrong with it stays untold: that would show it.
func unfit(err error) error {
	where := "the target"
	var invalid *monitor.InvalidError
	if property, _, ok := strings.Cut(err.Error(), ":"); ok && errors.As(err, &invalid) && strings.HasPrefix(property, "property ") {
		where = property
	}
	return fmt.Errorf("a secret has not the form that it needs in %s", where)
}
