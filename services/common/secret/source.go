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

// maxFile is how many bytes a secret in a file may have.
const maxFile = 64 << 10

// Source is where references may lead. The zero value allows none.
type Source struct {
	// env holds the variables that are allowed, empty where they are not set.
	env map[string]string
	// files are paths; one that ends in / allows what is below.
	files []string
}

// ParseSource reads a list of env:NAME and file:/path with commas or blanks. A path that ends in / allows all that is below.
// Of environment it keeps what is allowed.
func ParseSource(list string, environment map[string]string) (Source, error) {
	s := Source{env: make(map[string]string)}
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		name, isVariable := strings.CutPrefix(item, "env:")
		file, isFile := strings.CutPrefix(item, "file:")
		switch {
		case isVariable && wellFormed.MatchString(item):
			s.env[name] = environment[name]
		case isFile && path.IsAbs(file) && (path.Clean(file) == strings.TrimSuffix(file, "/") || file == "/"):
			s.files = append(s.files, file)
		default:
			return Source{}, fmt.Errorf("%.100q is not a secret: use env:NAME, file:/path, or file:/directory/ for every file below it", item)
		}
	}
	return s, nil
}

// get is what the reference to name leads to now. The error says why there is nothing, and shows no secret.
func (s Source) get(name string) (string, error) {
	value, err := s.read(name)
	switch {
	case err != nil:
		return "", fmt.Errorf("secret %s %w", name, err)
	case value == "":
		return "", fmt.Errorf("secret %s is empty", name)
	case !utf8.ValidString(value):
		return "", fmt.Errorf("secret %s is not text in UTF-8", name)
	}
	return value, nil
}

// read gives errors that go on from the name of the secret.
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

// readFile is a file's content without the line ends after it.
func readFile(name string) (string, error) {
	// Opening a pipe would wait for its writer.
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return "", errors.New("is not a file")
	}
	file, err := os.Open(name)
	if err != nil {
		return "", unreadable(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return "", unreadable(err)
	case len(data) > maxFile:
		return "", fmt.Errorf("is larger than %d bytes", maxFile)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

func unreadable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("is not set: there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("can't be read: the runner may not open the file")
	}
	return errors.New("can't be read")
}
