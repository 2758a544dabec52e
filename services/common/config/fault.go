package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Fault is a setting with a wrong value.
type Fault struct {
	// Setting is the name of the environment variable.
	Setting string
	// Problem completes a sentence that begins with the setting: what is wrong, and after a colon what to use.
	Problem string
}

func (f Fault) Error() string { return f.Setting + " " + f.Problem }

// withValue quotes the value of the setting in the fault, unless the value is a secret.
func (f Fault) withValue(environment map[string]string) Fault {
	if known, ok := find(f.Setting); ok && !known.Secret {
		f.Problem = fmt.Sprintf("%q %s", cmp.Or(environment[f.Setting], known.Uses[0].Default), f.Problem)
	}
	return f
}

// Faults are all wrong settings of a program. Its error text has one line for each.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for _, fault := range f {
		lines = append(lines, fault.Error())
	}
	return strings.Join(lines, "\n")
}

// parseFaults converts the errors of the env library, which name fields, to faults, which name variables. It returns
// any other error as it is.
func parseFaults(config reflect.Type, err error) ([]Fault, error) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return nil, err
	}
	var faults []Fault
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			return nil, err
		}
		faults = append(faults, Fault{variable(config, parse.Name), parse.Err.Error()})
	}
	return faults, nil
}

// variable returns the name of the environment variable that fills a field.
func variable(config reflect.Type, field string) string {
	found, ok := config.FieldByName(field)
	if !ok {
		return field
	}
	return found.Tag.Get("env")
}

// short formats a duration without units that are zero: 720h, not 720h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
