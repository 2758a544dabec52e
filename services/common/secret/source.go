package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFileBytes is the maximum size of a file with a secret.
const maxFileBytes = 64 << 10

// Source reads secrets from the environment variables and files that references may name. The zero value allows none.
type Source struct {
	// env maps the allowed environment variables to their values; the value of an unset variable is empty.
	env map[string]string
	// files lists the allowed paths. A path that ends in / allows all files below it.
	files []string
}

// ParseSource parses a list of env:NAME and file:/path, separated by commas or spaces. A path that ends in / allows all
// files below it. environment maps the names of environment variables to their values.
func ParseSource(list string, environment map[string]string) (Source, error) {
	s := Source{env: make(map[string]string)}
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		name, isVariable := strings.CutPrefix(item, "env:")
		file, isFile := strings.CutPrefix(item, "file:")
		switch {
		case isVariable && validName.MatchString(item):
			s.env[name] = environment[name]
		case isFile && path.IsAbs(file) && (path.Clean(file) == strings.TrimSuffix(file, "/") || file == "/"):
			s.files = append(s.files, file)
		default:
			return Source{}, fmt.Errorf("%.100q is not a secret: use env:NAME, file:/path, or file:/folder/ for every file below it", item)
		}
	}
	return s, nil
}

// get returns the current value of a secret. Its name has a form such as env:NAME. The error contains no secret.
func (s Source) get(name string) (string, error) {
	value, err := s.read(name)
	switch {
	case err != nil:
		return "", fmt.Errorf("secret %s %w", name, err)
	case value == "":
		return "", fmt.Errorf("secret %s is empty", name)
	case !utf8.ValidString(value):
		return "", fmt.Errorf("secret %s is not valid UTF-8", name)
	}
	return value, nil
}

// read returns the value of the secret with this name. The text of its errors completes a sentence that begins with
// "secret NAME".
func (s Source) read(name string) (string, error) {
	notAllowed := errors.New("is not allowed by SECRETS_ALLOW")
	if file, ok := strings.CutPrefix(name, "file:"); ok {
		for _, allowed := range s.files {
			if file == allowed || strings.HasSuffix(allowed, "/") && strings.HasPrefix(file, allowed) {
				return readFile(file)
			}
		}
		return "", notAllowed
	}
	value, allowed := s.env[strings.TrimPrefix(name, "env:")]
	switch {
	case !allowed:
		return "", notAllowed
	case value == "":
		return "", errors.New("is not set")
	}
	return value, nil
}

// readFile returns the content of a file without trailing line breaks.
func readFile(name string) (string, error) {
	// Opening a named pipe would block until a process writes to it.
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return "", errors.New("is not a regular file")
	}
	file, err := os.Open(name)
	if err != nil {
		return "", unreadable(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	switch {
	case err != nil:
		return "", unreadable(err)
	case len(data) > maxFileBytes:
		return "", fmt.Errorf("is larger than %d bytes", maxFileBytes)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

func unreadable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("is not set: there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("can't be read: the runner has no permission to open the file")
	}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("can't be read: %w", err)
}
