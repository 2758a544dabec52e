// Package config reads the settings of each program from the environment into one struct. No other package reads
// the environment.
//
// The comment of a field is the text of its setting in the documentation, in .env.sample and in `help settings`, in
// Markdown. The heading in the comment of a struct, with the text below it, is the section of its settings. After a
// change run: just generate-docs
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
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

// Environment returns the variables of the process and of the file .env in the working folder, if there is one. If both
// have a variable, merged contains the value of the process. inFile contains only the variables of the file. A variable
// with an empty value counts as unset.
func Environment() (merged, inFile map[string]string, err error) {
	if inFile, err = readFile(".env"); err != nil {
		return nil, nil, err
	}
	merged = make(map[string]string)
	maps.Copy(merged, inFile)
	for _, setting := range os.Environ() {
		name, value, _ := strings.Cut(setting, "=")
		merged[name] = value
	}
	maps.DeleteFunc(merged, func(_, value string) bool { return value == "" })
	return merged, inFile, nil
}

// readFile returns the variables of a file, none if there is no file. Its errors do not show the content of the file,
// which may be a secret.
func readFile(name string) (map[string]string, error) {
	content, err := os.ReadFile(name)
	var onDisk *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &onDisk):
		return nil, fmt.Errorf("the file %s can't be read: %w", name, onDisk.Err)
	case err != nil:
		return nil, err
	}
	variables, err := godotenv.UnmarshalBytes(content)
	if err != nil {
		return nil, fmt.Errorf("line %d of the file %s is not of the form NAME=value", wrongLine(string(content)), name)
	}
	return variables, nil
}

// wrongLine returns the number of the line at which the first variable that can't be parsed begins: the first line with
// text behind the longest beginning that can be parsed.
func wrongLine(content string) int {
	lines := strings.SplitAfter(content, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}

// Validator is the configuration of a program, or a part of it.
type Validator interface {
	// Validate checks the ranges of the values, and that they fit together.
	Validate() []Fault
}

// Settings is the configuration of a program.
type Settings interface {
	Validator
	// MinLevel returns the lowest level of the lines in the log.
	MinLevel() slog.Level
}

// Parse fills a configuration from the environment. The error is [Faults]: it lists all wrong settings, whether
// their values can't be parsed or are out of range.
func Parse[T Validator](environment map[string]string) (T, error) {
	parsed, err := env.ParseAsWithOptions[T](env.Options{
		Environment: environment,
		FuncMap: map[reflect.Type]env.ParserFunc{
			reflect.TypeFor[time.Duration](): parseDuration,
			reflect.TypeFor[bool]():          parseBool,
			reflect.TypeFor[secret.Source](): func(text string) (any, error) { return secret.ParseSource(text, environment) },
		},
	})
	faults, err := parseFaults(reflect.TypeFor[T](), err)
	if err != nil {
		return parsed, err
	}
	faults = append(faults, proxyFaults(environment)...)
	for _, fault := range parsed.Validate() {
		// A setting that could not be parsed has no value that can be checked.
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Setting == fault.Setting }) {
			faults = append(faults, fault.withValue(environment))
		}
	}
	if len(faults) == 0 {
		return parsed, nil
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Error(), b.Error()) })
	return parsed, Faults(faults)
}

func parseDuration(text string) (any, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return nil, fmt.Errorf("%q is not a duration: use for example 10s or 720h", text)
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
	return nil, fmt.Errorf("%q is not a boolean: use true or false", text)
}
