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

	"nanomon/tests/support/servicetest"
)

const (
	version   = "1.2.3-test"
	buildInfo = "built by a test"
	// tools is the name of the image that replaces those of Go and Node.js.
	tools = "localhost/tools"
)

// store is the folder in which buildah stores images while the tests run.
var store string

// TestMain requires root, because only root can mount and switch to the user of an image.
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
		return 1, fmt.Errorf("the image tests require root: sudo env \"PATH=$PATH\" ./scripts/just test-images")
	}
	if store, err = os.MkdirTemp("", "nanomon-images-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(store)
	return m.Run(), nil
}

// output runs a program in the root of the repository and returns its output without the trailing newline.
func output(name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	command.Dir = servicetest.Root()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(arguments, " "), err, text, stderr.Bytes())
	}
	return strings.TrimSpace(string(text)), nil
}

func buildah(arguments ...string) (string, error) {
	place := []string{"--root", filepath.Join(store, "images"), "--runroot", filepath.Join(store, "run"), "--storage-driver", "vfs"}
	return output("buildah", append(place, arguments...)...)
}

// createTools creates the image tools and returns the volume options that mount this machine's programs, Go, Node.js
// and their caches into it. A build downloads nothing.
var createTools = sync.OnceValues(func() (volumes []string, err error) {
	get := func(name string, arguments ...string) (text string) {
		if err == nil {
			text, err = output(name, arguments...)
		}
		return text
	}
	get("go", "mod", "download")
	goRoot, modules, compiled := get("go", "env", "GOROOT"), get("go", "env", "GOMODCACHE"), get("go", "env", "GOCACHE")
	node, packages := filepath.Dir(filepath.Dir(get("node", "--print", "process.execPath"))), get("npm", "config", "get", "cache")
	if err != nil {
		return nil, err
	}
	for _, folder := range slices.Compact([]string{"/usr", node, goRoot}) {
		volumes = append(volumes, "--volume", folder+":"+folder+":ro")
	}
	volumes = append(volumes, "--volume", modules+":/modules", "--volume", compiled+":/compiled", "--volume", packages+":/packages")
	return volumes, commitTools("PATH="+goRoot+"/bin:"+node+"/bin:/usr/bin", "GOPROXY=off", "GOMODCACHE=/modules", "GOCACHE=/compiled",
		"npm_config_offline=true", "npm_config_cache=/packages")
})

// commitTools creates the image tools with an environment.
func commitTools(environment ...string) error {
	container, err := buildah("from", "scratch")
	if err != nil {
		return err
	}
	root, err := buildah("mount", container)
	if err != nil {
		return err
	}
	if err := createFolders(root); err != nil {
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

// createFolders creates the folders of the image tools: a Debian without /usr, with one certificate in addition to
// those of this machine.
func createFolders(root string) error {
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

// image contains the configuration of an image, and the folder with its files.
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

// builds contains the built images by architecture and name.
var builds sync.Map

// built returns the image for an architecture. It builds each image once.
func built(t *testing.T, name, architecture string) image {
	t.Helper()
	once, _ := builds.LoadOrStore(architecture+"/"+name, sync.OnceValues(func() (image, error) { return build(name, architecture) }))
	result, err := once.(func() (image, error))()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func build(name, architecture string) (image, error) {
	volumes, err := createTools()
	if err != nil {
		return image{}, err
	}
	tag := "localhost/" + architecture + "/" + name
	arguments := append([]string{"build", "--isolation", "chroot", "--format", "docker", "--pull-never",
		"--platform", "linux/" + architecture, "--build-arg", "BUILDPLATFORM=linux/" + runtime.GOARCH,
		"--build-arg", "GO_IMAGE=" + tools, "--build-arg", "NODE_IMAGE=" + tools,
		"--build-arg", "VERSION=" + version, "--build-arg", "BUILD_INFO=" + buildInfo,
		"--file", "build/Dockerfile." + name, "--tag", tag}, volumes...)
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
