package dockertest

import (
	"bytes"
	"debug/elf"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"nanomon/tests/support/servicetest"
)

// baseImages are the images in which the Dockerfiles build. Here both are the same image with this machine's programs.
var baseImages = []string{"golang:1.26-alpine", "node:24-alpine"}

// buildCache returns the folder with Go's build cache of the images, which several runs use.
func buildCache() (string, error) {
	folder, err := os.UserCacheDir()
	return filepath.Join(folder, "nanomon-tools", "go-build"), err
}

// fillBuildCache downloads the modules and compiles all packages of the images as the Dockerfiles do, without linking.
func fillBuildCache() error {
	cache, err := buildCache()
	if err != nil {
		return err
	}
	if _, err := output("go", "mod", "download"); err != nil {
		return err
	}
	other, _ := Other()
	for architecture, programs := range map[string][]string{
		runtime.GOARCH: {"./services/api", "./services/runner", "./services/frontend", "./services/standalone"},
		other:          {"./services/frontend"},
	} {
		arguments := append([]string{"GOCACHE=" + cache, "CGO_ENABLED=0", "GOARCH=" + architecture,
			"go", "list", "-export", "-deps", "-trimpath", "-buildvcs=false"}, programs...)
		if _, err := output("env", arguments...); err != nil {
			return err
		}
	}
	return nil
}

// Other returns an architecture for which images can be built, but not run.
func Other() (name string, machine elf.Machine) {
	if runtime.GOARCH == "arm64" {
		return "amd64", elf.EM_X86_64
	}
	return "arm64", elf.EM_AARCH64
}

// importBaseImages creates the base images, and a build cache that the Dockerfiles use. No build downloads anything.
func importBaseImages() error {
	var b base
	b.find()
	if b.err != nil {
		return b.err
	}
	if err := b.importAs(baseImages[0]); err != nil {
		return err
	}
	for _, name := range baseImages[1:] {
		if _, err := output("docker", "tag", baseImages[0], name); err != nil {
			return err
		}
	}
	cache, err := buildCache()
	if err != nil {
		return err
	}
	build := exec.Command("docker", "build", "--file", "-", cache)
	build.Stdin = strings.NewReader("FROM " + baseImages[0] + `
RUN --mount=type=cache,target=/go-build --mount=type=bind,target=/saved cp -R /saved/. /go-build
`)
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("fill the build cache: %w\n%s", err, text)
	}
	return nil
}

// base collects the files of the base image: this machine's Go, Node.js and shell at the same paths as here, and the
// downloaded modules and packages.
type base struct {
	// stage is a folder with files that differ from the same files of this machine.
	stage string
	// files are paths on this machine.
	files       []string
	environment []string
	err         error
}

func (b *base) output(name string, arguments ...string) string {
	if b.err != nil {
		return ""
	}
	var text string
	text, b.err = output(name, arguments...)
	return text
}

func (b *base) check(err error) { b.err = errors.Join(b.err, err) }

func (b *base) find() {
	b.stage = "/run/base"
	goRoot, modules := b.output("go", "env", "GOROOT"), filepath.Join(b.output("go", "env", "GOMODCACHE"), "cache", "download")
	node, npm := b.output("node", "--print", "process.execPath"), b.output("npm", "root", "--global")
	packages := b.output("npm", "config", "get", "cache")
	b.files = append(b.files, goRoot, filepath.Join(npm, "npm"), filepath.Join(packages, "_cacache"))
	b.environment = []string{"PATH=" + goRoot + "/bin:" + filepath.Dir(node) + ":/usr/bin", "GOTOOLCHAIN=local",
		"GOPROXY=file://" + modules, "GOMODCACHE=/modules", "npm_config_offline=true", "npm_config_cache=" + packages}
	b.addModules(modules)
	b.createFolders()
	b.addPrograms(node, "sh", "env", "mkdir", "cp")
	b.link(filepath.Join(npm, "npm", "bin", "npm-cli.js"), "usr/bin/npm")
	b.addCertificates()
}

// addModules adds the files of each module in go.sum.
func (b *base) addModules(folder string) {
	sums, err := os.ReadFile(filepath.Join(servicetest.Root(), "go.sum"))
	b.check(err)
	for line := range strings.Lines(string(sums)) {
		module, version, _ := strings.Cut(line, " ")
		version, _, _ = strings.Cut(strings.Fields(version)[0], "/")
		found, err := filepath.Glob(filepath.Join(folder, escape(module), "@v", escape(version)+".*"))
		b.check(err)
		b.files = append(b.files, found...)
	}
	slices.Sort(b.files)
	b.files = slices.Compact(b.files)
}

// escape returns a path or version as the module cache has it: an exclamation mark replaces each capital letter.
func escape(name string) string {
	var escaped strings.Builder
	for _, letter := range name {
		if unicode.IsUpper(letter) {
			escaped.WriteByte('!')
		}
		escaped.WriteRune(unicode.ToLower(letter))
	}
	return escaped.String()
}

func (b *base) createFolders() {
	for _, folder := range []string{"usr/bin", "usr/lib", "usr/lib64", "etc/ssl/certs", "tmp"} {
		b.check(os.MkdirAll(filepath.Join(b.stage, folder), 0o755))
	}
	for _, folder := range []string{"bin", "lib", "lib64"} {
		b.link("usr/"+folder, folder)
	}
}

func (b *base) link(target, name string) { b.check(os.Symlink(target, filepath.Join(b.stage, name))) }

// library is the path of a library in the output of ldd.
var library = regexp.MustCompile(`/\S+\.so\S*`)

// addPrograms copies programs and their libraries.
func (b *base) addPrograms(names ...string) {
	for _, name := range names {
		path, err := exec.LookPath(name)
		b.check(err)
		for _, file := range append(library.FindAllString(b.output("ldd", path), -1), path) {
			b.output("cp", "--dereference", "--parents", file, b.stage)
		}
	}
}

// addCertificates copies the certificates of this machine, and adds that of the servers of net/http/httptest.
func (b *base) addCertificates() {
	const path = "/etc/ssl/certs/ca-certificates.crt"
	bundle, err := os.ReadFile(path)
	b.check(err)
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...)
	b.check(os.WriteFile(filepath.Join(b.stage, path), bundle, 0o644))
}

// importAs creates the image.
func (b *base) importAs(name string) error {
	arguments := []string{"import"}
	for _, variable := range b.environment {
		arguments = append(arguments, "--change", "ENV "+variable)
	}
	tar := exec.Command("tar", "--create", "--directory", b.stage, ".", "--directory", "/", "--files-from", "-")
	tar.Stdin = strings.NewReader(strings.Join(b.files, "\n"))
	load := exec.Command("docker", append(arguments, "-", name)...)
	var tarErrors, loadErrors bytes.Buffer
	tar.Stderr, load.Stderr = &tarErrors, &loadErrors
	content, err := tar.StdoutPipe()
	if err != nil {
		return err
	}
	load.Stdin = content
	if err := tar.Start(); err != nil {
		return err
	}
	// If the import fails, tar ends only when nobody can read its output.
	loaded := load.Run()
	if err := errors.Join(loaded, content.Close(), tar.Wait()); err != nil {
		return fmt.Errorf("import %s: %w\n%s%s", name, err, tarErrors.Bytes(), loadErrors.Bytes())
	}
	return nil
}
