// Package images builds the images from the Dockerfiles in build/ with buildah, and runs them without a container
// engine.
package images

import (
	"crypto/x509"
	"debug/elf"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// maxSize is the maximum size of an image in bytes.
const maxSize = 30_000_000

func TestImageContents(t *testing.T) {
	for _, c := range []struct{ name, ports, volumes, folders string }{
		{"api", "8000/tcp", "", ""},
		{"runner", "8080/tcp", "/tmp", "data tmp"},
		{"frontend", "8001/tcp", "", ""},
		{"standalone", "8000/tcp 8001/tcp 8080/tcp", "/data", "data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := built(t, c.name, "amd64")
			if config := i.Config; config.User != "65532:65532" || len(config.Entrypoint) != 1 || config.Entrypoint[0] != "/"+c.name ||
				names(config.ExposedPorts) != c.ports || names(config.Volumes) != c.volumes ||
				config.Healthcheck.Interval != 10*time.Second || config.Healthcheck.StartPeriod != time.Minute {
				t.Errorf("the configuration is %+v", config)
			}
			labels := i.Config.Labels
			if !strings.Contains(labels["org.opencontainers.image.title"], c.name) || labels["org.opencontainers.image.description"] == "" ||
				labels["org.opencontainers.image.version"] != version || labels["org.opencontainers.image.licenses"] != "MIT" {
				t.Errorf("the labels are %q", labels)
			}
			checkFiles(t, i, append(strings.Fields(c.folders), c.name, "etc/ssl/certs/ca-certificates.crt"))
			checkProgram(t, filepath.Join(i.root, c.name), elf.EM_X86_64)
		})
	}
}

// TestRunnerCanWriteToTmpfs checks the mode of /tmp, which a tmpfs mounted there inherits. The tmpfs belongs to root.
func TestRunnerCanWriteToTmpfs(t *testing.T) {
	info, err := os.Stat(filepath.Join(built(t, "runner", "amd64").root, "tmp"))
	if err != nil || info.Mode() != os.ModeDir|os.ModeSticky|0o777 {
		t.Errorf("/tmp: %v, %v", info, err)
	}
}

func names(set map[string]struct{}) string { return strings.Join(slices.Sorted(maps.Keys(set)), " ") }

// checkFiles fails the test if an image contains other files or empty folders than want, such as a shell, or if it is
// too large.
func checkFiles(t *testing.T, i image, want []string) {
	t.Helper()
	var found []string
	var size int64
	err := filepath.WalkDir(i.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(i.root, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if below, err := os.ReadDir(path); err == nil && len(below) > 0 {
			return nil
		}
		found, size = append(found, name), size+info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("the image has %q, want %q", found, want)
	}
	if size >= maxSize {
		t.Errorf("the image is too large: %d bytes", size)
	}
	t.Logf("%.1f MB", float64(size)/1e6)
	bundle, err := os.ReadFile(filepath.Join(i.root, "etc", "ssl", "certs", "ca-certificates.crt"))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(bundle) {
		t.Errorf("the image has no certificates: %v", err)
	}
}

// checkProgram fails the test unless a program is statically linked and built for the CPU.
func checkProgram(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	program, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if program.Machine != machine {
		t.Errorf("the program is built for %s", program.Machine)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the program is not statically linked")
		}
	}
}

func TestCrossCompilation(t *testing.T) {
	i := built(t, "frontend", "arm64")
	if i.Architecture != "arm64" {
		t.Errorf("the image is for %s", i.Architecture)
	}
	checkProgram(t, filepath.Join(i.root, "frontend"), elf.EM_AARCH64)
}

// TestSeparateServices runs the three images with a database. Logs use a time zone that may be missing on this machine.
func TestSeparateServices(t *testing.T) {
	settings := map[string]string{"MONGO_URI": mongotest.FerretDB(t).URI, "PORT": "0", "POLLING_INTERVAL": "1s", "TZ": "Asia/Tokyo"}
	api, runner := newContainer(t, built(t, "api", "amd64")), newContainer(t, built(t, "runner", "amd64"))
	frontend := newContainer(t, built(t, "frontend", "amd64"))
	server, checker, host := api.start(settings), runner.start(settings), frontend.start(settings)
	for _, s := range []*servicetest.Service{server, checker, host} {
		s.WaitLog(t, `time=\S+\+09:00 `)
		checkUnprivileged(t, s)
	}
	api.checkHealth(servicetest.With(settings, "PORT", server.Port(t)))
	frontend.checkHealth(servicetest.With(settings, "PORT", host.Port(t)))
	runner.checkHealth(settings)

	endpoint := "http://localhost:" + server.Port(t) + "/api"
	status := servicetest.Get[struct{ Version, BuildInfo string }](t, endpoint+"/status")
	if status.Version != version || status.BuildInfo != buildInfo {
		t.Errorf("the API says %+v", status)
	}
	checkSecureTarget(t, endpoint)
	page := "http://localhost:" + host.Port(t)
	if code, body := servicetest.Call(t, http.MethodGet, page+"/config.json", nil); code != http.StatusOK || !strings.Contains(string(body), version) {
		t.Errorf("the page's configuration is %d %s", code, body)
	}
	checkPage(t, page)
	for _, s := range []*servicetest.Service{server, checker, host} {
		if code := s.Stop(t); code != 0 {
			t.Errorf("a service exited with code %d", code)
		}
	}
}

// checkSecureTarget creates a monitor for an HTTPS server whose certificate is only in the bundle of the image tools.
func checkSecureTarget(t *testing.T, api string) {
	t.Helper()
	target := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer target.Close()
	m := servicetest.Create(t, api, monitor.Monitor{Name: "secure", Type: "http", Interval: "1s", Target: target.URL, Enabled: true})
	var results []monitor.Result
	servicetest.Eventually(t, "a result", func() bool {
		results = servicetest.Results(t, api, m.ID)
		return len(results) > 0
	})
	if results[0].Status != monitor.StatusOK {
		t.Errorf("the result is %+v", results[0])
	}
}

// checkPage requests the page, and a library that the Node.js stage added.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for _, path := range []string{"/", "/lib/alpine.js"} {
		if code, _ := servicetest.Call(t, http.MethodGet, page+path, nil); code != http.StatusOK {
			t.Errorf("GET %s: %d", path, code)
		}
	}
}

// TestStandalone starts the image twice on the same volume.
func TestStandalone(t *testing.T) {
	c := newContainer(t, built(t, "standalone", "amd64"))
	settings := map[string]string{"API_PORT": "0", "FRONTEND_PORT": "0"}
	start := func() (s *servicetest.Service, page, api string) {
		s = c.start(settings)
		ready := s.WaitLog(t, `msg=ready page=(\S+) api=(\S+)`)
		return s, ready[1], ready[2]
	}
	s, page, api := start()
	checkUnprivileged(t, s)
	port := func(url string) string { return strings.Split(url, ":")[2] }
	c.checkHealth(map[string]string{"API_PORT": port(strings.TrimSuffix(api, "/api")), "FRONTEND_PORT": port(page)})
	checkPage(t, page)
	checkSecureTarget(t, page+"/api")
	if code := s.Stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	_, _, api = start()
	if stored := servicetest.Get[[]monitor.Monitor](t, api+"/monitors"); len(stored) != 1 || stored[0].Name != "secure" {
		t.Errorf("the volume contains %+v", stored)
	}
}
