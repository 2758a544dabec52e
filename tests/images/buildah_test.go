package images

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/tests/servicetest"
)

const (
	version   = "1.2.3-test"
	buildInfo = "built by a test"
	// tools is the image in place of those of Go and Node.js.
	tools = "localhost/tools"
)

// store is the folder where buildah keeps its images while the tests run.
var store string

// TestMain needs root: only root can mount, and become the user of an image.
func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if os.Getuid() != 0 {
		return 1, fmt.Errorf("the tests of the images need root: sudo env \"PATH=$PATH\" ./scripts/just test-images")
	}
	if store, err = os.MkdirTemp("", "nanomon-images-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(store)
	return m.Run(), nil
}

// output runs a program in the top folder and returns what it writes, without the last line break.
func output(name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	command.Dir = servicetest.Root()
	var problems bytes.Buffer
	command.Stderr = &problems
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(arguments, " "), err, text, problems.Bytes())
	}
	return strings.TrimSpace(string(text)), nil
}

func buildah(arguments ...string) (string, error) {
	place := []string{"--root", filepath.Join(store, "images"), "--runroot", filepath.Join(store, "run"), "--storage-driver", "vfs"}
	return output("buildah", append(place, arguments...)...)
}

// makeTools makes the image tools and returns the options that lend it this machine's programs, Go and Node.js, with the modules and
// packages that these have fetched already: a build fetches nothing.
var makeTools = sync.OnceValues(func() (lend []string, err error) {
	ask := func(name string, arguments ...string) (text string) {
		if err == nil {
			text, err = output(name, arguments...)
		}
		return text
	}
	ask("go", "mod", "download")
	goRoot, modules, compiled := ask("go", "env", "GOROOT"), ask("go", "env", "GOMODCACHE"), ask("go", "env", "GOCACHE")
	node, packages := filepath.Dir(filepath.Dir(ask("node", "--print", "process.execPath"))), ask("npm", "config", "get", "cache")
	if err != nil {
		return nil, err
	}
	for _, folder := range slices.Compact([]string{"/usr", node, goRoot}) {
		lend = append(lend, "--volume", folder+":"+folder+":ro")
	}
	lend = append(lend, "--volume", modules+":/modules", "--volume", compiled+":/compiled", "--volume", packages+":/packages")
	return lend, commitTools("PATH="+goRoot+"/bin:"+node+"/bin:/usr/bin", "GOPROXY=off", "GOMODCACHE=/modules", "GOCACHE=/compiled",
		"npm_config_offline=true", "npm_config_cache=/packages")
})

// commitTools makes the image tools of furnished folders and an environment.
func commitTools(environment ...string) error {
	container, err := buildah("from", "scratch")
	if err != nil {
		return err
	}
	root, err := buildah("mount", container)
	if err != nil {
		return err
	}
	if err := furnish(root); err != nil {
		return err
	}
	arguments := []string{"config"}
	for _, variable := range environment {
		arguments = append(arguments, "--env", variable)
	}
	if _, err := buildah(append(arguments, container)...); err != nil {
		return err
	}
	_, err = buildah("commit", "--rm", container, tools)
	return err
}

// furnish makes the folders of the image tools: a Debian without /usr, and with one more certificate than this machine trusts.
func furnish(root string) error {
	for _, folder := range []string{"bin", "lib", "lib64", "sbin"} {
		if err := os.Symlink("usr/"+folder, filepath.Join(root, folder)); err != nil {
			return err
		}
	}
	bundle, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		return err
	}
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...)
	certificates := filepath.Join(root, "etc", "ssl", "certs")
	if err := errors.Join(os.Mkdir(filepath.Join(root, "tmp"), 0o700), os.MkdirAll(certificates, 0o755)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(certificates, "ca-certificates.crt"), bundle, 0o644)
}

// image is what an image says of itself, and the folder of its files.
type image struct {
	Architecture string
	Config       struct {
		User         string
		Env          []string
		Entrypoint   []string
		ExposedPorts map[string]struct{}
		Volumes      map[string]struct{}
		Labels       map[string]string
		Healthcheck  struct {
			Test                           []string
			Interval, Timeout, StartPeriod time.Duration
		}
	}
	root string
}

// builds has the images that were built, by architecture and name.
var builds sync.Map

// built builds an image from its Dockerfile, once, for an architecture.
func built(t *testing.T, name, architecture string) image {
	t.Helper()
	once, _ := builds.LoadOrStore(architecture+"/"+name, sync.OnceValues(func() (image, error) { return build(name, architecture) }))
	made, err := once.(func() (image, error))()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func build(name, architecture string) (image, error) {
	lend, err := makeTools()
	if err != nil {
		return image{}, err
	}
	tag := "localhost/" + architecture + "/" + name
	arguments := append([]string{"build", "--isolation", "chroot", "--format", "docker", "--pull-never",
		"--platform", "linux/" + architecture, "--build-arg", "BUILDPLATFORM=linux/" + runtime.GOARCH,
		"--build-arg", "GO_IMAGE=" + tools, "--build-arg", "NODE_IMAGE=" + tools,
		"--build-arg", "VERSION=" + version, "--build-arg", "BUILD_INFO=" + buildInfo,
		"--file", "build/Dockerfile." + name, "--tag", tag}, lend...)
	if _, err := buildah(append(arguments, ".")...); err != nil {
		return image{}, err
	}
	described, err := buildah("inspect", "--type", "image", tag)
	if err != nil {
		return image{}, err
	}
	var parsed struct{ Docker image }
	if err := json.Unmarshal([]byte(described), &parsed); err != nil {
		return image{}, err
	}
	container, err := buildah("from", "--pull-never", tag)
	if err != nil {
		return image{}, err
	}
	parsed.Docker.root, err = buildah("mount", container)
	return parsed.Docker, err
}
