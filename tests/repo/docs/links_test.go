package docs

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"

	"nanomon/tests/support/markdown"
	"nanomon/tests/support/servicetest"
)

// document holds the links, code and anchors of a Markdown file.
type document struct {
	links, code []string
	// commands holds the lines of shell code blocks.
	commands []string
	anchors  map[string]bool
}

func parse(t *testing.T, path string) document {
	t.Helper()
	d := document{anchors: make(map[string]bool)}
	source := []byte(read(t, path))
	err := ast.Walk(markdown.Parse(source), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := node.(type) {
		case *ast.Heading:
			if id, ok := n.AttributeString("id"); ok {
				d.anchors[string(id.([]byte))] = true
			}
		case *ast.Link:
			d.links = append(d.links, string(n.Destination))
		case *ast.Image:
			d.links = append(d.links, string(n.Destination))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range markdown.ReadCode(source) {
		switch {
		case code.Span:
			d.code = append(d.code, code.Text)
		case code.Shell:
			d.commands = append(d.commands, strings.Split(code.Text, "\n")...)
		}
	}
	return d
}

func TestLinksResolve(t *testing.T) {
	parsed := make(map[string]document)
	for _, from := range documents(t) {
		parsed[from] = parse(t, from)
	}
	for from, d := range parsed {
		for _, link := range d.links {
			u, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %s: %v", from, link, err)
				continue
			}
			if u.Scheme != "" {
				continue
			}
			to := from
			if u.Path != "" {
				to = path.Join(path.Dir(from), u.Path)
			}
			if _, err := os.Stat(filepath.Join(servicetest.Root(), to)); err != nil {
				t.Errorf("%s: link to %s, which doesn't exist", from, link)
			} else if u.Fragment != "" && !parsed[to].anchors[u.Fragment] {
				t.Errorf("%s: link to %s: %s has no such heading", from, link, to)
			}
		}
	}
}

// inRepository matches a path in a command that is run in the top folder of the repository.
var inRepository = regexp.MustCompile(`(?:^|[\s=@])(?:\./)?((?:api|build|deploy|docs|frontend|scripts|services|templates|tests)/[\w./-]+)`)

func TestPathsInCommandsExist(t *testing.T) {
	for _, path := range documents(t) {
		d := parse(t, path)
		for _, line := range append(d.commands, d.code...) {
			for _, found := range inRepository.FindAllStringSubmatch(line, -1) {
				userFile := strings.HasSuffix(found[1], "/.env") // readers create it
				if _, err := os.Stat(filepath.Join(servicetest.Root(), found[1])); err != nil && !userFile {
					t.Errorf("%s: %s: %s doesn't exist", path, line, found[1])
				}
			}
		}
	}
}

func TestEveryDocumentIsLinkedFromTheReadme(t *testing.T) {
	linked := make(map[string]bool)
	for _, link := range parse(t, "README.md").links {
		file, _, _ := strings.Cut(link, "#")
		linked[file] = true
	}
	for _, path := range documents(t) {
		if strings.HasPrefix(path, "docs/") && !linked[path] {
			t.Errorf("README.md doesn't link to %s", path)
		}
	}
}

// elsewhere lists names that look like a setting and aren't settings of the services.
var elsewhere = map[string]bool{
	"API_TOKEN": true, "BUILD_INFO": true, "CAP_NET_RAW": true, "DOCKER_BUILDKIT": true, "GO_IMAGE": true, "HTTP_PROXY": true, "HTTPS_PROXY": true, "IMAGE_NAME": true, "IMAGE_REG": true,
	"IMAGE_TAG": true, "NO_PROXY": true,
	"NANOMON_TEST_MONGO_URI": true, "NODE_IMAGE": true, "REGISTRY_PASSWORD": true, "REGISTRY_USER": true, "SSL_CERT_DIR": true, "SSL_CERT_FILE": true,
}

var (
	variableName = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+(=|$)`)
	recipeCall   = regexp.MustCompile(`^(?:\./scripts/)?just ([a-z-]+)`)
)

func TestNamesInDocumentsExist(t *testing.T) {
	settings, recipes := readSettings(t), recipes(t)
	for _, path := range documents(t) {
		for _, span := range parse(t, path).code {
			name, _, _ := strings.Cut(span, "=")
			if variableName.MatchString(span) && settings.find(name) == nil && !elsewhere[name] {
				t.Errorf("%s: there is no setting %s", path, name)
			}
			if call := recipeCall.FindStringSubmatch(span); call != nil && recipes[call[1]] == "" {
				t.Errorf("%s: there is no recipe %s", path, call[1])
			}
		}
	}
}
