// Package config reads the environment into one struct per service. Nothing else in NanoMon reads it.
//
// The comment of a field is what the documents and .env.sample say of its variable, in Markdown. A heading in the comment of
// a struct is that of its variables, with what is below it. After a change run: just generate-docs.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"nanomon/services/common/secret"
)

// Environment is the environment of the process on top of the file .env in the working folder, if there
// is one. A variable that is set to nothing counts as unset.
func Environment() (map[string]string, error) {
	merged, err := godotenv.Read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(err)
	}
	if merged == nil {
		merged = make(map[string]string)
	}
	for _, setting := range os.Environ() {
		name, value, _ := strings.Cut(setting, "=")
		merged[name] = value
	}
	maps.DeleteFunc(merged, func(_, value string) bool { return value == "" })
	return merged, nil
}

// unreadable says what is wrong with the file .env without the parser's quote from it, which may be a secret.
func unreadable(err error) error {
	var onDisk *fs.PathError
	if errors.As(err, &onDisk) {
		return fmt.Errorf("the file .env can't be read: %w", onDisk.Err)
	}
	return errors.New("the file .env has a line that is not of the form NAME=value")
}

// WithoutEffect lists the names in environment that somebody may rely on in vain.
func WithoutEffect(environment map[string]string) []string {
	var names []string
	_, from := environment["ALERT_SMTP_FROM"]
	_, to := environment["ALERT_SMTP_TO"]
	if from && !to {
		names = append(names, "ALERT_SMTP_FROM without ALERT_SMTP_TO")
	}
	if to && !from {
		names = append(names, "ALERT_SMTP_TO without ALERT_SMTP_FROM")
	}
	return names
}

// Validator is a configuration that can tell whether its values go together.
type Validator interface{ Validate() error }

// Parse fills a configuration struct from environment. The error is one line that names every variable at fault.
func Parse[T Validator](environment map[string]string) (T, error) {
	parsed, err := env.ParseAsWithOptions[T](env.Options{
		Environment: environment,
		FuncMap: map[reflect.Type]env.ParserFunc{
			reflect.TypeFor[time.Duration](): parseDuration,
			reflect.TypeFor[bool]():          parseBool,
			reflect.TypeFor[secret.Source](): func(text string) (any, error) { return secret.ParseSource(text, environment) },
		},
	})
	if err != nil {
		return parsed, describe(reflect.TypeFor[T](), err)
	}
	if err := parsed.Validate(); err != nil {
		return parsed, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return parsed, nil
}

func parseDuration(text string) (any, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return nil, fmt.Errorf("%q is not a duration, use for example 10s or 720h", text)
	}
	return d, nil
}

func parseBool(text string) (any, error) {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return nil, fmt.Errorf("%q is neither true nor false", text)
}

// describe words the library's errors with the names of the variables in place of those of the fields.
func describe(config reflect.Type, err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	lines := make([]string, 0, len(all.Errors))
	for _, fault := range all.Errors {
		line := fault.Error()
		var parse env.ParseError
		if errors.As(fault, &parse) {
			line = variable(config, parse.Name) + ": " + parse.Err.Error()
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return errors.New(strings.Join(lines, "; "))
}

// variable is the name of the environment variable that fills a field.
func variable(config reflect.Type, field string) string {
	found, ok := config.FieldByName(field)
	if !ok {
		return field
	}
	return found.Tag.Get("env")
}
