package docker

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/tests/support/dockertest"
	"nanomon/tests/support/servicetest"
)

const (
	version   = "1.2.3-test"
	buildInfo = "built by a test"
	// maxSize is the maximum size of an image in bytes.
	maxSize = 26_200_000
	// owner is the user and group of the images.
	owner = 65532
)

// buildImages builds all images with the recipe that users run.
var buildImages = sync.OnceValue(func() error {
	command := exec.Command("scripts/just", "images")
	command.Dir = servicetest.Root()
	command.Env = append(os.Environ(), "VERSION="+version, "BUILD_INFO="+buildInfo)
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("just images: %w\n%s", err, text)
	}
	return nil
})

// built returns the name of an image. It builds all images once.
func built(t *testing.T, name string) string {
	t.Helper()
	if err := buildImages(); err != nil {
		t.Fatal(err)
	}
	return "nanomon/" + name + ":" + version
}

// image is the description of an image.
type image struct {
	Architecture string
	Size         int64
	Config       struct {
		User         string
		Entrypoint   []string
		ExposedPorts map[string]struct{}
		Volumes      map[string]struct{}
		Labels       map[string]string
		Healthcheck  struct {
			Test                           []string
			Interval, Timeout, StartPeriod time.Duration
		}
	}
}

func inspect(t *testing.T, name string) image {
	t.Helper()
	var i []image
	if err := json.Unmarshal([]byte(dockertest.Docker(t, "image", "inspect", name)), &i); err != nil {
		t.Fatal(err)
	}
	return i[0]
}

func TestImageContents(t *testing.T) {
	for _, c := range []struct{ name, ports, volumes, folders string }{
		{"api", "8000/tcp", "", ""},
		{"runner", "8080/tcp", "/tmp", "data/ tmp/"},
		{"frontend", "8001/tcp", "", ""},
		{"standalone", "8000/tcp 8001/tcp 8080/tcp", "/data", "data/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := inspect(t, built(t, c.name))
			config := i.Config
			if config.User != fmt.Sprintf("%d:%d", owner, owner) || !slices.Equal(config.Entrypoint, []string{"/" + c.name}) ||
				!slices.Equal(config.Healthcheck.Test, []string{"CMD", "/" + c.name, "health"}) ||
				names(config.ExposedPorts) != c.ports || names(config.Volumes) != c.volumes ||
				config.Healthcheck.Interval != 10*time.Second || config.Healthcheck.StartPeriod != time.Minute {
				t.Errorf("the configuration is %+v", config)
			}
			labels := config.Labels
			if !strings.Contains(labels["org.opencontainers.image.title"], c.name) || labels["org.opencontainers.image.description"] == "" ||
				labels["org.opencontainers.image.version"] != version || labels["org.opencontainers.image.licenses"] != "MIT" {
				t.Errorf("the labels are %q", labels)
			}
			if t.Logf("%.1f MB", float64(i.Size)/1e6); i.Size >= maxSize {
				t.Errorf("the image is too large: %d bytes", i.Size)
			}
			found := content(t, c.name, runtime.GOARCH)
			checkFiles(t, found, append(strings.Fields(c.folders), c.name, "etc/ssl/certs/ca-certificates.crt"))
			checkProgram(t, found[c.name].data, map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH])
		})
	}
}

func names(set map[string]struct{}) string { return strings.Join(slices.Sorted(maps.Keys(set)), " ") }

// entry is a file or folder of an image.
type entry struct {
	*tar.Header
	data []byte
}

// content builds an image for an architecture again and returns its files, and its folders that contain no file.
func content(t *testing.T, name, architecture string) map[string]entry {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	dockertest.Docker(t, "build", "--platform", "linux/"+architecture, "--file", "build/Dockerfile."+name,
		"--build-arg", "VERSION="+version, "--build-arg", "BUILD_INFO="+buildInfo, "--output", "type=tar,dest="+path, ".")
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found := map[string]entry{}
	archive := tar.NewReader(file)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		data, readErr := io.ReadAll(archive)
		if err := errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		found[header.Name] = entry{header, data}
	}
	for name := range found {
		for folder := range found {
			if folder != name && strings.HasSuffix(folder, "/") && strings.HasPrefix(name, folder) {
				delete(found, folder)
			}
		}
	}
	return found
}

// checkFiles fails the test if an image contains other files or empty folders than want, such as a shell, or if its user
// can't write to the folders.
func checkFiles(t *testing.T, found map[string]entry, want []string) {
	t.Helper()
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Fatalf("the image has %q, want %q", got, want)
	}
	for name, e := range found {
		if strings.HasSuffix(name, "/") && (e.Uid != owner || e.Gid != owner) {
			t.Errorf("%s belongs to %d:%d", name, e.Uid, e.Gid)
		}
	}
	if !x509.NewCertPool().AppendCertsFromPEM(found["etc/ssl/certs/ca-certificates.crt"].data) {
		t.Error("the image has no certificates")
	}
}

// checkProgram fails the test unless a program is statically linked and built for the CPU.
func checkProgram(t *testing.T, data []byte, machine elf.Machine) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != machine {
		t.Errorf("the program is built for %s", program.Machine)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the program is not statically linked")
		}
	}
}

// TestRunnerCanWriteToTmpfs checks the mode of /tmp, which a tmpfs mounted there inherits. The tmpfs belongs to root.
func TestRunnerCanWriteToTmpfs(t *testing.T) {
	if mode := content(t, "runner", runtime.GOARCH)["tmp/"].Mode; mode != 0o1777 {
		t.Errorf("the mode of /tmp is %o", mode)
	}
}

func TestCrossCompilation(t *testing.T) {
	architecture, machine := dockertest.Other()
	dockertest.Docker(t, "build", "--platform", "linux/"+architecture, "--file", "build/Dockerfile.frontend", "--tag", "foreign", ".")
	if i := inspect(t, "foreign"); i.Architecture != architecture {
		t.Errorf("the image is for %s", i.Architecture)
	}
	checkProgram(t, content(t, "frontend", architecture)["frontend"].data, machine)
}
